//! `cargo xtask bench http`: what leaves over HTTP, measured on a year of 10 s readings in an optimised build.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed expectation is how a benchmark fails"
)]

use std::io::Read;
use std::time::{Duration, Instant};

use minuano_tests::payload::{now_ms, telemetry, time};
use minuano_tests::seeded::{self, STATION};
use minuano_tests::{Gateway, Settings, Wire, eventually, http, usage};

const DAY_MS: u64 = 86_400_000;
const YEAR: u64 = 365 * 8_640;
const LISTENERS: u64 = 500;
const STREAM: &str = "9f2c41d07a3be658";
const RUNS: usize = 21;

/// Measures what leaves over HTTP: a year at three resolutions, a million readings in three forms, 500 listeners.
#[derive(clap::Parser)]
struct Cli {}

fn main() {
    let Cli {} = <Cli as clap::Parser>::parse();
    let mut gateway = Gateway::prepare(&Settings::default());
    gateway.reconfigure("[http]\n", "[http]\nat_once = 1000\n");
    let until = now_ms() - 60_000;
    seeded::store(&gateway.file("gateway.db"), YEAR, i64::try_from(until).unwrap());
    // Written anew with page checksums, as an upgrade does it.
    assert_eq!(gateway.command(&["store", "compact"]).code, Some(0));
    gateway.start_again();
    // The gauge is not there before the first look at what waits: no sample is not none waiting.
    eventually("the rollups", Duration::from_secs(120), || {
        gateway.metrics().0.lines().any(|line| line == "minuano_rollup_rows_waiting 0").then_some(())
    });
    println!(
        "{YEAR} readings, {:.0} MB",
        std::fs::metadata(gateway.file("gateway.db")).unwrap().len() as f64 * 1e-6
    );
    year(&gateway, until);
    export(&gateway, until);
    listeners(&gateway);
}

/// A year at `resolution=auto`: goal under 200 ms and 100 KiB.
fn year(gateway: &Gateway, until: u64) {
    for (what, resolution) in [("auto", "auto"), ("hours", "1h"), ("days", "1d")] {
        let path = format!(
            "/api/v1/stations/{STATION}/readings?from={}&to={}&resolution={resolution}&limit=10000",
            time(until - 365 * DAY_MS),
            time(until)
        );
        for encoding in ["identity", "br", "gzip"] {
            let mut times = Vec::new();
            let mut bytes = 0;
            for _ in 0..RUNS {
                let begun = Instant::now();
                bytes = whole(&gateway.url(""), &path, encoding);
                times.push(begun.elapsed());
            }
            times.sort();
            println!(
                "a year, {what}, {encoding}: median {:.1} ms, worst {:.1} ms, {:.1} KiB",
                times[RUNS / 2].as_secs_f64() * 1e3,
                times[RUNS - 1].as_secs_f64() * 1e3,
                bytes as f64 / 1024.0
            );
        }
    }
}

/// The size of an answer, head included.
fn whole(url: &str, path: &str, encoding: &str) -> u64 {
    let accept = format!("application/json\r\naccept-encoding: {encoding}");
    let mut answer = Vec::new();
    http::open(url, path, &accept).read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    answer.len() as u64
}

/// A million readings, by the most that memory grew.
fn export(gateway: &Gateway, until: u64) {
    let from = time(until - 1_000_000 * 10_000);
    for kind in ["text/csv", "application/vnd.apache.parquet", "application/json"] {
        let resident = || usage::resident_mb(gateway.process().pid()).0;
        let (before, begun) = (resident(), Instant::now());
        let path = format!(
            "/api/v1/stations/{STATION}/readings?from={from}&to={}&resolution=raw&limit=all",
            time(until)
        );
        let mut answer = http::open(&gateway.url(""), &path, kind);
        let (mut buffer, mut bytes, mut most) = (vec![0; 1 << 20], 0u64, before);
        loop {
            let read = answer.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            bytes += read as u64;
            most = most.max(resident());
        }
        println!(
            "a million readings, {kind}: {:.1} MB in {:.1} s, resident {before:.1} MB and at most {most:.1}",
            bytes as f64 * 1e-6,
            begun.elapsed().as_secs_f64()
        );
    }
}

/// 500 listeners of which one never reads, and 1,000 readings.
fn listeners(gateway: &Gateway) {
    let wire = Wire::connect(gateway.mqtt_port);
    let say = |seq| wire.say("minuano/v1/shed/telemetry", telemetry(STREAM, seq));
    say(1);
    gateway.wait_for_station("shed", "stored", |seen| seen["counts"]["stored"] == 1);
    let pid = gateway.process().pid();
    let before = usage::resident_mb(pid).0;
    let open = || http::open(&gateway.url(""), "/api/v1/stream", "text/event-stream");
    let _deaf = open();
    let mut listeners: Vec<_> = (1..LISTENERS).map(|_| open()).collect();
    for listener in &mut listeners {
        http::next_line(listener, "id:");
    }
    let open_mb = usage::resident_mb(pid).0;
    let (cpu, begun) = (usage::cpu(pid), Instant::now());
    (2..=1_001).for_each(say);
    for listener in &mut listeners {
        while !http::next_line(listener, "data:").contains("\"seq\":1001,") {}
    }
    let after = usage::resident_mb(pid).0;
    println!(
        "{LISTENERS} listeners: {:.1} KiB each when open, {:.1} after 1,000 readings ({before:.1}, {open_mb:.1}, \
         {after:.1} MB resident); {:.1} µs of CPU an event and listener; {:.1} s",
        (open_mb - before) * 1e6 / 1024.0 / LISTENERS as f64,
        (after - before) * 1e6 / 1024.0 / LISTENERS as f64,
        (usage::cpu(pid) - cpu).as_secs_f64() * 1e6 / (1_000 * LISTENERS) as f64,
        begun.elapsed().as_secs_f64()
    );
}
