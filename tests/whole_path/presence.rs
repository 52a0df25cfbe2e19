//! Who is there: by its own word, by its will, by silence.

use std::time::{Duration, Instant};

use minuano_tests::payload::telemetry;
use minuano_tests::station::QUICK;
use minuano_tests::{Gateway, Mosquitto, SOON, Settings, Station, Wire};
use serde_json::{Value, json};

const STREAM: &str = "9f2c41d07a3be658";

#[test]
fn silence_of_three_reports_and_at_least_five_seconds_is_offline() {
    let gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    let about = json!({ "name": "Quiet", "version": "0.1.0", "report_s": 1, "sensors": [] });
    wire.say_retained("minuano/v1/quiet/about", about.to_string());
    wire.say_retained("minuano/v1/quiet/status", r#"{"state":"online"}"#);
    let spoke = Instant::now();
    wire.say("minuano/v1/quiet/telemetry", telemetry(STREAM, 1));
    gateway.wait_for_station("quiet", "online", |station| station["state"] == "online");
    gateway.wait_for_station("quiet", "offline", |station| station["state"] == "offline");
    let silent = spoke.elapsed();
    assert!(silent >= Duration::from_secs(5), "it was called offline after {silent:?}");
    assert!(silent < Duration::from_secs(15), "it was called offline only after {silent:?}");
    wire.say("minuano/v1/quiet/telemetry", telemetry(STREAM, 2));
    gateway.wait_for_station("quiet", "online again", |station| station["state"] == "online");
}

#[test]
fn a_will_is_believed_at_once_and_a_station_that_sees_itself_offline_says_online() {
    let broker = Mosquitto::start();
    let gateway = Gateway::start(&Settings { broker: Some(broker.port), ..Settings::default() });
    let mut station = Station::start("roof", broker.port, QUICK);
    gateway.wait_for_station("roof", "online", |seen| seen["state"] == "online");

    let wire = Wire::connect(broker.port);
    let status = "minuano/v1/roof/status";
    wire.say_retained(status, r#"{"state":"offline"}"#);
    let is = |state: &'static str| move |said: &Value| said["state"] == state;
    let heard = || wire.heard(status).iter().map(|heard| heard.json()).collect::<Vec<_>>();
    minuano_tests::eventually("online after offline", SOON, || {
        let said = heard();
        let offline = said.iter().position(is("offline"))?;
        said[offline..].iter().any(is("online")).then_some(())
    });
    gateway.wait_for_station("roof", "online", |seen| seen["state"] == "online");

    let killed = Instant::now();
    station.kill_9();
    gateway.wait_for_station("roof", "offline", |seen| seen["state"] == "offline");
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
}

#[test]
fn a_station_that_is_stopped_says_so_and_stays_known_over_a_restart_of_the_gateway() {
    let mut gateway = Gateway::start(&Settings::default());
    let mut station = Station::start("roof", gateway.mqtt_port, QUICK);
    gateway.wait_for_station("roof", "online", |seen| {
        seen["state"] == "online" && seen["counts"]["stored"].as_u64() > Some(5)
    });
    assert_eq!(station.stop(), Some(0));
    let before = gateway.wait_for_station("roof", "stopped", |seen| seen["state"] == "stopped");
    assert_eq!(gateway.stop(), Some(0));
    gateway.start_again();
    let after = gateway.station("roof").unwrap();
    for key in ["state", "place", "counts", "last_reading", "sensors"] {
        assert_eq!(after[key], before[key], "{key}");
    }
    assert_eq!(after["place"]["zone"], "America/Denver");
    assert_eq!(after["health"]["measured"], before["health"]["measured"]);
}
