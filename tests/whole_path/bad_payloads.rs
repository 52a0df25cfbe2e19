//! Every bad payload: refused, counted by reason, nothing stored, everyone else undisturbed.

use std::time::Instant;

use minuano_tests::payload::{backlog, batch, reading, reading_with, telemetry};
use minuano_tests::station::QUICK;
use minuano_tests::{Gateway, Mosquitto, SOON, Settings, Station, Wire, eventually};
use serde_json::{Value, json};

const STREAM: &str = "9f2c41d07a3be658";
const TELEMETRY: &str = "minuano/v1/bad/telemetry";
const BACKLOG: &str = "minuano/v1/bad/backlog";
const REFUSED: &str = "minuano_messages_refused_total";

/// A topic, a payload, and the reason for which it is refused.
type Case = (&'static str, &'static str, Vec<u8>, &'static str);

fn cases() -> Vec<Case> {
    let good = || telemetry(STREAM, 1);
    let with = |from: &str, to: &str| {
        let text = good();
        assert!(text.contains(from), "{from} is not in {text}");
        text.replacen(from, to, 1).into_bytes()
    };
    let nested = [b"[".repeat(512 * 1024), b"]".repeat(512 * 1024)].concat();
    let nested_small = [br#"{"stream":"#.to_vec(), b"[".repeat(8_000), b"]".repeat(8_000)].concat();
    let many = (1..=65).map(
        |seq| json!({ "seq": seq, "at": "2026-11-20T12:00:00.250Z", "clock": "synchronised", "samples": 1 }),
    );
    let streams: Vec<Value> = (0..65)
        .map(|n| json!({ "stream": format!("{n:016x}"), "first_at": "2026-11-20T12:00:00.000Z", "cursor": 0, "oldest": 1 }))
        .collect();
    vec![
        ("empty", TELEMETRY, vec![], "empty"),
        ("not JSON", TELEMETRY, b"temperature: 21.43".to_vec(), "syntax"),
        ("a number alone", TELEMETRY, b"21.43".to_vec(), "shape"),
        ("cut off", TELEMETRY, good().as_bytes()[..80].to_vec(), "syntax"),
        ("not UTF-8", TELEMETRY, vec![0xff, 0xfe, 0x00, 0x80], "syntax"),
        ("a list", TELEMETRY, b"[1, 2, 3]".to_vec(), "shape"),
        ("an empty object", TELEMETRY, b"{}".to_vec(), "shape"),
        ("a text where a number stands", TELEMETRY, with("21.43", "\"21.43\""), "shape"),
        ("a date without time", TELEMETRY, with(&reading(1)["at"].as_str().unwrap()[10..19], ""), "shape"),
        ("1 MiB of nesting", TELEMETRY, nested, "too_large"),
        ("16 KiB of nesting", TELEMETRY, nested_small, "shape"),
        ("NaN", TELEMETRY, with("21.43", "NaN"), "syntax"),
        ("1e999", TELEMETRY, with("21.43", "1e999"), "syntax"),
        ("seq 0", TELEMETRY, with("\"seq\":1", "\"seq\":0"), "shape"),
        ("a negative seq", TELEMETRY, with("\"seq\":1", "\"seq\":-1"), "shape"),
        ("a stream that is none", TELEMETRY, telemetry("roof", 1).into_bytes(), "shape"),
        ("out of order", BACKLOG, backlog(STREAM, 0, 1, [2, 1]).into_bytes(), "shape"),
        ("repeated", BACKLOG, backlog(STREAM, 0, 1, [1, 1]).into_bytes(), "shape"),
        ("65 of them", BACKLOG, batch(STREAM, 0, 1, &many.collect::<Vec<_>>()).into_bytes(), "shape"),
        ("none of them", BACKLOG, batch(STREAM, 0, 1, &[]).into_bytes(), "shape"),
        ("two live ones", TELEMETRY, backlog(STREAM, 0, 1, [1, 2]).into_bytes(), "shape"),
        ("a state that is none", "minuano/v1/bad/status", br#"{"state":"asleep"}"#.to_vec(), "shape"),
        (
            "65 streams",
            "minuano/v1/bad/streams",
            json!({ "streams": streams }).to_string().into_bytes(),
            "shape",
        ),
        ("a name that does not fit", "minuano/v1/Bad/telemetry", good().into_bytes(), "station"),
        (
            "a name that is too long",
            "minuano/v1/a23456789012345678901234567890123/telemetry",
            good().into_bytes(),
            "station",
        ),
        ("an unknown topic", "minuano/v1/bad/wind", good().into_bytes(), "topic"),
        ("another version", "minuano/v2/bad/telemetry", good().into_bytes(), "version"),
    ]
}

#[test]
fn every_bad_payload_is_refused_and_counted_and_disturbs_nobody() {
    let broker = Mosquitto::start();
    let gateway = Gateway::start(&Settings { broker: Some(broker.port), ..Settings::default() });
    let mut roof = Station::start("roof", broker.port, QUICK);
    gateway.wait_for_station("roof", "online", |station| station["state"] == "online");
    let wire = Wire::connect(broker.port);
    for (what, topic, payload, reason) in cases() {
        let refused = |label: &str| gateway.metrics().sum(REFUSED, label);
        let label = format!("reason=\"{reason}\"");
        let (before, all, flowed) = (refused(&label), refused(""), gateway.stored("roof"));
        wire.say(topic, payload);
        eventually(&format!("{what} to be refused as {reason}"), SOON, || {
            assert!(refused("") <= all + 1.0, "{what}: counted more than once");
            let other = refused("") > all && refused(&label) == before;
            assert!(!other, "{what}: refused for another reason than {reason}:\n{}", gateway.metrics().0);
            (refused(&label) == before + 1.0).then_some(())
        });
        eventually(&format!("another reading after {what}"), SOON, || {
            (gateway.stored("roof") > flowed).then_some(())
        });
    }
    let names: Vec<Value> = gateway.get("/stations")["items"].as_array().unwrap().clone();
    assert_eq!(names.iter().map(|station| &station["station"]).collect::<Vec<_>>(), ["roof"]);

    // The same station, well-formed at last.
    wire.say(TELEMETRY, telemetry(STREAM, 1));
    eventually("the good reading", SOON, || (gateway.stored("bad") == 1).then_some(()));
    assert_eq!(gateway.readings("bad").len(), 1);
    assert_eq!(gateway.metrics().sum("minuano_broker_disconnections_total", ""), 0.0);
    assert_eq!(roof.stop(), Some(0));
    let station = gateway.wait_for_station("roof", "stopped", |station| station["state"] == "stopped");
    assert_eq!(station["health"]["measured"], station["counts"]["stored"]);
}

#[test]
fn refusals_are_logged_at_most_once_a_second_a_station() {
    let gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    let begun = Instant::now();
    for _ in 0..200 {
        wire.say("minuano/v1/noisy/telemetry", "{");
    }
    wire.say("minuano/v1/other/telemetry", "{");
    eventually("all to be counted", SOON, || {
        (gateway.metrics().sum(REFUSED, "reason=\"syntax\"") == 201.0).then_some(())
    });
    let most = usize::try_from(begun.elapsed().as_secs()).unwrap() + 1;
    let said = gateway.process().said();
    let lines = |station: &str| {
        said.lines().filter(|line| line.contains("message refused") && line.contains(station)).count()
    };
    assert!((1..=most).contains(&lines("noisy")), "{} lines in {most} s:\n{said}", lines("noisy"));
    assert_eq!(lines("other"), 1, "one station's noise hides another's:\n{said}");
}

#[test]
fn a_well_formed_reading_is_stored_whatever_it_says() {
    let gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    let odd = [
        reading_with(1, "temperature_c", 999.0),
        reading_with(2, "pressure_hpa", -1e15),
        reading_with(3, "humidity_pct", 103.01),
        reading_with(4, "at", "1999-12-31T23:59:59.999Z"),
        reading_with(5, "at", "9998-01-01T00:00:00.000Z"),
        reading_with(6, "clock", "unsynchronised"),
        reading_with(7, "something_new", json!({ "key": [1, 2, 3] })),
        reading_with(8, "faults", json!({ "humidity_pct": "crc" })),
    ];
    for reading in odd {
        wire.say(TELEMETRY, batch(STREAM, 0, 1, &[reading]));
    }
    wire.hear("minuano/v1/bad/acknowledged", "an answer to all", |heard| {
        (heard.json()["streams"][0]["through"] == 8).then_some(())
    });
    let mut readings = gateway.readings("bad");
    readings.sort_by_key(|reading| reading["seq"].as_u64());
    assert_eq!(readings.len(), 8);
    let [hot, low, wet, past, future, guessed, new, faulty] = readings.as_slice() else { unreachable!() };

    assert_eq!((&hot["temperature_c"], &hot["flags"]["temperature_c"]), (&json!(999.0), &json!(4)));
    assert_eq!(hot["flags"]["pressure_hpa"], 1);
    assert_eq!((&low["pressure_hpa"], &low["flags"]["pressure_hpa"]), (&json!(-1e15), &json!(4)));
    assert_eq!((&wet["humidity_pct"], &wet["flags"]["humidity_pct"]), (&json!(103.01), &json!(4)));
    for reading in [past, future, guessed] {
        assert_eq!(reading["observed_at"], reading["received_at"], "{reading}");
        assert_eq!(reading["clock"], "unsynchronised", "{reading}");
    }
    assert_eq!(new["clock"], "synchronised");
    assert_eq!(faulty["faults"]["humidity_pct"], "crc");
    assert_eq!(gateway.metrics().sum(REFUSED, ""), 0.0);
    // One episode for each quantity that failed.
    let anomalies = gateway.get("/anomalies?station=bad");
    let kinds: Vec<(&Value, &Value)> = anomalies["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["quantity"], &item["kind"]))
        .collect();
    for quantity in ["temperature_c", "pressure_hpa", "humidity_pct"] {
        assert!(kinds.contains(&(&json!(quantity), &json!("range"))), "{quantity} in {anomalies}");
    }
    // The same episode goes over MQTT when it opens, in the same form.
    let hot = anomalies["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["quantity"] == "temperature_c")
        .unwrap();
    let said = wire.hear("minuano/v1/bad/anomaly", "the episode as it opens", |heard| {
        let said = heard.json();
        (said["quantity"] == "temperature_c" && said["state"] == "open").then_some(said)
    });
    for key in ["id", "station", "quantity", "kind", "from", "flag"] {
        assert_eq!(said[key], hot[key], "{key}");
    }
    assert_eq!(hot["state"], "closed", "a good reading came after it");
    assert!(hot["evidence"].as_str().unwrap().contains("999"), "{hot}");
}
