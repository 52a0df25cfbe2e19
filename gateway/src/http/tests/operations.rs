use axum::http::{StatusCode, header};
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
