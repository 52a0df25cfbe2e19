//! A sensor that is broken: flagged beside its values, and told wherever people listen.

use std::fmt::Write;

use minuano_tests::station::QUICK;
use minuano_tests::{Gateway, SOON, Settings, Station, Wire, eventually};

use crate::stream::Listener;

/// A day at which a BMP280 stays near 500 hPa, as broken ones do, while all else is as it should be. The emulated chip's
/// noise of some tenths keeps it above the 500 hPa below which the range alone would tell.
fn stuck() -> String {
    let mut series = "time,temperature_c,humidity_pct,pressure_hpa,solar_w_m2\n".to_owned();
    for minute in 0..1440 {
        let temperature = 12.0 + 0.01 * f64::from(minute % 7);
        writeln!(
            series,
            "2026-03-01T{:02}:{:02}:00Z,{temperature:.2},55.0,502.0,0",
            minute / 60,
            minute % 60
        )
        .unwrap();
    }
    series
}

#[test]
fn a_broken_sensor_is_flagged_over_http_and_told_on_mqtt_and_in_the_stream() {
    let gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    let mut listener = Listener::open(&gateway, None);
    let folder = tempfile::tempdir().unwrap();
    let series = folder.path().join("day.csv");
    std::fs::write(&series, stuck()).unwrap();
    let bus = QUICK.replace(
        "kind = \"emulated\"\n",
        &format!("kind = \"emulated\"\nparts = [\"bmp280\"]\nseries = {series:?}\n"),
    );
    let _station = Station::start("roof", gateway.mqtt_port, &bus);

    let event = listener.next("anomaly").data;
    assert_eq!(event["station"], "roof", "{event}");
    assert_eq!(event["kind"], "altitude", "{event}");
    assert_eq!(event["quantity"], "pressure_hpa", "{event}");
    assert_eq!((&event["flag"], &event["state"]), (&4.into(), &"open".into()), "{event}");
    let evidence = event["evidence"].as_str().unwrap();
    assert!(evidence.contains("hPa below the 76") && evidence.contains("of its altitude"), "{evidence}");

    let told = wire.hear("minuano/v1/roof/anomaly", "the anomaly", |heard| Some(heard.json()));
    assert_eq!((&told["id"], &told["evidence"]), (&event["id"], &event["evidence"]));
    let listed = gateway.get("/anomalies?station=roof&state=open");
    let ids: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
    assert_eq!(ids, [&event["id"]], "one episode, not one a reading: {listed}");

    eventually("a flagged reading", SOON, || {
        let readings = gateway.readings("roof");
        let flags = |reading: &serde_json::Value| {
            (reading["flags"]["pressure_hpa"] == 4 && reading["flags"]["temperature_c"] == 1).then_some(())
        };
        readings.iter().find_map(flags)
    });
}
