//! The end-to-end acknowledgement over the wire, with a hand-made station.

use minuano_tests::payload::{backlog, now, telemetry};
use minuano_tests::{Gateway, SOON, Settings, Wire, eventually};
use serde_json::{Value, json};

const STREAM: &str = "9f2c41d07a3be658";
const LATER: &str = "0000000000000001";
const TELEMETRY: &str = "minuano/v1/roof/telemetry";
const BACKLOG: &str = "minuano/v1/roof/backlog";
const STREAMS: &str = "minuano/v1/roof/streams";
const ACKNOWLEDGED: &str = "minuano/v1/roof/acknowledged";

fn parts() -> (Gateway, Wire) {
    let gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    (gateway, wire)
}

/// How far the newest acknowledgement reaches in a stream.
fn through(wire: &Wire, stream: &str) -> Option<u64> {
    let last = wire.heard(ACKNOWLEDGED).pop()?.json();
    assert_eq!(last["gateway"], "tests");
    let streams = last["streams"].as_array().unwrap();
    streams.iter().find(|entry| entry["stream"] == stream)?["through"].as_u64()
}

fn wait_for_through(wire: &Wire, stream: &str, wanted: u64) {
    let what = format!("through {wanted} of {stream}");
    eventually(&what, SOON, || (through(wire, stream) == Some(wanted)).then_some(()));
}

fn losses(gateway: &Gateway) -> Vec<Value> {
    gateway.get("/losses?station=roof")["items"].as_array().unwrap().clone()
}

fn lost(from: u64, to: u64, reason: &str) -> Value {
    json!({
        "station": "roof", "stream": STREAM, "from": from, "to": to, "count": to - from + 1, "reason": reason
    })
}

#[test]
fn a_repeat_is_stored_once_and_answered_again() {
    let (gateway, wire) = parts();
    wire.say(TELEMETRY, telemetry(STREAM, 1));
    wait_for_through(&wire, STREAM, 1);
    let answers = wire.heard(ACKNOWLEDGED).len();
    wire.say(TELEMETRY, telemetry(STREAM, 1));
    eventually("another answer", SOON, || (wire.heard(ACKNOWLEDGED).len() > answers).then_some(()));
    assert_eq!(through(&wire, STREAM), Some(1));
    let counts = &gateway.station("roof").unwrap()["counts"];
    assert_eq!(*counts, json!({ "stored": 1, "lost": 0, "duplicates": 1, "elsewhere": 0 }));
    assert_eq!(gateway.metrics().sum("minuano_readings_duplicate_total", ""), 1.0);
    assert_eq!(gateway.metrics().sum("minuano_readings_stored_total", ""), 1.0);
    assert_eq!(gateway.readings("roof").len(), 1);
}

#[test]
fn through_waits_for_what_is_missing() {
    let (_gateway, wire) = parts();
    wire.say(BACKLOG, backlog(STREAM, 0, 1, [1, 2, 4, 5]));
    wait_for_through(&wire, STREAM, 2);
    wire.say(BACKLOG, backlog(STREAM, 0, 1, [3]));
    wait_for_through(&wire, STREAM, 5);
}

#[test]
fn an_overflow_before_the_first_contact_is_named_and_shrinks_when_a_reading_comes_after_all() {
    let (gateway, wire) = parts();
    wire.say(BACKLOG, backlog(STREAM, 0, 101, 101..=110));
    wait_for_through(&wire, STREAM, 110);
    assert_eq!(losses(&gateway), [lost(1, 100, "overflow")]);
    assert_eq!(gateway.station("roof").unwrap()["counts"]["lost"], 100);
    assert_eq!(gateway.metrics().sum("minuano_readings_lost_total", "reason=\"overflow\""), 100.0);

    // It was given up, and is stored all the same.
    wire.say(BACKLOG, backlog(STREAM, 0, 101, [50]));
    eventually("reading 50", SOON, || (gateway.stored("roof") == 11).then_some(()));
    assert_eq!(losses(&gateway), [lost(1, 49, "overflow"), lost(51, 100, "overflow")]);
    assert_eq!(gateway.station("roof").unwrap()["counts"]["lost"], 99);
    wait_for_through(&wire, STREAM, 110);
}

#[test]
fn what_another_gateway_acknowledged_is_counted_apart() {
    let (gateway, wire) = parts();
    wire.say(BACKLOG, backlog(STREAM, 40, 41, [41, 42]));
    wait_for_through(&wire, STREAM, 42);
    let counts = &gateway.station("roof").unwrap()["counts"];
    assert_eq!(*counts, json!({ "stored": 2, "lost": 0, "duplicates": 0, "elsewhere": 40 }));
    assert_eq!(losses(&gateway), [] as [Value; 0]);
}

#[test]
fn a_stream_that_vanished_has_ended_and_its_holes_are_lost() {
    let (gateway, wire) = parts();
    let entry = |stream: &str| json!({ "stream": stream, "first_at": now(), "cursor": 0, "oldest": 1 });
    wire.say_retained(STREAMS, json!({ "streams": [entry(STREAM)] }).to_string());
    wire.say(BACKLOG, backlog(STREAM, 0, 1, [1, 2, 5]));
    wait_for_through(&wire, STREAM, 2);
    assert_eq!(losses(&gateway), [] as [Value; 0], "it may still send the rest");

    wire.say_retained(STREAMS, json!({ "streams": [entry(LATER)] }).to_string());
    eventually("the loss", SOON, || losses(&gateway).contains(&lost(3, 4, "ended")).then_some(()));
    assert_eq!(gateway.metrics().sum("minuano_readings_lost_total", "reason=\"ended\""), 2.0);
    let gap = losses(&gateway).into_iter().find(|loss| loss.get("from_time").is_some());
    let gap = gap.expect("the time from the last reading to the next stream is a gap");
    assert!(gap["from_time"].as_str() < gap["to_time"].as_str(), "{gap}");

    // One of them comes after all: lost shrinks. A list can be wrong, so the answer passes over what it took for
    // lost only when the station says that it has it no more.
    wire.say(BACKLOG, backlog(STREAM, 0, 1, [3]));
    eventually("reading 3", SOON, || (gateway.stored("roof") == 4).then_some(()));
    assert!(losses(&gateway).contains(&lost(4, 4, "ended")));
    wait_for_through(&wire, STREAM, 3);
    wire.say(BACKLOG, backlog(STREAM, 0, 5, [5]));
    wait_for_through(&wire, STREAM, 5);
}

#[test]
fn what_is_accounted_for_is_remembered_over_a_kill() {
    let (mut gateway, wire) = parts();
    wire.say(BACKLOG, backlog(STREAM, 0, 11, 11..=20));
    wait_for_through(&wire, STREAM, 20);
    drop(wire);
    gateway.kill_9();
    gateway.start_again();
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(BACKLOG, backlog(STREAM, 0, 11, 15..=21));
    wait_for_through(&wire, STREAM, 21);
    let counts = &gateway.station("roof").unwrap()["counts"];
    assert_eq!(*counts, json!({ "stored": 11, "lost": 10, "duplicates": 6, "elsewhere": 0 }));
    assert_eq!(losses(&gateway), [lost(1, 10, "overflow")]);
}
