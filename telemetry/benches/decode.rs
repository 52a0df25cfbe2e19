//! Messages a second that [`Payload::decode`] reads, beside serde_json's untyped parser on the same bytes.
#![expect(clippy::print_stdout, reason = "a benchmark reports")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use minuano_telemetry::{Leaf, MAX_MESSAGE, MAX_READINGS, Payload};

const LIVE: &[u8] = include_bytes!("../tests/golden/telemetry.json");
const LASTS: Duration = Duration::from_secs(1);
const ROUNDS: usize = 5;

fn main() {
    let backlog = full_backlog();
    for (name, leaf, bytes, readings) in [
        ("one live reading", Leaf::Telemetry, LIVE, 1),
        ("a backlog of 64", Leaf::Backlog, backlog.as_slice(), 64),
    ] {
        // Turn about, so that whatever else the machine does falls on both.
        let (mut ours, mut theirs) = (0.0f64, 0.0f64);
        for _ in 0..ROUNDS {
            ours = ours.max(rate(|| drop(black_box(Payload::decode(leaf, black_box(bytes))))));
            theirs = theirs
                .max(rate(|| drop(black_box(serde_json::from_slice::<serde_json::Value>(black_box(bytes))))));
        }
        println!(
            "{name} ({} bytes): {ours:.0} messages/s, {:.0} readings/s; serde_json::Value {theirs:.0} messages/s; ratio {:.2}",
            bytes.len(),
            ours * f64::from(readings),
            ours / theirs,
        );
    }
}

fn full_backlog() -> Vec<u8> {
    let Ok(Payload::Telemetry(mut batch)) = Payload::decode(Leaf::Telemetry, LIVE) else { return Vec::new() };
    while batch.readings.len() < MAX_READINGS {
        let mut next = batch.readings[batch.readings.len() - 1];
        next.seq += 1;
        if batch.readings.push(next).is_err() {
            break;
        }
    }
    let mut buffer = vec![0; MAX_MESSAGE];
    Payload::Backlog(batch).encode(&mut buffer).map(<[u8]>::to_vec).unwrap_or_default()
}

/// Calls a second.
fn rate(mut call: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut calls = 0u32;
    while begun.elapsed() < LASTS / 4 {
        for _ in 0..100 {
            call();
        }
        calls += 100;
    }
    f64::from(calls) / begun.elapsed().as_secs_f64()
}
