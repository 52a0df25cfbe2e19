//! What was really measured, and whether the account is right.

use std::collections::{BTreeMap, BTreeSet};

use minuano_telemetry::{Clock, Quantity, StreamId};

use super::station::Station;
use super::{BASE_MS, SPILL_MS, STEP_MS, Seen, World};
use crate::log::Log;
use crate::log::disk::simulated::Simulated;
use crate::log::disk::{BLOCK, Name};
use crate::log::format::scan;
use crate::log::format::segment::{HEADER, Header};

/// A job may be due just after a step, take one, and be told at the next.
const SLACK_MS: u64 = 4 * STEP_MS;

#[derive(Debug, Default)]
pub(super) struct Truth {
    taken: Vec<Taken>,
    at: BTreeMap<(StreamId, u64), usize>,
    /// When each run was cut off, and since when its disk had been bad.
    cut: BTreeMap<StreamId, (u64, Option<u64>)>,
    streams: BTreeSet<StreamId>,
    /// What stood where the disk could not be read.
    unreadable: BTreeSet<(StreamId, u64)>,
    crashes: u64,
    torn: u64,
}

#[derive(Debug)]
struct Taken {
    stream: StreamId,
    seq: u64,
    at_ms: u64,
    clock: Clock,
    /// A log that was full took it.
    overflowed: bool,
}

impl Truth {
    pub fn began(&mut self, stream: StreamId) {
        assert!(self.streams.insert(stream), "a stream began twice");
    }

    pub fn count(&self) -> usize {
        self.taken.len()
    }

    pub fn taken(&mut self, stream: StreamId, seq: u64, at_ms: u64, clock: Clock) {
        let twice = self.at.insert((stream, seq), self.taken.len());
        assert_eq!(twice, None, "a number was given twice");
        self.taken.push(Taken { stream, seq, at_ms, clock, overflowed: false });
    }

    pub fn crashed(&mut self, station: &Station, now_ms: u64) {
        self.cut.insert(station.log.running().id(), (now_ms, station.bad_since_ms));
        self.crashes += 1;
        self.torn += station.torn;
    }

    /// A block of a file is about to become unreadable.
    pub fn spoils(&mut self, disk: &mut Simulated, name: Name, block: u64) {
        let Some(bytes) = disk.content(name).cloned() else { return };
        let Some(header) = Header::decode(&bytes) else { return };
        let stream = header.run.stream;
        for (at, _, chunk) in scan::chunks(bytes.get(HEADER..).unwrap_or_default(), stream) {
            let (from, to) = ((HEADER + at) as u64, (HEADER + at + chunk.size) as u64);
            // Without the header nothing in the file is understood.
            if block == 0 || (from < (block + 1) * BLOCK && block * BLOCK < to) {
                self.unreadable.extend(chunk.entries.iter().map(|entry| (stream, entry.reading.seq)));
            }
        }
    }

    /// What is neither acknowledged nor held any more, in a log that says that it lost something.
    pub fn lost(&mut self, log: &Log) {
        for taken in &mut self.taken {
            let Some(stream) = log.stream(taken.stream) else { continue };
            let is_known = stream.fate() != crate::log::Fate::Broken || taken.seq <= stream.measured();
            let is_gone = taken.seq > stream.cursor() && !stream.held().contains(taken.seq);
            // Of an earlier run, what never survived is not the log's to lose.
            taken.overflowed |= is_known && is_gone && stream.counts().lost > 0;
        }
        // A stream that lost its last reading is listed no more.
        let listed: BTreeSet<StreamId> = log.streams().map(|stream| stream.id()).collect();
        for taken in self.taken.iter_mut().filter(|taken| !listed.contains(&taken.stream)) {
            taken.overflowed |= log.counts().lost > 0;
        }
    }
}

pub(super) fn check(world: &World, is_small: bool) -> Seen {
    let truth = &world.truth;
    let mut seen = Seen {
        measured: truth.taken.len() as u64,
        duplicates: world.gateway.duplicates,
        crashes: truth.crashes,
        torn: truth.torn,
        disk_bytes: world.disk.written,
        ..Seen::default()
    };
    let mut values = BTreeSet::new();
    for taken in &truth.taken {
        let account = world.gateway.streams.get(&taken.stream);
        if let Some(reading) = account.and_then(|account| account.stored.get(&taken.seq)) {
            seen.stored += 1;
            let value = reading.values.get(Quantity::Illuminance).unwrap();
            assert!(values.insert(value.to_bits()), "stored twice");
            if reading.clock == Clock::Synchronised {
                let right = BASE_MS + i64::try_from(taken.at_ms).unwrap();
                assert_eq!(reading.at.get(), right, "{taken:?} has a wrong time");
                seen.retimed += u64::from(taken.clock != Clock::Synchronised);
            }
            continue;
        }
        // A store that is gone had it, and the station was told so.
        if world.gateway.forgotten.get(&taken.stream).is_some_and(|gone| gone.contains(&taken.seq)) {
            seen.forgotten += 1;
            continue;
        }
        // Lost: where the disk gives nothing any more, by a log that was full, or within the bound of a cut.
        if truth.unreadable.contains(&(taken.stream, taken.seq)) {
            seen.lost_to_sectors += 1;
            continue;
        }
        let cut = truth.cut.get(&taken.stream);
        let by_power = cut.is_some_and(|(cut_ms, bad_since_ms)| {
            let bound_ms = SPILL_MS + SLACK_MS;
            let safe_before = bad_since_ms.unwrap_or(u64::MAX).min(*cut_ms).saturating_sub(bound_ms);
            taken.at_ms >= safe_before
        });
        if by_power {
            seen.lost_to_power += 1;
        } else {
            assert!(
                taken.overflowed && is_small,
                "{taken:?} is lost without a reason; its run ended {cut:?}"
            );
            seen.lost_to_overflow += 1;
        }
    }
    for (stream, account) in &world.gateway.streams {
        let measured = truth.at.range((*stream, 0)..=(*stream, u64::MAX)).count() as u64;
        assert!(account.highest() <= measured, "{stream} has numbers that were never given");
        assert_eq!(account.through, account.highest(), "{stream} has a hole that nobody names");
        let [had, given_up] = [&world.gateway.forgotten, &world.gateway.given_up].map(|of| of.get(stream));
        let was_had = |seq: &u64| had.is_some_and(|had| had.contains(seq));
        let was_known = |seq: &u64| was_had(seq) || given_up.is_some_and(|of| of.contains(seq));
        assert!(account.elsewhere().iter().all(was_known), "{stream}: no other store ever had it");
        // Rare: a message that is older than an acknowledgement arrives after a store was lost, or a disk forgot a cursor.
        seen.called_lost += account.lost.iter().filter(|seq| was_had(seq)).count() as u64;
        seen.elsewhere += account.elsewhere().len() as u64;
        let named = account.stored.len() + account.lost.len() + account.elsewhere().len();
        assert_eq!(named as u64, account.highest(), "{stream}");
    }
    seen
}
