//! Any query on any route: an answer or a problem that says why not, never a fault of ours.

use axum::http::Uri;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use super::*;

const PATHS: [&str; 9] = [
    "/api/v1/stations",
    "/api/v1/stations/roof",
    "/api/v1/stations/roof/readings",
    "/api/v1/stations/roof/summary",
    "/api/v1/anomalies",
    "/api/v1/losses",
    "/api/v1/stream",
    "/api/v1/lake",
    "/api/v1/openapi.json",
];
const KEYS: [&str; 13] = [
    "from",
    "to",
    "resolution",
    "limit",
    "cursor",
    "station",
    "state",
    "period",
    "date",
    "last_event_id",
    "zone",
    "x",
    "",
];
const VALUES: [&str; 30] = [
    "2026-11-20T12:00:00Z",
    "2026-11-20T13:00:00%2B01:00",
    "0000-01-01T00:00:00Z",
    "9999-12-30T22:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-11-20",
    "2026-11",
    "2026",
    "raw",
    "auto",
    "1m",
    "10m",
    "1h",
    "1d",
    "day",
    "month",
    "year",
    "open",
    "roof",
    "ROOF",
    "0",
    "1",
    "10000",
    "10001",
    "-9223372036854775808",
    "9223372036854775807",
    "raw.0.0.0.0",
    "1m.-1.9223372036854775807.0.0",
    "%00",
    "%ff%fe",
];

fn any_pair() -> impl Strategy<Value = String> {
    let key = prop_oneof![8 => select(&KEYS[..]).prop_map(str::to_owned), 1 => "[ -~]{0,8}"];
    let value = prop_oneof![8 => select(&VALUES[..]).prop_map(str::to_owned), 2 => "[!-~]{0,24}", 1 => "[0-9.-]{0,40}"];
    (key, value).prop_map(|(key, value)| format!("{key}={value}"))
}

#[test]
fn fuzz_queries() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = World::new();
    let roof = world.station("roof", "America/Denver");
    world.fill(roof, "2026-11-20T12:00:00Z", 20);
    let asked = (select(&PATHS[..]), prop::collection::vec(any_pair(), 0..5));
    let mut runner = TestRunner::default();
    let outcome = runner.run(&asked, |(path, pairs)| {
        let path = format!("{path}?{}", pairs.join("&"));
        // What is no URI never gets here.
        let Ok(uri) = path.parse::<Uri>() else { return Ok(()) };
        let request = Request::get(uri).body(Body::empty()).unwrap();
        let response = runtime.block_on(world.response(request));
        let status = response.status();
        prop_assert!(!status.is_server_error(), "{path}: {status}");
        if !status.is_success() {
            let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_vec());
            prop_assert_eq!(kind.as_deref(), Some(&b"application/problem+json"[..]), "{}: {}", path, status);
        }
        Ok(())
    });
    outcome.unwrap();
}
