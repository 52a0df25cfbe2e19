//! The steady sampling path allocates nothing: sample, mean, reading, encode, append to the log's RAM.
//!
//! A counting allocator counts what this thread asks for. The bus and its drivers are not the station's part here
//! (the emulated chips allocate); everything after them is.

#![allow(clippy::unwrap_used, reason = "a test")]

use allocation_counter::measure;
use minuano_station::clock::Clock;
use minuano_station::config::ClockSource;
use minuano_station::log::{BootId, Limits, Log, Run};
use minuano_station::sample::Mean;
use minuano_station::sensors::Measurement;
use minuano_station::station::Station;
use minuano_telemetry::{Batch, Fault, MAX_MESSAGE, Payload, Quantity, StreamId};

fn sample(turn: u32) -> Measurement {
    let mut sample = Measurement::default();
    sample.set(Quantity::Temperature, Ok(20.0 + f64::from(turn % 50) / 7.0));
    sample.set(Quantity::Pressure, Ok(1013.25));
    sample.set(Quantity::Humidity, if turn.is_multiple_of(5) { Err(Fault::Crc) } else { Ok(48.7) });
    sample.set(Quantity::Illuminance, Ok(f64::from(turn)));
    sample
}

#[test]
fn the_steady_sampling_path_allocates_nothing() {
    let run = Run { stream: StreamId(7), boot: BootId([1; 16]) };
    let log = Log::new(run, Limits::of(64 << 20, 30_000));
    let station = Station::new(log, Clock::system(ClockSource::Kernel));
    let mut mean = Mean::default();
    let mut buffer = vec![0; MAX_MESSAGE];
    let mut report = |turn: u32| {
        for part in 0..10 {
            mean.add(&sample(turn * 10 + part));
        }
        let reading = mean.finish(station.clock.now(), station.clock.trust()).unwrap();
        station.append(reading);
        let reading = station.log().fresh(u64::from(turn) + 1).unwrap();
        let batch =
            Batch { stream: StreamId(7), cursor: 0, oldest: 1, readings: [reading].into_iter().collect() };
        Payload::Telemetry(batch).encode(&mut buffer).unwrap();
        // As a gateway does it: what is acknowledged leaves.
        if turn % 3 == 2 {
            station.log().acknowledge(StreamId(7), u64::from(turn) + 1).unwrap();
        }
    };
    report(0);
    let counted = measure(|| (1..1_000).for_each(&mut report));
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[test]
fn the_counter_counts() {
    let counted = measure(|| drop(std::hint::black_box(Box::new(5))));
    assert_eq!(counted.count_total, 1);
}
