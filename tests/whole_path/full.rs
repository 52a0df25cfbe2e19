//! A disk without room, a store without room, a store that goes bad while it is used.

use std::os::unix::fs::FileExt;

use minuano_tests::payload::{backlog, telemetry};
use minuano_tests::s3::Trouble;
use minuano_tests::{Bucket, Gateway, SOON, Settings, SmallDisk, Wire, eventually};
use rusqlite::Connection;
use serde_json::json;

const STREAM: &str = "9f2c41d07a3be658";
const BACKLOG: &str = "minuano/v1/roof/backlog";
const ACKNOWLEDGED: &str = "minuano/v1/roof/acknowledged";

fn failures(gateway: &Gateway) -> f64 {
    gateway.metrics().sum("minuano_commits_failed_total", "")
}

/// What the last acknowledgement says.
fn through(wire: &Wire) -> u64 {
    let last = wire.heard(ACKNOWLEDGED).pop();
    last.and_then(|heard| heard.json()["streams"][0]["through"].as_u64()).unwrap_or(0)
}

#[test]
fn a_full_disk_acknowledges_nothing_reads_go_on_and_it_recovers_by_itself() {
    let Some(disk) = SmallDisk::mount("16m") else { return };
    let gateway = Gateway::start(&Settings { store: Some(disk.folder().to_owned()), ..Settings::default() });
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(BACKLOG, backlog(STREAM, 0, 1, 1..=64));
    eventually("the first", SOON, || (through(&wire) == 64).then_some(()));
    disk.fill();
    for first in (65..2_000).step_by(64) {
        wire.say(BACKLOG, backlog(STREAM, 0, 1, first..first + 64));
    }
    eventually("a commit without room", SOON, || (failures(&gateway) > 0.0).then_some(()));
    assert_eq!(gateway.ask("/readyz").unwrap().status, 503);
    let stored = gateway.stored("roof");
    assert!(through(&wire) <= stored, "acknowledged is stored");
    assert_eq!(gateway.readings("roof").len() as u64, stored, "reads go on");
    disk.relieve();
    eventually("all", SOON, || (gateway.stored("roof") == 64 * 32).then_some(()));
    eventually("its acknowledgement", SOON, || (through(&wire) == 64 * 32).then_some(()));
    eventually("to be ready", SOON, || gateway.ask("/readyz").ok().filter(|answer| answer.status == 200));
}

/// `store.max_bytes`: with the lake away the oldest readings stay and ingest waits; with the lake back they make room.
#[test]
fn a_store_that_may_grow_no_more_keeps_what_the_lake_has_not_got_and_makes_room_of_the_rest() {
    let bucket = Bucket::start();
    let lake = format!("{}close_after = \"1s\"\n[quality]\nsettle_after = \"1s\"\n", bucket.settings());
    let mut gateway = Gateway::prepare(&Settings { lake, ..Settings::default() });
    gateway.reconfigure("[store]\n", "[store]\nmax_bytes = 1048576\n");
    bucket.trouble(Trouble::Cut);
    gateway.start_again();
    let wire = Wire::connect(gateway.mqtt_port);
    let messages = 400;
    wire.flood(BACKLOG, (0..messages).map(|n| backlog(STREAM, 0, 1, n * 64 + 1..=n * 64 + 64)));
    eventually("no more room", SOON, || {
        let ready = gateway.ask("/readyz").unwrap();
        (ready.status == 503 && ready.body.contains("store.max_bytes")).then_some(())
    });
    let stored = gateway.stored("roof");
    assert!((1_000..messages * 64).contains(&stored), "{stored}");
    assert_eq!(
        gateway.get(
            "/stations/roof/readings?resolution=raw&from=2020-01-01T00:00:00Z&to=2029-12-01T00:00:00Z&limit=1"
        )["items"][0]["seq"],
        1
    );

    bucket.trouble(Trouble::None);
    eventually("all", SOON * 2, || (gateway.stored("roof") == messages * 64).then_some(()));
    eventually("its acknowledgement", SOON, || (through(&wire) == messages * 64).then_some(()));
    assert!(gateway.metrics().sum("minuano_readings_pruned_total", "") > 0.0, "room was made");
    assert_eq!(gateway.command_json(&["lake", "flush", "--json"])["lake_rows"], messages * 64);
    let report = gateway.command_json(&["lake", "verify", "--json"]);
    assert_eq!(
        (&report["rows"], &report["duplicates"], &report["ok"]),
        (&json!(messages * 64), &json!(0), &json!(true)),
        "{report}"
    );
}

#[test]
fn a_store_that_goes_bad_while_it_is_used_ends_the_gateway_and_is_set_aside_by_the_next_start() {
    let mut gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(BACKLOG, backlog(STREAM, 0, 1, 1..=64));
    eventually("the first", SOON, || (gateway.stored("roof") == 64).then_some(()));
    let file = gateway.file("gateway.db");
    let other = Connection::open(&file).unwrap();
    other.busy_timeout(SOON).unwrap();
    eventually("all of it in the file", SOON, || {
        let held: i64 = other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
        (held == 0).then_some(())
    });
    let pages: Vec<u64> = other
        .prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name IN ('readings', 'ranges', 'streams')")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let bytes = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    for page in pages {
        bytes.write_all_at(&[0xa5; 4096], (page - 1) * 4096).unwrap();
    }
    // Somebody wrote, so the gateway believes its cache no more.
    other.execute("UPDATE identity SET created_at = created_at", []).unwrap();
    drop(other);
    wire.say("minuano/v1/roof/telemetry", telemetry(STREAM, 65));
    let status = gateway.ended();
    assert!(!status.success(), "{status}");
    drop(wire);

    gateway.start_again();
    let ready = gateway.ask("/readyz").unwrap();
    assert!(ready.body.contains("set-aside"), "{}", ready.body);
    assert_eq!(gateway.metrics().sum("minuano_store_set_aside", ""), 1.0);
    assert_eq!(gateway.stored("roof"), 0);
    // The station still has what was not acknowledged, and what was is no loss.
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(BACKLOG, backlog(STREAM, 64, 65, [65]));
    let seen = gateway.wait_for_station("roof", "the next", |seen| seen["counts"]["stored"] == 1);
    assert_eq!((&seen["counts"]["lost"], &seen["counts"]["elsewhere"]), (&json!(0), &json!(64)));
}
