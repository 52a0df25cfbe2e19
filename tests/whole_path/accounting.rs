//! measured = stored + lost, and the lake holds what is stored, once.

use std::collections::BTreeMap;

use minuano_tests::{Bucket, Gateway, Mosquitto, SOON, Settings, Station, eventually, python, s3};
use serde_json::{Value, json};

/// A backlog that takes some ten seconds to deliver, and a live reading a second beside it.
pub const BUS: &str = "[bus]\nkind = \"emulated\"\nhistory = \"200m\"\n\
                   [sampling]\ninterval = \"1s\"\nreport = \"1s\"\n";
/// Readings of the history, or nearly.
pub const BACKLOG: u64 = 11_900;

#[test]
fn nothing_is_lost_when_an_external_broker_and_the_gateway_die() {
    let mut broker = Mosquitto::start();
    let bucket = Bucket::start();
    let settings = Settings { broker: Some(broker.port), lake: bucket.settings(), ..Settings::default() };
    let mut gateway = Gateway::start(&settings);
    let mut stations = ["roof", "garden", "shed"].map(|name| Station::start(name, broker.port, BUS));

    stored_at_least(&gateway, &stations, 300);
    broker.restart();
    let before = total(&gateway, &stations);
    stored_at_least(&gateway, &stations, before / 3 + 300);
    assert!(gateway.metrics().sum("minuano_broker_disconnections_total", "") >= 1.0);

    gateway.kill_9();
    gateway.start_again();
    stored_at_least(&gateway, &stations, BACKLOG);

    stop_and_account(&gateway, &mut stations);
    lake_holds_what_is_stored(&gateway, &bucket);
    assert_eq!(gateway.stop(), Some(0));
}

#[test]
fn nothing_is_lost_when_the_embedded_broker_dies_with_the_gateway() {
    let bucket = Bucket::start();
    let settings = Settings { lake: bucket.settings(), ..Settings::default() };
    let mut gateway = Gateway::start(&settings);
    let mut stations = ["roof", "garden"].map(|name| Station::start(name, gateway.mqtt_port, BUS));
    for least in [300, 3_000] {
        stored_at_least(&gateway, &stations, least);
        gateway.kill_9();
        gateway.start_again();
    }
    stored_at_least(&gateway, &stations, BACKLOG);
    stop_and_account(&gateway, &mut stations);
    lake_holds_what_is_stored(&gateway, &bucket);
    assert_eq!(gateway.stop(), Some(0));
}

pub fn stored_at_least(gateway: &Gateway, stations: &[Station], least: u64) {
    for station in stations {
        let what = format!("{least} readings of {}", station.name());
        eventually(&what, SOON, || (gateway.stored(station.name()) >= least).then_some(()));
    }
}

pub fn total(gateway: &Gateway, stations: &[Station]) -> u64 {
    stations.iter().map(|station| gateway.stored(station.name())).sum()
}

/// Stops the stations, which wait for their acknowledgements, and compares what each says it measured with
/// what the store has, stream by stream.
pub fn stop_and_account(gateway: &Gateway, stations: &mut [Station]) {
    for station in stations.iter_mut() {
        assert_eq!(station.stop(), Some(0), "{}", station.name());
    }
    let store = gateway.store();
    let mut query = store
        .prepare("SELECT stream, count(*), count(DISTINCT seq), max(seq) FROM observations WHERE station = ?1 GROUP BY stream")
        .unwrap();
    for station in stations {
        let seen = gateway.wait_for_station(station.name(), "stopped", |seen| seen["state"] == "stopped");
        let stored: BTreeMap<String, [u64; 3]> = query
            .query_map([station.name()], |row| Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?])))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let stream = seen["health"]["stream"].as_str().unwrap().to_owned();
        let measured = seen["health"]["measured"].as_u64().unwrap();
        assert!(measured > BACKLOG, "{measured}");
        assert_eq!(stored, BTreeMap::from([(stream, [measured; 3])]), "{}: by stream", station.name());
        assert_eq!(seen["counts"]["stored"], measured, "{}", station.name());
        assert_eq!(seen["counts"]["lost"], 0, "{}", station.name());
        assert_eq!(seen["counts"]["elsewhere"], 0, "{}", station.name());
    }
    assert_eq!(gateway.get("/losses")["items"], json!([]));
}

fn lake_holds_what_is_stored(gateway: &Gateway, bucket: &Bucket) {
    let stored: u64 =
        gateway.store().query_row("SELECT count(*) FROM observations", [], |row| row.get(0)).unwrap();
    assert_eq!(gateway.command_json(&["lake", "flush", "--json"])["lake_rows"], stored);
    let report = gateway.command_json(&["lake", "verify", "--json"]);
    let of = |key: &str| report[key].clone();
    assert_eq!(
        [of("ok"), of("rows"), of("duplicates"), of("gaps"), of("waiting"), of("problems"), of("others")],
        [json!(true), json!(stored), json!(0), json!(0), json!(0), json!(0), json!(0)],
        "{report}"
    );
    assert_eq!(read_over_s3(bucket), json!({ "rows": stored, "identities": stored }));
}

/// By a client that shares nothing with the gateway.
fn read_over_s3(bucket: &Bucket) -> Value {
    let endpoint = bucket.endpoint.strip_prefix("http://").unwrap();
    let prefix = format!("{}/lake/readings", s3::NAME);
    python::run("read_s3.py", &[endpoint, s3::ACCESS_KEY_ID, s3::SECRET_ACCESS_KEY, &prefix])
}
