//! The gateway toward its brokers: TLS, several at once, one that drops what it has taken.

use minuano_tests::certificates::Authority;
use minuano_tests::payload::{backlog, now, telemetry};
use minuano_tests::station::QUICK;
use minuano_tests::{Gateway, Mosquitto, SOON, Settings, Station, Wire, eventually};
use serde_json::{Value, json};

const STREAM: &str = "9f2c41d07a3be658";
const LATER: &str = "0000000000000001";
const TELEMETRY: &str = "minuano/v1/roof/telemetry";
const BACKLOG: &str = "minuano/v1/roof/backlog";
const STATUS: &str = "minuano/v1/roof/status";
const ACKNOWLEDGED: &str = "minuano/v1/roof/acknowledged";

/// A gateway that joins `brokers`, and is not started yet.
fn joining(brokers: &[&str]) -> Gateway {
    let gateway = Gateway::prepare(&Settings::default());
    let own = format!("[broker]\nembedded = true\nlisten = \"127.0.0.1:{}\"\n", gateway.mqtt_port);
    let quick = "retry_first = \"100ms\"\nretry_most = \"500ms\"";
    let sections: String = brokers.iter().map(|broker| format!("[[mqtt]]\n{quick}\n{broker}\n")).collect();
    gateway.reconfigure(&own, &sections);
    gateway
}

fn at(port: u16) -> String {
    format!("host = \"127.0.0.1\"\nport = {port}")
}

#[test]
fn tls_with_a_client_certificate_a_user_and_a_password_file() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = authority.identity("broker.example");
    let passwords = authority.passwords("gateway", "right");
    let broker = Mosquitto::with_rules(&format!(
        "allow_anonymous false\npassword_file {passwords}\ncertfile {}\nkeyfile {}\ncafile {}\nrequire_certificate true",
        server.certificate,
        server.key,
        authority.file()
    ));
    let client = authority.identity("gateway");
    let section = |ca: &str, password: &str, name: &str| {
        format!(
            "{}\nuser = \"gateway\"\npassword_file = \"{password}\"\n[mqtt.tls]\nca = \"{ca}\"\n\
             certificate = \"{}\"\nkey = \"{}\"\n{name}",
            at(broker.port),
            client.certificate,
            client.key
        )
    };
    let named = "server_name = \"broker.example\"";
    let (right, wrong) = (authority.write("right", "right\n"), authority.write("wrong", "wrong\n"));
    for (section, complaint) in [
        (section(&other.file(), &right, named), "invalid peer certificate: BadSignature"),
        (section(&authority.file(), &right, ""), "not valid for name"),
        (section(&authority.file(), &wrong, named), "does not let this gateway in"),
        (at(broker.port), "[mqtt.tls] is missing"),
    ] {
        let mut gateway = joining(&[&section]);
        gateway.begin();
        gateway.process().wait_until_said(complaint);
        gateway.kill_9();
    }
    let mut gateway = joining(&[&section(&authority.file(), &right, named)]);
    gateway.start_again();
    let called = gateway.command(&["check-config", "--online"]);
    assert_eq!(called.code, Some(0), "{called:?}");
    assert!(called.stdout.contains("took the connection with TLS"), "{called:?}");
}

#[test]
fn a_station_on_each_of_two_brokers_is_answered_where_it_is() {
    let brokers = [Mosquitto::start(), Mosquitto::start()];
    let mut gateway = joining(&[&at(brokers[0].port), &at(brokers[1].port)]);
    gateway.start_again();
    let mut stations =
        [Station::start("roof", brokers[0].port, QUICK), Station::start("shed", brokers[1].port, QUICK)];
    eventually("both", SOON, || (gateway.stored("roof") > 10 && gateway.stored("shed") > 10).then_some(()));
    for station in &mut stations {
        // It ends when everything is acknowledged.
        assert_eq!(station.stop(), Some(0));
        let seen = gateway.wait_for_station(station.name(), "stopped", |seen| seen["state"] == "stopped");
        assert_eq!(seen["health"]["measured"], seen["counts"]["stored"]);
    }
}

#[test]
fn one_stations_readings_over_two_bridges_are_stored_once_and_are_no_two_stations() {
    let brokers = [Mosquitto::start(), Mosquitto::start()];
    let mut gateway = joining(&[&at(brokers[0].port), &at(brokers[1].port)]);
    gateway.start_again();
    let wires = brokers.each_ref().map(|broker| Wire::connect(broker.port));
    for (stream, seqs) in [(STREAM, 1..=5), (LATER, 1..=5)] {
        for wire in &wires {
            seqs.clone().for_each(|seq| wire.say(TELEMETRY, telemetry(stream, seq)));
        }
    }
    let seen = gateway.wait_for_station("roof", "the repeats", |seen| seen["counts"]["duplicates"] == 10);
    assert_eq!(seen["counts"], json!({ "stored": 10, "lost": 0, "duplicates": 10, "elsewhere": 0 }));
    assert_eq!(gateway.get("/anomalies?station=roof")["items"], json!([]));
}

#[test]
fn two_stations_under_one_name_open_an_anomaly() {
    let mut gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    for seq in 1..=4 {
        wire.say(TELEMETRY, telemetry(STREAM, seq));
        wire.say(TELEMETRY, telemetry(LATER, seq));
    }
    let of_roof =
        |gateway: &Gateway| gateway.get("/anomalies?station=roof")["items"].as_array().unwrap().clone();
    let found = eventually("the anomaly", SOON, || of_roof(&gateway).first().cloned());
    assert_eq!((&found["kind"], &found["state"]), (&json!("duplicate_station"), &json!("open")), "{found}");
    assert!(found["evidence"].as_str().unwrap().contains("two stations have this name"), "{found}");
    wire.hear("minuano/v1/roof/anomaly", "the anomaly", |heard| {
        (heard.json()["kind"] == "duplicate_station").then_some(())
    });
    eventually("all", SOON, || (gateway.stored("roof") == 8).then_some(()));
    drop(wire);

    // It is the same one after a restart.
    gateway.kill_9();
    gateway.start_again();
    let wire = Wire::connect(gateway.mqtt_port);
    for seq in 5..=8 {
        wire.say(TELEMETRY, telemetry(STREAM, seq));
        wire.say(TELEMETRY, telemetry(LATER, seq));
    }
    eventually("all", SOON, || (gateway.stored("roof") == 16).then_some(()));
    assert_eq!(of_roof(&gateway).len(), 1);
}

#[test]
fn a_half_open_connections_old_will_that_arrives_late_is_no_absence() {
    let broker = Mosquitto::start();
    let gateway = Gateway::start(&Settings { broker: Some(broker.port), ..Settings::default() });
    let mut station = Station::start("roof", broker.port, QUICK);
    gateway.wait_for_station("roof", "online", |seen| seen["state"] == "online");
    // The connection that the station left behind dies now, and the broker publishes the will that it had.
    let wire = Wire::connect(broker.port);
    wire.say_retained(STATUS, r#"{"state":"offline"}"#);
    eventually("online said again", SOON, || {
        let said: Vec<Value> = wire.heard(STATUS).iter().map(|heard| heard.json()["state"].clone()).collect();
        let offline = said.iter().rposition(|state| state == "offline")?;
        said[offline..].iter().any(|state| state == "online").then_some(())
    });
    gateway.wait_for_station("roof", "online", |seen| seen["state"] == "online");
    assert_eq!(station.stop(), Some(0));
    let seen = gateway.wait_for_station("roof", "stopped", |seen| seen["state"] == "stopped");
    assert_eq!(seen["counts"]["lost"], 0);
}

#[test]
fn an_acknowledgement_that_was_lost_with_a_restarted_broker_is_given_again() {
    let mut broker = Mosquitto::start();
    let gateway = Gateway::start(&Settings { broker: Some(broker.port), ..Settings::default() });
    let wire = Wire::connect(broker.port);
    wire.say(TELEMETRY, telemetry(STREAM, 1));
    wire.hear(ACKNOWLEDGED, "an answer", |heard| (heard.json()["streams"][0]["through"] == 1).then_some(()));
    drop(wire);
    // The broker keeps nothing, so the answer is gone with it.
    broker.restart();
    eventually("to be ready", SOON, || gateway.ask("/readyz").ok().filter(|answer| answer.status == 200));
    let wire = Wire::connect(broker.port);
    assert!(wire.heard(ACKNOWLEDGED).is_empty());
    // A station without an answer asks by sending again.
    wire.say(BACKLOG, backlog(STREAM, 0, 1, [1]));
    wire.hear(ACKNOWLEDGED, "the answer again", |heard| {
        (heard.json()["streams"][0]["through"] == 1).then_some(())
    });
    assert_eq!(gateway.station("roof").unwrap()["counts"]["duplicates"], 1);
}

#[test]
fn ten_short_streams_of_a_station_that_keeps_losing_its_power_are_all_closed() {
    let gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    let id = |n: u64| format!("{n:016x}");
    let first_at = now();
    let entry = |n: u64, last: Option<u64>| {
        let mut entry = json!({ "stream": id(n), "first_at": first_at, "cursor": 0, "oldest": 1 });
        if let Some(last) = last {
            entry["last"] = last.into();
        }
        entry
    };
    let listed: Vec<Value> = (1..=10).map(|n| entry(n, (n < 10).then_some(3))).collect();
    wire.say_retained("minuano/v1/roof/streams", json!({ "streams": listed }).to_string());
    // One at a time, oldest first, as a station does; more of them than one answer holds.
    for n in 1..=10 {
        wire.say(BACKLOG, backlog(&id(n), 0, 1, 1..=3));
        wire.hear(ACKNOWLEDGED, "its end", |heard| {
            let streams = heard.json()["streams"].as_array()?.clone();
            streams.iter().any(|entry| entry["stream"] == id(n) && entry["through"] == 3).then_some(())
        });
    }
    let counts = &gateway.station("roof").unwrap()["counts"];
    assert_eq!(*counts, json!({ "stored": 30, "lost": 0, "duplicates": 0, "elsewhere": 0 }));
}

/// The embedded broker's log of live readings is ten segments of ten mebibytes. A gateway that cannot write reads no
/// further, and what comes meanwhile runs over: the broker has taken it, and drops it.
#[test]
fn what_the_embedded_broker_took_and_dropped_is_sent_again() {
    let gateway = Gateway::start(&Settings::default());
    // Another program holds the store's lock for writing.
    let holder = rusqlite::Connection::open(gateway.file("gateway.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let padding = "x".repeat(15_000);
    let large = |seq: u64| {
        let reading = minuano_tests::payload::reading_with(seq, "note", padding.as_str());
        minuano_tests::payload::batch(STREAM, 0, 1, &[reading])
    };
    let most = 20_000;
    let station = Wire::without_ears(gateway.mqtt_port);
    station.flood(TELEMETRY, (1..=most).map(large));
    holder.execute_batch("ROLLBACK").unwrap();
    drop(holder);
    // Behind all that the broker still has.
    station.say(TELEMETRY, telemetry(STREAM, most + 1));
    let seen =
        gateway.wait_for_station("roof", "the last one", |seen| seen["last_reading"]["seq"] == most + 1);
    let stored = seen["counts"]["stored"].as_u64().unwrap();
    println!("{stored} of {} came through", most + 1);
    assert!(stored <= most, "the broker dropped nothing, so this test shows nothing");
    // The station was told of nothing beyond a hole, and sends the rest again.
    for first in (1..=most).step_by(64) {
        station.say(BACKLOG, backlog(STREAM, 0, 1, first..=(first + 63).min(most)));
    }
    let seen = gateway.wait_for_station("roof", "all", |seen| seen["counts"]["stored"] == most + 1);
    assert_eq!(seen["counts"]["lost"], 0, "{seen}");
    let wire = Wire::connect(gateway.mqtt_port);
    wire.hear(ACKNOWLEDGED, "all of it", |heard| {
        (heard.json()["streams"][0]["through"] == most + 1).then_some(())
    });
}
