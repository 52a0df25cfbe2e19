//! At a steady rate: what small commits cost, and how far the store is behind.

use std::thread;
use std::time::{Duration, Instant};

use minuano_tests::payload::now_ms;
use minuano_tests::publisher::Publisher;
use minuano_tests::usage::{cpu, resident_mb};
use minuano_tests::{Bucket, Gateway, Mosquitto, SOON, eventually};

use crate::load::{PUBLISHERS, gateway, reading, rows, topic};
use crate::peer;

/// Beyond so many stations they are told less often, as the contract has it.
const MANY: u64 = 10_000;
const EACH_30_S: &str = "[acknowledge]\nwithin = \"30s\"\n";
/// What half a minute fills: then retention and vacuum have work all the time.
const BOUNDED: &str = "max_bytes = 16777216\n";
const SECOND: Duration = Duration::from_secs(1);

/// Everything on, through mosquitto; then a subscriber that discards, at the same pace.
pub fn run(rate: u64, seconds: u64, stations: u64, bounded: bool) {
    println!("── paced: {rate} readings a second of {stations} stations for {seconds} s");
    let (broker, bucket) = (Mosquitto::start(), Bucket::start());
    let settings = match (bounded, stations > MANY) {
        (true, _) => BOUNDED,
        (false, true) => EACH_30_S,
        (false, false) => "",
    };
    let gateway = gateway(Some(broker.port), &bucket, settings);
    let pid = gateway.process().pid();
    let before = cpu(pid);
    let (mut lag, mut told) = (0, Instant::now());
    let store = gateway.store();
    let published = publish(broker.port, rate, seconds, stations, |published| {
        if told.elapsed() >= SECOND {
            told = Instant::now();
            lag = lag.max(published - rows(&store));
        }
    });
    eventually("all of it in the store", SOON, || (rows(&store) >= published).then_some(()));
    #[expect(clippy::cast_precision_loss, reason = "millions")]
    let a_million = (cpu(pid) - before).as_secs_f64() * 1e6 / published as f64;
    let (now, peak) = resident_mb(pid);
    println!(
        "   {a_million:.2} CPU s a million; at most {lag} readings behind; {now:.0} MB, peak {peak:.0} MB"
    );
    println!("   {}", hold_ups(&gateway));
    if bounded {
        let gone = gateway.metrics().sum("minuano_readings_pruned_total", "");
        let bytes = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let bytes: f64 = store.query_row(bytes, [], |row| row.get(0)).unwrap();
        println!("   {gone} readings went by retention; the store has {:.0} MB", bytes / 1e6);
    }
    drop(gateway);
    let bare = peer::discarding(published, move |port| {
        publish(port, rate, seconds, stations, |_| {});
    });
    #[expect(clippy::cast_precision_loss, reason = "millions")]
    let bare = bare.cpu.as_secs_f64() * 1e6 / published as f64;
    println!("   a bare rumqttc subscriber: {bare:.2} CPU s a million; ratio {:.1}", a_million / bare);
}

/// How long commits took at most, and how long they waited for what else the writer does.
pub fn hold_ups(gateway: &Gateway) -> String {
    let metrics = gateway.metrics();
    let ms = |name: &str, label: &str| 1e3 * metrics.sum(name, label);
    let waits = ["settle", "roll_up", "prune"]
        .map(|work| format!("{work} {:.0} ms", ms("minuano_upkeep_longest_seconds", work)));
    format!(
        "{} commits, the longest {:.0} ms; they waited at most for {}",
        metrics.sum("minuano_commits_total", ""),
        ms("minuano_commit_longest_seconds", ""),
        waits.join(", ")
    )
}

/// Publishes at this rate, each reading taken as it is sent; gives how many.
pub fn publish(port: u16, rate: u64, seconds: u64, stations: u64, mut after_each_ms: impl FnMut(u64)) -> u64 {
    let mut connections: Vec<Publisher> =
        (0..PUBLISHERS).map(|number| Publisher::connect(port, &format!("publisher-{number}"))).collect();
    let mut payload = String::new();
    let begun = Instant::now();
    let (mut published, all) = (0, rate * seconds);
    while published < all {
        let elapsed_us = u64::try_from(begun.elapsed().as_micros()).unwrap();
        let due = (elapsed_us * rate / 1_000_000).min(all);
        let first = published;
        while published < due {
            let (station, seq) = (published % stations, published / stations + 1);
            reading(&mut payload, station, seq, now_ms());
            let connection = &mut connections[usize::try_from(station % PUBLISHERS).unwrap()];
            connection.publish(&topic(station), false, payload.as_bytes());
            published += 1;
        }
        for station in first..published.min(first + PUBLISHERS) {
            connections[usize::try_from(station % stations % PUBLISHERS).unwrap()].flush();
        }
        after_each_ms(published);
        thread::sleep(Duration::from_millis(1));
    }
    connections.iter_mut().for_each(Publisher::settle);
    published
}
