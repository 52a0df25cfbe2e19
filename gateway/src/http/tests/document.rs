use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;

use super::World;
use crate::http::openapi;

/// What DESIGN promises.
const ROUTES: [&str; 15] = [
    "/api/v1/stations",
    "/api/v1/stations/{station}",
    "/api/v1/stations/{station}/readings",
    "/api/v1/stations/{station}/health",
    "/api/v1/stations/{station}/records",
    "/api/v1/stations/{station}/summary",
    "/api/v1/anomalies",
    "/api/v1/events",
    "/api/v1/losses",
    "/api/v1/stream",
    "/api/v1/lake",
    "/api/v1/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// To refresh: `UPDATE_GOLDEN=1 cargo test -p minuano-gateway --lib http::tests::document`
#[test]
fn the_document_is_the_one_in_the_repository() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let document = format!("{}\n", openapi());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file, &document).unwrap();
    }
    let golden = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        golden == document,
        "gateway/openapi.json is old; refresh it with UPDATE_GOLDEN=1 and look at the difference"
    );
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document: Value = serde_json::from_str(&openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let described: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    let mut promised = ROUTES.to_vec();
    promised.sort_unstable();
    assert_eq!(described, promised);
}

#[tokio::test]
async fn every_route_that_is_described_answers() {
    let world = World::new();
    world.station("roof", "UTC");
    world.readiness.set("broker", true, "");
    world.readiness.set("store", true, "");
    for route in ROUTES {
        let path = route.replace("{station}", "roof");
        let response = world.response(Request::get(&path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let response = world.response(Request::head(&path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK, "HEAD {path}");
    }
    assert_eq!(world.get("/api/v1/openapi.json").await.body, openapi());
}
