//! What the log writes, on the file system of a real folder: a day at a reading each 10 s, with the link up and down.
//!
//! Time is an argument of the log, so a day takes seconds. Prints JSON; `cargo xtask bench station` calls it.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark talks to a person and ends where it cannot go on"
)]

use std::path::Path;

use minuano_station::log::disk::{Disk, Files};
use minuano_station::log::{BootId, Job, Limits, Log, Now, Run, Stamp, perform, recover};
use minuano_telemetry::{ByQuantity, Clock, Millis, Quantity, Reading, StreamId};

/// A day.
const READINGS: u64 = 8_640;
const EVERY_MS: u64 = 10_000;
const NOON: i64 = 1_790_000_000_000;

fn main() {
    let folder =
        tempfile::tempdir_in(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
            .expect("a folder on a real disk");
    let up = day(&folder.path().join("up"), true);
    let down = day(&folder.path().join("down"), false);
    println!("{{\"readings\":{READINGS},\"link_up\":{up},\"link_down\":{down}}}");
}

/// A day in this folder, as JSON.
fn day(folder: &Path, is_linked: bool) -> String {
    let stream = StreamId(1);
    let mut disk = Files::open(folder).expect("a folder");
    let mut log = Log::new(Run { stream, boot: BootId([1; 16]) }, Limits::of(64 << 20, 30_000));
    log.adopt(recover::recover(&mut disk).expect("an empty folder"), 0);
    let (before, mut bytes, mut syncs) = (written(), 0, 0);
    for turn in 1..=READINGS {
        let ms = turn * EVERY_MS;
        log.append(reading(turn), ms, ms);
        let stamp = Stamp { at: at(ms), clock: Clock::Synchronised, mono_ms: ms };
        while let Some(job) = log.job(&Now { ms, stamp }) {
            (bytes, syncs) = (bytes + size(&job), syncs + 1);
            let result = perform::perform(&mut disk, &job);
            log.done(job, result, &Now { ms, stamp });
        }
        if is_linked {
            // The gateway answers within 10 s: one reading is always under way.
            log.acknowledge(stream, turn - 1).expect("it was measured");
        }
    }
    assert_eq!(log.counts().lost, 0);
    let (written, of) = (written() - before, READINGS as f64);
    let files: u64 = disk.list().expect("a folder").iter().map(|(_, len)| len).sum();
    format!(
        "{{\"bytes\":{:.2},\"disk_bytes\":{:.1},\"syncs\":{syncs},\"left\":{files}}}",
        bytes as f64 / of,
        written as f64 / of
    )
}

fn size(job: &Job) -> u64 {
    match job {
        Job::Spill { header, bytes, .. } => (header.map_or(0, |header| header.len()) + bytes.len()) as u64,
        Job::Save { bytes, .. } => bytes.len() as u64,
        Job::Load { .. } => 0,
    }
}

/// What this process had the kernel bring to disk: whole pages, without the file system's journal.
fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").expect("Linux");
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|number| number.parse().ok()).expect("a number of bytes")
}

fn at(ms: u64) -> Millis {
    Millis::new(NOON + ms.cast_signed()).expect("a time of this century")
}

fn reading(turn: u64) -> Reading {
    let phase = turn as f64 / 700.0;
    let mut values = ByQuantity::default();
    for (quantity, value) in [
        (Quantity::Temperature, 12.0 + 8.0 * phase.sin()),
        (Quantity::Pressure, 1013.0 + phase.cos()),
        (Quantity::Humidity, 60.0 - 20.0 * phase.sin()),
        (Quantity::Illuminance, 20_000.0 * (1.0 + phase.sin())),
    ] {
        values.set(quantity, Reading::at_resolution(quantity, value));
    }
    let at = at(turn * EVERY_MS);
    Reading { seq: 0, at, clock: Clock::Synchronised, samples: 10, values, faults: ByQuantity::default() }
}
