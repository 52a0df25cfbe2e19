use axum::http::{StatusCode, header};
use minuano_telemetry::Flag;
use serde_json::json;

use super::{REQUEST_ID, World};
use crate::directory::Presence;

#[tokio::test]
async fn a_process_that_serves_is_alive() {
    assert_eq!(World::new().ok("/healthz").await, json!({"status": "ok"}));
}

#[tokio::test]
async fn ready_when_every_condition_is_met() {
    let world = World::new();
    let answer = world.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    world.readiness.set("store", true, "writes");
    world.readiness.set("broker", false, "connection refused");
    let answer = world.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json");
    let mut problem = answer.json();
    assert_eq!(problem.as_object_mut().unwrap().remove("request_id").unwrap(), answer.header(REQUEST_ID));
    assert_eq!(
        problem,
        json!({
            "type": "about:blank", "title": "Service Unavailable", "status": 503,
            "detail": "broker: connection refused", "ready": false,
            "conditions": [
                {"name": "broker", "met": false, "detail": "connection refused"},
                {"name": "store", "met": true, "detail": "writes"}
            ]
        })
    );
    world.readiness.set("broker", true, "connected");
    assert_eq!(world.ok("/readyz").await["ready"], true);
}

#[tokio::test]
async fn metrics_count_every_station() {
    let world = World::new();
    for (name, stored) in [("roof", 5), ("shed", 7)] {
        world.directory.change(&name.parse().unwrap(), |now| {
            now.presence = Presence::Online;
            now.counts.stored = stored;
            now.counts.lost_overflow = 1;
            now.counts.lost_ended = 2;
            now.counts.duplicates = 3;
            now.counts.elsewhere = 4;
        });
    }
    let answer = world.get("/metrics").await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "# HELP minuano_readings_stored_total Readings on disk, counted once.",
        "# TYPE minuano_readings_stored_total counter",
        "minuano_readings_stored_total 12",
        "minuano_readings_lost_total{reason=\"overflow\"} 2",
        "minuano_readings_lost_total{reason=\"ended\"} 4",
        "minuano_readings_duplicate_total 6",
        "minuano_readings_elsewhere_total 8",
        "minuano_stations{state=\"online\"} 2",
        "minuano_stations{state=\"offline\"} 0",
    ] {
        assert!(answer.body.lines().any(|each| each == line), "{line} is not in\n{}", answer.body);
    }
    assert!(answer.body.contains("minuano_build_info{version=\""));
}

#[tokio::test]
async fn metrics_show_the_weather_of_who_is_online() {
    let world = World::new();
    for (name, presence) in [("roof", Presence::Online), ("shed", Presence::Offline)] {
        let run = world.station(name, "America/Denver");
        let values =
            [Some((21.43, Flag::Good)), Some((1013.25, Flag::Fail)), Some((48.7, Flag::Suspect)), None];
        let last = world.stored(world.put(run, 1, "2026-11-20T12:00:00Z", values));
        world.directory.change(&name.parse().unwrap(), |now| {
            now.presence = presence;
            now.last_reading = Some(last);
        });
    }
    let body = world.get("/metrics").await.body;
    let shown = |line: &str| body.lines().any(|each| each == line);
    assert!(shown("minuano_temperature_c{station=\"roof\"} 21.43"), "{body}");
    assert!(shown("minuano_station_up{station=\"shed\"} 0"), "{body}");
    assert!(shown("minuano_stations_without_series 0"), "{body}");
    assert!(body.contains("minuano_dew_point_c{station=\"roof\"} "), "{body}");
    assert!(
        !body.contains("minuano_humidity_pct{station=\"shed\"}"),
        "a straight line after its end: {body}"
    );
    assert!(!body.contains("minuano_pressure_hpa{"), "it has flag 4: {body}");
}
