//! One gateway owns a station; another one that finds its name is a warm standby.

use minuano_tests::payload::{backlog, telemetry};
use minuano_tests::{Gateway, Mosquitto, SOON, Settings, Wire, eventually};
use serde_json::{Value, json};

const STREAM: &str = "9f2c41d07a3be658";
const TELEMETRY: &str = "minuano/v1/roof/telemetry";
const BACKLOG: &str = "minuano/v1/roof/backlog";
const ACKNOWLEDGED: &str = "minuano/v1/roof/acknowledged";

/// The gateways whose answers the station's topic has seen.
fn answered_by(wire: &Wire) -> Vec<String> {
    wire.heard(ACKNOWLEDGED)
        .iter()
        .map(|heard| heard.json()["gateway"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_station_of_another_gateway_is_shown_and_neither_acknowledged_nor_laked_until_taken_over() {
    let broker = Mosquitto::start();
    let wire = Wire::connect(broker.port);
    let other = json!({ "gateway": "other", "streams": [{ "stream": STREAM, "through": 7 }] });
    wire.say_retained(ACKNOWLEDGED, other.to_string());

    let folder = tempfile::tempdir().unwrap();
    let lake = format!("[lake]\nurl = \"file://{}\"\n", folder.path().display());
    let settings = Settings { broker: Some(broker.port), lake, ..Settings::default() };
    let mut gateway = Gateway::start(&settings);
    gateway.wait_for_station("roof", "owned by the other", |station| station["owner"] == "other");

    wire.say(BACKLOG, backlog(STREAM, 7, 8, 8..=12));
    wire.say(TELEMETRY, telemetry(STREAM, 13));
    gateway.wait_for_station("roof", "stored and shown", |station| station["counts"]["stored"] == 6);
    assert_eq!(gateway.station("roof").unwrap()["last_reading"]["seq"], 13);
    let ready = gateway.ask("/readyz").unwrap();
    let conditions = ready.json()["conditions"].clone();
    let detail = |condition: &Value| condition["detail"].as_str().unwrap().contains("other");
    assert!(conditions.as_array().unwrap().iter().any(detail), "it says whose the station is: {conditions}");
    assert_eq!(ready.status, 200, "a standby is ready: {}", ready.body);
    assert_eq!(gateway.metrics().sum("minuano_stations_owned_elsewhere", ""), 1.0);

    // A station of its own is answered meanwhile; had it answered the other's, that would have come first.
    wire.say("minuano/v1/shed/backlog", backlog(STREAM, 0, 1, [1, 2]));
    wire.hear("minuano/v1/shed/acknowledged", "an answer", |heard| {
        (heard.json()["gateway"] == "tests").then_some(())
    });
    wire.say(TELEMETRY, telemetry(STREAM, 13));
    gateway.wait_for_station("roof", "the repeat", |station| station["counts"]["duplicates"] == 1);
    wire.say("minuano/v1/shed/telemetry", telemetry(STREAM, 3));
    wire.hear("minuano/v1/shed/acknowledged", "a later answer", |heard| {
        (heard.json()["streams"][0]["through"] == 3).then_some(())
    });
    assert_eq!(answered_by(&wire), ["other"]);

    gateway.command_json(&["lake", "flush", "--json"]);
    let report = gateway.command_json(&["lake", "verify", "--json"]);
    assert_eq!((&report["rows"], &report["excluded"]), (&json!(3), &json!(6)), "{report}");

    // It remembers whose the station is, without the broker's word.
    gateway.kill_9();
    gateway.start_again();
    assert_eq!(gateway.station("roof").unwrap()["owner"], "other");

    let called = gateway.command(&["take-over", "roof"]);
    assert_eq!(called.code, Some(0), "{called:?}");
    assert!(called.stdout.contains("roof"), "{called:?}");
    gateway.wait_for_station("roof", "owned by this one", |station| station["owner"].is_null());
    wire.say(TELEMETRY, telemetry(STREAM, 14));
    eventually("an answer up to 14", SOON, || {
        let last = wire.heard(ACKNOWLEDGED).pop()?.json();
        (last["gateway"] == "tests" && last["streams"][0]["through"] == 14).then_some(())
    });
    gateway.command_json(&["lake", "flush", "--json"]);
    let report = gateway.command_json(&["lake", "verify", "--json"]);
    assert_eq!(report["rows"], 4, "the new reading is laked: {report}");
}

#[test]
fn a_station_that_nobody_knows_cannot_be_taken_over() {
    let gateway = Gateway::start(&Settings::default());
    let called = gateway.command(&["take-over", "nobody"]);
    assert_eq!(called.code, Some(1), "{called:?}");
    assert!(called.stderr.contains("nobody"), "{called:?}");
}
