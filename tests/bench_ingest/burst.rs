//! As fast as it goes, beside a subscriber that discards.

use std::thread;
use std::time::{Duration, Instant};

use minuano_tests::usage::{cpu, cpu_of_ended_children, resident_mb};
use minuano_tests::{Bucket, Mosquitto, eventually};

use crate::load::{burst, gateway, rows};
use crate::paced::hold_ups;
use crate::peer;

const STATIONS: u64 = 1_000;
const WITHIN: Duration = Duration::from_secs(600);

/// What one round gave.
struct Round {
    per_second: f64,
    cpu_a_million: f64,
}

/// Rounds turn about, each with a fresh broker and a fresh store.
pub fn run(readings: u64, rounds: u32, embedded: bool) {
    println!("── burst: {readings} readings of {STATIONS} stations, QoS 1");
    for _ in 0..rounds {
        if embedded {
            through_the_gateway(readings, None);
            continue;
        }
        let bare = through_a_subscriber(readings);
        let broker = Mosquitto::start();
        let whole = through_the_gateway(readings, Some(&broker));
        println!(
            "   ratio: {:.2} of the subscriber's rate at {:.1} times its CPU",
            whole.per_second / bare.per_second,
            whole.cpu_a_million / bare.cpu_a_million
        );
    }
}

fn through_a_subscriber(readings: u64) -> Round {
    let cost = peer::discarding(readings, move |port| {
        burst(port, STATIONS, readings);
    });
    report("a bare rumqttc subscriber", readings, cost.took, cost.cpu, "")
}

fn through_the_gateway(readings: u64, broker: Option<&Mosquitto>) -> Round {
    let bucket = Bucket::start();
    let gateway = gateway(broker.map(|broker| broker.port), &bucket, "");
    let pid = gateway.process().pid();
    let before = (cpu(pid), broker.map(|broker| cpu(broker.process().pid())));
    let store = gateway.store();
    let begun = Instant::now();
    let port = gateway.mqtt_port;
    let publishing = thread::spawn(move || burst(port, STATIONS, readings));
    eventually("all of it in the store", WITHIN, || (rows(&store) >= readings).then_some(()));
    let took = begun.elapsed();
    let bytes = publishing.join().unwrap();
    let stored = cpu(pid) - before.0;
    let of_flush = cpu_of_ended_children();
    let flushed = gateway.command_json(&["lake", "flush", "--json"]);
    assert_eq!(flushed["lake_rows"], readings, "{flushed}");
    let all = cpu(pid) - before.0 + (cpu_of_ended_children() - of_flush);
    let metrics = gateway.metrics();
    assert_eq!(metrics.sum("minuano_readings_duplicate_total", ""), 0.0);
    let peak = resident_mb(pid).1;
    let of_broker = broker.zip(before.1).map(|(broker, before)| cpu(broker.process().pid()) - before);
    let per_million = 1e6 / as_float(readings);
    let beside = of_broker
        .map(|cpu| format!(", mosquitto {:.1} CPU s a million", cpu.as_secs_f64() * per_million))
        .unwrap_or_default();
    let what = if broker.is_some() { "the gateway" } else { "broker and gateway in one" };
    let more = format!(
        "; to the store {:.2}; peak {peak:.0} MB; payload {bytes:.0} bytes{beside}; {}",
        stored.as_secs_f64() * per_million,
        hold_ups(&gateway)
    );
    report(what, readings, took, all, &more)
}

fn report(what: &str, readings: u64, took: Duration, cpu: Duration, more: &str) -> Round {
    let per_second = as_float(readings) / took.as_secs_f64();
    let cpu_a_million = cpu.as_secs_f64() * 1e6 / as_float(readings);
    println!("   {what}: {per_second:.0}/s, {cpu_a_million:.2} CPU s a million{more}");
    Round { per_second, cpu_a_million }
}

#[expect(clippy::cast_precision_loss, reason = "millions")]
fn as_float(count: u64) -> f64 {
    count as f64
}
