//! What goes to disk, and when: readings that have waited too long, and the table of cursors.

use minuano_telemetry::Clock;

use super::Log;
use super::format::chunk;
use super::format::segment::{HEADER, Header};
use super::format::table::{Mark, Row, Table};
use super::jobs::{Job, Now};
use super::shelf::{Segment, TABLES};
use super::stream::{Fate, Stream};

/// The time is noted so often while nothing else is written.
const MARK_EVERY_MS: u64 = 3_600_000;

impl Log {
    pub(super) fn spill_at(&self) -> Option<u64> {
        let oldest = self.ring.front()?;
        let at_once = self.duty.finishing || self.ring.len() >= self.limits.spill_readings;
        Some(if at_once { 0 } else { oldest.since_ms.saturating_add(self.limits.spill_ms) })
    }

    /// Everything in RAM, up to a bound. `None` where the oldest segment has to make room first.
    pub(super) fn spill(&mut self) -> Option<Job> {
        let (mut bytes, mut chunks) = (Vec::new(), Vec::new());
        let mut at = 0;
        while (bytes.len() as u64) < self.limits.spill_bytes {
            let before = bytes.len();
            let entries = self.ring.range(at..).map(|slot| &slot.entry);
            let count = chunk::put(&mut bytes, self.running.id(), self.running.cursor(), entries);
            let Some(first) = self.ring.get(at).filter(|_| count > 0) else { break };
            let first = first.entry.reading.seq;
            chunks.push((first, first + count as u64 - 1, (bytes.len() - before) as u64));
            at += count;
        }
        let size = bytes.len() as u64;
        let open = self.shelf.open(size, self.limits.segment_bytes);
        let (segment, offset, header) = match open {
            Some(open) => (open.number, open.scan.len, None),
            None => {
                let header = Header { run: self.running.run(), first: self.running.first()? };
                (self.shelf.next, HEADER as u64, Some(header.encode()))
            }
        };
        let needed = size + if header.is_some() { HEADER as u64 } else { 0 };
        if self.shelf.bytes() + needed + TABLES > self.limits.max_bytes && self.shelf.oldest().is_some() {
            return None;
        }
        if header.is_some() {
            self.shelf.next = self.shelf.next.wrapping_add(1);
        }
        Some(Job::Spill { segment, header, offset, bytes, chunks })
    }

    pub(super) fn spilled(&mut self, segment: u32, offset: u64, chunks: &[(u64, u64, u64)]) {
        let mut at = offset;
        let stream = self.running.id();
        for &(first, last, size) in chunks {
            self.shelf.written(segment, stream, at, (first, last), size);
            at += size;
            while self.ring.front().is_some_and(|slot| slot.entry.reading.seq <= last) {
                self.ring.pop_front();
            }
        }
    }

    pub(super) fn save_at(&self) -> u64 {
        let duty = &self.duty;
        if duty.finishing {
            return if duty.finished { u64::MAX } else { 0 };
        }
        if duty.learnt {
            return duty.saved_ms;
        }
        let idle = !duty.unsaved && self.shelf.stray.is_empty();
        let every_ms = if idle { MARK_EVERY_MS } else { self.limits.spill_ms };
        duty.saved_ms.saturating_add(every_ms)
    }

    /// The table as it is without the segments that are not needed, or whose turn it is to make room.
    pub(super) fn save(&mut self, now: &Now, full: bool) -> Job {
        let mut remove: Vec<u32> = self.shelf.stray.clone();
        let needless = self.shelf.segments.iter().filter(|segment| !segment.left && !self.needs(segment));
        let before = remove.len();
        remove.extend(needless.map(|segment| segment.number));
        if full && remove.len() == before {
            remove.extend(self.lose_oldest());
        }
        let remains = |stream: &&Stream| {
            let of = self.shelf.segments.iter().filter(|segment| segment.stream == stream.id());
            of.into_iter().any(|segment| !remove.contains(&segment.number))
        };
        let rows = self.streams().filter(remains).map(|stream| Row {
            stream: stream.id(),
            cursor: stream.cursor(),
            last: (stream.fate() == Fate::Stopped).then_some(stream.measured()),
            offset_ms: stream.offset_ms(),
        });
        let mark = Mark {
            boot: self.running.run().boot,
            stamp: now.stamp,
            synchronised: self.running.offset_ms().is_some() || now.stamp.clock != Clock::Unsynchronised,
        };
        let table = Table { mark: Some(mark), streams: rows.collect() };
        self.duty.generation += 1;
        let copy = self.duty.copies[usize::from(self.duty.generation % 2 == 1)];
        // An acknowledgement that comes while this is written is for the next.
        self.duty.unsaved = false;
        self.duty.learnt = false;
        self.duty.saved_ms = now.ms;
        Job::Save { copy, bytes: table.encode(self.duty.generation), remove }
    }

    pub(super) fn saved(&mut self, removed: &[u32]) {
        let shelf = &mut self.shelf;
        shelf.segments.retain(|segment| !removed.contains(&segment.number));
        shelf.stray.retain(|number| !removed.contains(number));
        shelf.writing.take_if(|number| removed.contains(number));
        self.duty.finished |= self.duty.finishing && self.ring.is_empty();
    }

    /// Whether a segment has a reading that is still held.
    fn needs(&self, segment: &Segment) -> bool {
        let held = self.stream(segment.stream).map(Stream::held);
        held.is_some_and(|held| segment.scan.held.iter().any(|(first, last)| held.any(first, last)))
    }

    /// The oldest segment's readings are lost. Gives its number.
    fn lose_oldest(&mut self) -> Option<u32> {
        let number = self.shelf.oldest()?.number;
        self.lose_from(number, 0);
        Some(number)
    }

    /// Counts the readings of a segment from `from` on as lost.
    pub(super) fn lose_from(&mut self, number: u32, from: u64) {
        let Some(segment) = self.shelf.get(number) else { return };
        let runs: Vec<_> = segment.scan.held.iter().collect();
        let stream = segment.stream;
        if let Some(found) = self.stream_mut(stream) {
            for (first, last) in runs {
                found.lose(first.max(from), last);
            }
        }
        self.forget();
    }
}
