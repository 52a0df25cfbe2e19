//! A long export and a crowd of listeners: memory stays within bounds, and who never reads holds up nobody. Figures of an
//! optimised build: `cargo xtask bench http`.

use std::io::Read;

use minuano_tests::payload::{now_ms, telemetry};
use minuano_tests::seeded::{self, STATION};
use minuano_tests::{Gateway, Settings, Wire, http, usage};

const STREAM: &str = "9f2c41d07a3be658";
const TELEMETRY: &str = "minuano/v1/shed/telemetry";
const READINGS: u64 = 250_000;
/// Beyond what it had before: pages of thousands of readings, and room for the allocator. All of them at once are 200 MB.
const EXPORT_MB: f64 = 64.0;
const LISTENERS: usize = 100;

#[test]
fn a_long_export_leaves_in_bounded_memory() {
    let mut gateway = Gateway::prepare(&Settings::default());
    seeded::store(&gateway.file("gateway.db"), READINGS, i64::try_from(now_ms()).unwrap() - 60_000);
    gateway.start_again();
    let resident = || usage::resident_mb(gateway.process().pid()).0;
    let before = resident();
    for (format, kind) in [("text/csv", "csv"), ("application/vnd.apache.parquet", "parquet")] {
        let path = format!(
            "/api/v1/stations/{STATION}/readings?from=2020-01-01T00:00:00Z&to=2029-12-01T00:00:00Z&resolution=raw&limit=all"
        );
        let mut answer = http::open(&gateway.url(""), &path, format);
        let (mut buffer, mut bytes, mut lines, mut most) = (vec![0; 1 << 20], 0, 0, before);
        loop {
            let read = answer.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            bytes += read as u64;
            lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
            most = most.max(resident());
        }
        println!("{kind}: {bytes} bytes, {:.1} MB more at most", most - before);
        assert!(most - before < EXPORT_MB, "{kind}: {before} MB became {most} MB");
        assert!(kind != "csv" || lines > READINGS, "{lines} lines");
    }
}

#[test]
fn a_hundred_listeners_are_told_while_one_never_reads() {
    let mut gateway = Gateway::prepare(&Settings::default());
    gateway.reconfigure("[http]\n", "[http]\nat_once = 200\n");
    gateway.start_again();
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(TELEMETRY, telemetry(STREAM, 1));
    gateway.wait_for_station("shed", "stored", |seen| seen["counts"]["stored"] == 1);
    let open = || http::open(&gateway.url(""), "/api/v1/stream", "text/event-stream");
    let deaf = open();
    let mut listeners: Vec<_> = (1..LISTENERS).map(|_| open()).collect();
    for listener in &mut listeners {
        http::next_line(listener, "id:");
    }
    for seq in 2..=50 {
        wire.say(TELEMETRY, telemetry(STREAM, seq));
    }
    let mut told = Vec::new();
    for listener in &mut listeners {
        loop {
            let line = http::next_line(listener, "data:");
            if line.contains("\"seq\":50,") {
                told.push(line);
                break;
            }
        }
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "all are told the same");
    assert_eq!(gateway.ask("/readyz").unwrap().status, 200);
    drop(deaf);
}
