//! Log and deliver against a model gateway, over a network that drops, repeats and reorders.
//!
//! Each seed is one life of a station: an outage here, a lost acknowledgement there, sometimes a log that is
//! too small. When the network heals, everything measured is stored at the gateway or counted as lost.

use std::collections::{BTreeMap, BTreeSet};

use minuano_telemetry::Batch;

use super::tests::{RUNNING, reading};
use super::*;
use crate::log::READING_BYTES;

const REPORT_MS: u64 = 10_000;
const STEP_MS: u64 = 50;
const TROUBLE_MS: u64 = 40 * 60 * 1000;
const HEALTHY_MS: u64 = 60 * 60 * 1000;

/// What is on the wire, by the time at which it arrives.
struct Wire<T>(BTreeMap<(u64, u64), T>);

impl<T: Clone> Wire<T> {
    fn put(&mut self, item: T, now_ms: u64, random: &mut Random, faulty: bool) {
        let (drop, copies, delay_ms) =
            if faulty { (10, 1 + u64::from(random.between(0, 9) == 0), 3_000) } else { (0, 1, 40) };
        if random.between(0, 99) < drop {
            return;
        }
        for _ in 0..copies {
            let at = now_ms + random.between(1, delay_ms);
            self.0.insert((at, random.bits()), item.clone());
        }
    }

    fn take(&mut self, now_ms: u64) -> Option<T> {
        let key = *self.0.first_key_value().filter(|((at, _), _)| *at <= now_ms)?.0;
        self.0.remove(&key)
    }
}

#[derive(Default)]
struct Gateway {
    stored: BTreeSet<u64>,
    duplicates: u64,
    lost: BTreeSet<u64>,
    through: u64,
    due_ms: Option<u64>,
}

impl Gateway {
    fn receive(&mut self, batch: &Batch, backlog: bool, now_ms: u64) {
        for seq in batch.cursor + 1..batch.oldest {
            if !self.stored.contains(&seq) {
                self.lost.insert(seq);
            }
        }
        for reading in &batch.readings {
            self.lost.remove(&reading.seq);
            if !self.stored.insert(reading.seq) {
                self.duplicates += 1;
            }
        }
        while self.stored.contains(&(self.through + 1)) || self.lost.contains(&(self.through + 1)) {
            self.through += 1;
        }
        let within_ms = if backlog { 1_000 } else { 10_000 };
        let due_ms = self.due_ms.get_or_insert(now_ms + within_ms);
        *due_ms = (*due_ms).min(now_ms + within_ms);
    }

    fn acknowledgement(&mut self, now_ms: u64) -> Option<u64> {
        self.due_ms.take_if(|due_ms| *due_ms <= now_ms).map(|_| self.through)
    }
}

struct Outcome {
    measured: u64,
    stored: u64,
    lost_at_station: u64,
    lost_at_gateway: u64,
    duplicates: u64,
}

fn live(seed: u64, bound: u64) -> Outcome {
    let mut random = Random::seeded(seed);
    let mut log = Log::new(RUNNING, bound * READING_BYTES);
    let mut deliver = Deliver::new(90_000, Random::seeded(seed ^ 1));
    let (mut up, mut down) = (Wire::<(Batch, bool)>(BTreeMap::new()), Wire::<u64>(BTreeMap::new()));
    let mut gateway = Gateway::default();
    let (mut linked, mut change_ms) = (false, 0);
    for now_ms in (0..(TROUBLE_MS + HEALTHY_MS) / STEP_MS).map(|step| step * STEP_MS) {
        let faulty = now_ms < TROUBLE_MS;
        if now_ms >= change_ms && (faulty || !linked) {
            linked = !linked;
            if linked {
                deliver.connected(&log);
            } else {
                deliver.disconnected();
            }
            change_ms = now_ms + random.between(1_000, 600_000);
        }
        if faulty && now_ms % REPORT_MS == 0 {
            log.append(reading(i64::try_from(now_ms).unwrap())).unwrap();
        }
        let mut in_a_row = 0;
        while let Next::Send(message) = deliver.next(&log, now_ms) {
            in_a_row += 1;
            assert!(in_a_row < 1_000, "seed {seed}: sends without end");
            match message {
                Message::Streams(_) => {}
                Message::Telemetry(batch) => up.put((batch, false), now_ms, &mut random, faulty),
                Message::Backlog(batch) => up.put((batch, true), now_ms, &mut random, faulty),
            }
        }
        while let Some((batch, backlog)) = up.take(now_ms) {
            gateway.receive(&batch, backlog, now_ms);
        }
        if let Some(through) = gateway.acknowledgement(now_ms) {
            down.put(through, now_ms, &mut random, faulty);
        }
        while let Some(through) = down.take(now_ms) {
            let moved = log.acknowledge(RUNNING, through).expect("a gateway knows only what was measured");
            if matches!(moved, crate::log::Outcome::Moved(_)) {
                deliver.acknowledged(&log, now_ms);
            }
        }
    }
    let counts = log.counts();
    assert_eq!(counts.held, 0, "seed {seed}: everything is acknowledged in the end");
    assert_eq!(counts.measured, counts.acknowledged + counts.lost, "seed {seed}");
    Outcome {
        measured: counts.measured,
        stored: gateway.stored.len() as u64,
        lost_at_station: counts.lost,
        lost_at_gateway: gateway.lost.len() as u64,
        duplicates: gateway.duplicates,
    }
}

#[test]
fn a_roomy_log_loses_nothing_whatever_the_network_does() {
    let mut duplicates = 0;
    for seed in 0..30 {
        let outcome = live(seed, 100_000);
        assert_eq!(outcome.measured, TROUBLE_MS / REPORT_MS);
        assert_eq!(outcome.stored, outcome.measured, "seed {seed}");
        assert_eq!((outcome.lost_at_station, outcome.lost_at_gateway), (0, 0), "seed {seed}");
        duplicates += outcome.duplicates;
    }
    assert!(duplicates > 0, "the network was too kind to prove anything");
}

#[test]
fn what_a_small_log_loses_is_named_by_the_gateway() {
    let mut lost = 0;
    for seed in 100..130 {
        let outcome = live(seed, 20);
        assert_eq!(outcome.measured, outcome.stored + outcome.lost_at_gateway, "seed {seed}");
        // Sent live and stored before overflow took it: the station's count is the larger one.
        assert!(outcome.lost_at_gateway <= outcome.lost_at_station, "seed {seed}");
        lost += outcome.lost_at_gateway;
    }
    assert!(lost > 0, "no log overflowed");
}
