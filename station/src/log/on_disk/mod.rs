//! The log with a folder: what is written when, and what comes back.

mod damage;
mod runs;

use minuano_telemetry::{ByQuantity, Millis, Quantity};

use crate::log::disk::simulated::Simulated;
use crate::log::disk::{Disk, Name};
use crate::log::perform::perform;
use crate::log::recover::recover;
use crate::log::*;
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
