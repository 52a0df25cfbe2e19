//! The log with a folder: what is written when, and what comes back.

use minuano_telemetry::{ByQuantity, Millis, Quantity};

use super::disk::simulated::Simulated;
use super::disk::{Disk, Name};
use super::perform::perform;
use super::recover::recover;
use super::*;
use crate::random::Random;

const NOON: i64 = 1_795_176_000_000;
const BOOT: BootId = BootId([1; 16]);

/// A log and its folder, in a time of their own.
struct Bench {
    log: Log,
    disk: Simulated,
    now_ms: u64,
    limits: Limits,
    clock: Clock,
    boot: BootId,
}

impl Bench {
    fn new(limits: Limits) -> Self {
        let mut disk = Simulated::new(Random::seeded(1));
        let log = started(&mut disk, StreamId(1), BOOT, limits);
        Self { log, disk, now_ms: 0, limits, clock: Clock::Synchronised, boot: BOOT }
    }

    fn roomy() -> Self {
        Self::new(Limits::of(64 << 20, 30_000))
    }

    /// The process ends without a word, and another begins.
    fn restart(&mut self, stream: u64) {
        self.log = started(&mut self.disk, StreamId(stream), self.boot, self.limits);
    }

    fn measure(&mut self) {
        let at = Millis::new(NOON + i64::try_from(self.now_ms).unwrap()).unwrap();
        let mut values = ByQuantity::default();
        let turn = f64::from(u32::try_from(self.now_ms / 10_000 % 8_640).unwrap()) / 700.0;
        for (quantity, value) in [
            (Quantity::Temperature, 12.0 + 8.0 * turn.sin()),
            (Quantity::Pressure, 1013.0 + turn.cos()),
            (Quantity::Humidity, 60.0 - 20.0 * turn.sin()),
            (Quantity::Illuminance, 20_000.0 * (1.0 + turn.sin())),
        ] {
            values.set(quantity, Reading::at_resolution(quantity, value));
        }
        let reading =
            Reading { seq: 0, at, clock: self.clock, samples: 10, values, faults: ByQuantity::default() };
        self.log.append(reading, self.now_ms, self.now_ms);
    }

    fn work(&mut self) {
        let at = Millis::new(NOON + i64::try_from(self.now_ms).unwrap()).unwrap();
        let now = Now { ms: self.now_ms, stamp: Stamp { at, clock: self.clock, mono_ms: self.now_ms } };
        for turn in 0.. {
            assert!(turn < 10_000, "work without end");
            let Some(job) = self.log.job(&now) else { return };
            let result = perform(&mut self.disk, &job);
            self.log.done(job, result, &now);
        }
    }

    /// So many readings, 10 s apart, with the disk working beside them.
    fn run(&mut self, readings: u64) {
        for _ in 0..readings {
            self.now_ms += 10_000;
            self.measure();
            self.work();
        }
    }

    /// Everything of a stream that can be read in order, as it is brought from disk.
    fn read_all(&mut self, stream: u64) -> Vec<Reading> {
        let stream = StreamId(stream);
        let mut all: Vec<Reading> = Vec::new();
        let mut misses = 0;
        while let Some(of) = self.log.stream(stream) {
            let from = all.last().map_or(of.oldest(), |last| last.seq + 1);
            if from > of.unbroken() || misses > 100 {
                break;
            }
            let some = self.log.read(stream, from, MAX_READINGS);
            misses = if some.is_empty() { misses + 1 } else { 0 };
            all.extend(some);
            self.work();
        }
        all
    }
}

fn started(disk: &mut Simulated, stream: StreamId, boot: BootId, limits: Limits) -> Log {
    let mut log = Log::new(Run { stream, boot }, limits);
    log.adopt(recover(disk).unwrap(), 0);
    log
}

fn small() -> Limits {
    Limits {
        max_bytes: 8_192 + 1_200,
        segment_bytes: 300,
        spill_bytes: 200,
        spill_readings: 1_000,
        ..Limits::of(1 << 20, 30_000)
    }
}

#[test]
fn while_the_link_is_up_readings_never_touch_the_card() {
    let mut bench = Bench::roomy();
    for seq in 1..=8_640 {
        bench.run(1);
        // The gateway answers within 10 s: always one reading behind.
        bench.log.acknowledge(StreamId(1), seq - 1).unwrap();
    }
    let bytes = bench.disk.written as f64 / 8_640.0;
    eprintln!("link up: {bytes:.2} bytes a reading, {} syncs a day", bench.disk.syncs);
    assert!(bytes < 1.0 && bench.disk.syncs <= 30, "the time is noted each hour, no more");
    assert_eq!(bench.log.counts().lost, 0);
}

#[test]
fn a_day_without_link_costs_few_bytes_and_comes_back_whole() {
    let mut bench = Bench::roomy();
    bench.run(8_640);
    let bytes = bench.disk.written as f64 / 8_640.0;
    let most = 64.0 * 1024.0 * 1024.0 / bytes / 8_640.0;
    eprintln!(
        "link down: {bytes:.2} bytes a reading, {} syncs a day; the default log holds {most:.0} days",
        bench.disk.syncs
    );
    assert!(bytes < 60.0 && most > 30.0);
    bench.restart(2);
    let (held, back) = (bench.log.counts().held, bench.read_all(1));
    assert_eq!(back.len() as u64, held);
    assert!(held > 8_640 - 5, "no more than a spill interval is lost");
    assert!(back.iter().zip(1..).all(|(reading, seq)| reading.seq == seq && reading.at.get() == NOON + seq.cast_signed() * 10_000));
}

#[test]
fn a_power_cut_costs_one_spill_interval() {
    for cut in 1..60 {
        let mut bench = Bench::roomy();
        bench.run(cut);
        bench.disk.power_cut();
        bench.restart(2);
        // A reading that is 30 s old is on disk: that is the fourth, counted from the last.
        assert!(bench.log.counts().held + 4 > cut, "{cut} measured, {:?}", bench.log.counts());
    }
}

#[test]
fn a_full_log_drops_its_oldest_segment_and_says_so() {
    let mut bench = Bench::new(small());
    bench.run(400);
    let counts = bench.log.counts();
    assert_eq!(counts.measured, 400);
    assert!(counts.lost > 0 && counts.held > 40, "{counts:?}");
    assert_eq!(counts.held + counts.lost, 400);
    let state = bench.log.states().streams[0];
    assert_eq!((state.cursor, state.oldest), (0, counts.lost + 1));
    assert!(bench.log.health().bytes <= bench.limits.max_bytes);
    assert_eq!(bench.read_all(1).len() as u64, counts.held);
    let on_disk: u64 = bench.disk.list().unwrap().iter().map(|(_, len)| len).sum();
    assert!(on_disk <= bench.limits.max_bytes);
}

#[test]
fn a_bad_middle_is_skipped_and_named_by_oldest() {
    let mut bench = Bench::roomy();
    bench.run(20);
    let segment = bench.disk.content(Name::Segment(0)).unwrap();
    let middle = segment.len() / 2;
    segment[middle] ^= 0xFF;
    bench.restart(2);
    assert_eq!(bench.log.damaged(), 1);
    let first = bench.read_all(1);
    let last = first.last().unwrap().seq;
    assert!(first.len() < 20 && first[0].seq == 1);
    assert_eq!(bench.log.stream(StreamId(1)).unwrap().oldest(), 1);
    bench.log.acknowledge(StreamId(1), last).unwrap();
    let oldest = bench.log.stream(StreamId(1)).unwrap().oldest();
    assert!(oldest > last + 1, "the gap is named");
    assert_eq!(bench.read_all(1)[0].seq, oldest);
    // Damage that comes while the station runs is found when the readings are wanted.
    let mut bench = Bench::roomy();
    bench.run(20);
    let segment = bench.disk.content(Name::Segment(0)).unwrap();
    segment[middle] ^= 0xFF;
    let before = bench.read_all(1);
    assert!(before.len() < 16 && before[0].seq == 1);
    bench.log.acknowledge(StreamId(1), before.last().unwrap().seq).unwrap();
    let after = bench.read_all(1);
    let counts = bench.log.counts();
    assert_eq!(counts.measured, counts.held + counts.acknowledged + counts.lost);
    assert!(counts.lost > 0 && after.last().unwrap().seq == 20);
}

#[test]
fn a_segment_that_vanished_or_is_not_understood_loses_its_readings_alone() {
    let mut bench = Bench::roomy();
    bench.run(10);
    bench.disk.content(Name::Segment(0)).unwrap().clear();
    assert!(bench.read_all(1).len() < 4, "only what is in RAM");
    let counts = bench.log.counts();
    assert_eq!(counts.measured, counts.held + counts.acknowledged + counts.lost);
    let mut bench = Bench::roomy();
    bench.run(10);
    bench.disk.content(Name::Segment(0)).unwrap()[3] ^= 1;
    let content = bench.disk.content(Name::Segment(0)).unwrap().clone();
    bench.restart(2);
    assert_eq!(bench.log.health().fault.unwrap().as_str(), "left alone, not understood: 00000000.log");
    bench.run(10);
    assert_eq!(bench.disk.content(Name::Segment(0)).unwrap(), &content);
    assert!(bench.disk.names().contains(&Name::Segment(1)), "new readings go beside it");
}

#[test]
fn a_disk_that_is_full_is_said_and_tried_again_and_nothing_is_lost() {
    let mut bench = Bench::roomy();
    bench.run(10);
    bench.disk.full = true;
    bench.run(60);
    assert_eq!(bench.log.health().fault.unwrap().as_str(), "write: no space left");
    let counts = bench.log.counts();
    assert_eq!((counts.held, counts.lost), (70, 0));
    assert!(bench.log.fresh(60).is_some(), "live readings flow from RAM");
    bench.disk.full = false;
    bench.run(100);
    assert_eq!(bench.log.health().fault, None);
    bench.disk.power_cut();
    bench.restart(2);
    assert!(bench.log.counts().held > 170 - 5);
    assert_eq!(bench.read_all(1).len() as u64, bench.log.counts().held);
}

#[test]
fn what_was_acknowledged_is_not_sent_again_and_its_files_go() {
    let mut bench = Bench::roomy();
    bench.run(60);
    bench.log.acknowledge(StreamId(1), 60).unwrap();
    bench.run(6);
    assert!(!bench.disk.names().contains(&Name::Segment(0)));
    bench.run(6);
    bench.restart(2);
    assert_eq!(bench.log.stream(StreamId(1)).unwrap().cursor(), 60);
    assert!(bench.log.stream(StreamId(1)).unwrap().oldest() > 60);
}

#[test]
fn of_a_run_that_was_cut_off_a_gateway_may_have_more_and_of_one_that_stopped_it_may_not() {
    let mut bench = Bench::roomy();
    bench.run(22);
    bench.restart(2);
    let last = bench.log.stream(StreamId(1)).unwrap().last().unwrap();
    assert!(last < 22);
    assert!(matches!(bench.log.acknowledge(StreamId(1), 22), Ok(Outcome::Moved(_))));
    assert!(bench.log.stream(StreamId(1)).is_none(), "and then it is closed");
    let mut bench = Bench::roomy();
    bench.run(20);
    bench.log.end();
    bench.log.finish();
    bench.work();
    assert!(bench.log.is_finished());
    bench.restart(2);
    assert_eq!(bench.log.stream(StreamId(1)).unwrap().last(), Some(20));
    assert!(bench.log.acknowledge(StreamId(1), 21).is_err());
    assert_eq!(bench.read_all(1).len(), 20);
}

#[test]
fn at_most_64_streams_are_kept() {
    let mut bench = Bench::roomy();
    for run in 2..80 {
        bench.run(8);
        bench.restart(run);
    }
    bench.run(1);
    assert_eq!(bench.log.states().streams.len(), 64);
    assert_eq!(bench.log.streams().count(), 64);
    let counts = bench.log.counts();
    assert_eq!(counts.measured, counts.held + counts.acknowledged + counts.lost);
}

#[test]
fn once_the_clock_is_right_what_was_not_sent_gets_its_true_time() {
    let mut bench = Bench::roomy();
    bench.clock = Clock::Unsynchronised;
    let wrong_ms = 5_000_000;
    let right = |reading: &Reading| (reading.at.get() - NOON, reading.clock);
    // Ten that are wrong by 5,000 s: the first three are sent so.
    bench.now_ms = wrong_ms;
    let mut log = bench.log;
    for turn in 1..=10_u64 {
        let at = Millis::new(NOON - 1_000_000 + turn.cast_signed() * 10_000).unwrap();
        let reading = Reading {
            seq: 0,
            at,
            clock: Clock::Unsynchronised,
            samples: 1,
            values: ByQuantity::default(),
            faults: ByQuantity::default(),
        };
        log.append(reading, turn * 10_000, wrong_ms + turn * 10_000);
    }
    let first = log.read(StreamId(1), 1, 3);
    log.sent(StreamId(1), &first);
    bench.log = log;
    bench.now_ms += 100_000;
    bench.work();
    // The clock is set: 110 s after the boot it is noon and 110 s.
    let at = Millis::new(NOON + 110_000).unwrap();
    let reading = Reading {
        seq: 0,
        at,
        clock: Clock::Synchronised,
        samples: 1,
        values: ByQuantity::default(),
        faults: ByQuantity::default(),
    };
    bench.log.append(reading, 110_000, bench.now_ms);
    let all = bench.read_all(1);
    assert_eq!(all.len(), 11);
    for reading in &all[..3] {
        assert_eq!(right(reading), (reading.seq.cast_signed() * 10_000 - 1_000_000, Clock::Unsynchronised));
    }
    for reading in &all[3..] {
        assert_eq!(right(reading), (reading.seq.cast_signed() * 10_000, Clock::Synchronised));
    }
    // The offset is remembered over a restart, and holds for this boot alone.
    bench.now_ms += 60_000;
    bench.work();
    bench.boot = BootId([2; 16]);
    bench.restart(2);
    let back = bench.read_all(1);
    assert!(back.len() > 9 && back.iter().all(|reading| reading.clock == Clock::Synchronised));
}

#[test]
fn the_time_is_remembered() {
    let mut bench = Bench::roomy();
    bench.run(2);
    bench.log.acknowledge(StreamId(1), 2).unwrap();
    let recovery = recover(&mut bench.disk).unwrap();
    let mark = recovery.mark.unwrap();
    assert_eq!((mark.boot, mark.synchronised, mark.stamp.at.get()), (BOOT, true, NOON + 10_000));
    bench.run(20);
    assert!(recover(&mut bench.disk).unwrap().known.unwrap().get() > NOON + 100_000, "by the readings");
}
