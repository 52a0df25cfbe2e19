//! Every bad request: the right status, as `application/problem+json`, and words that help.

use minuano_tests::payload::telemetry;
use minuano_tests::{Gateway, Settings, Wire, http};

const READINGS: &str = "/api/v1/stations/roof/readings";

/// A method, a path, the status, and words that its detail has.
const CASES: [(&str, &str, u16, &[&str]); 32] = [
    ("GET", "/api/v1/stations/nobody", 404, &["nobody"]),
    ("GET", "/api/v1/stations/nobody/readings", 404, &["nobody"]),
    ("GET", "/api/v1/stations/No%20Body", 404, &["No Body"]),
    ("GET", "/api/v1/stations/..%2f..%2fetc%2fpasswd", 404, &["passwd"]),
    ("GET", "/api/v1/losses?station=nobody", 404, &["nobody"]),
    ("GET", "/api/v1/anomalies?station=nobody", 404, &["nobody"]),
    ("GET", "/api/v1/losses?station=No+Body", 400, &["station"]),
    ("GET", "?from=yesterday", 400, &["from", "2026-11-20T12:00:00Z"]),
    ("GET", "?from=2026-11-20", 400, &["from", "RFC 3339"]),
    ("GET", "?to=2026-02-30T00:00:00Z", 400, &["to", "RFC 3339"]),
    ("GET", "?from=2026-11-20T12:00:00+00:00", 400, &["from", "%2B"]),
    ("GET", "?from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z", 400, &["from", "before"]),
    ("GET", "?from=2010-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", 400, &["3653 days"]),
    (
        "GET",
        "?from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&resolution=1m",
        400,
        &["resolution", "10000"],
    ),
    ("GET", "?resolution=2m", 400, &["resolution", "auto, raw, 1m, 10m, 1h or 1d"]),
    ("GET", "?resolution=", 400, &["resolution"]),
    ("GET", "?limit=0", 400, &["limit", "10000"]),
    ("GET", "?limit=10001", 400, &["limit", "10000"]),
    ("GET", "?limit=many", 400, &["limit"]),
    ("GET", "?limit=-1", 400, &["limit"]),
    ("GET", "?cursor=12", 400, &["cursor", "next"]),
    ("GET", "?cursor=raw.1.2.3.99999999999999999999", 400, &["cursor"]),
    ("GET", "?form=2026-11-20T12:00:00Z", 400, &["form"]),
    ("GET", "/api/v1/anomalies?state=ajar", 400, &["state", "open or closed"]),
    ("GET", "/api/v1/lake?cursor=x", 400, &["cursor"]),
    ("GET", "/api/v1/nothing", 404, &["/api/v1/nothing"]),
    ("GET", "/nothing/at/all", 404, &["/nothing/at/all"]),
    ("POST", "/api/v1/stations", 405, &["GET"]),
    ("DELETE", "/api/v1/stations/roof", 405, &["GET"]),
    ("PUT", "/healthz", 405, &["GET"]),
    ("POST", "/", 405, &["GET"]),
    ("PATCH", "/api/v1/stream", 405, &["GET"]),
];

#[test]
fn every_bad_request_is_a_problem_that_says_what_would_be_right() {
    let gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say("minuano/v1/roof/telemetry", telemetry("9f2c41d07a3be658", 1));
    gateway.wait_for_station("roof", "known", |_| true);
    for (method, path, status, words) in CASES {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{READINGS}{path}") };
        let answer = http::request(method, &gateway.url(&path), &[]).unwrap();
        let what = format!("{method} {path}: {answer:?}");
        assert_eq!(answer.status, status, "{what}");
        assert_eq!(answer.content_type, "application/problem+json", "{what}");
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{what}");
        assert!(problem["title"].is_string() && problem["type"].is_string(), "{what}");
        let detail = problem["detail"].as_str().unwrap();
        for word in words {
            assert!(detail.contains(word), "{word:?} in {detail:?}: {what}");
        }
    }
    let answer = http::request("GET", &gateway.url(READINGS), &[("accept", "image/png")]).unwrap();
    assert_eq!((answer.status, answer.content_type.as_str()), (406, "application/problem+json"));
    let answer = http::request("GET", &gateway.url("/readyz"), &[]).unwrap();
    assert_eq!(answer.status, 200, "it goes on: {answer:?}");
}

#[test]
fn readings_come_as_csv_when_asked_for() {
    let gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say("minuano/v1/roof/telemetry", telemetry("9f2c41d07a3be658", 1));
    gateway.wait_for_station("roof", "stored", |station| station["counts"]["stored"] == 1);
    let url = gateway.url(&format!("{READINGS}?resolution=raw"));
    let answer = http::request("GET", &url, &[("accept", "text/csv")]).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.content_type.starts_with("text/csv"), "{answer:?}");
    let [header, line] = answer.body.lines().collect::<Vec<_>>()[..] else { panic!("{answer:?}") };
    let column = header.split(',').position(|name| name == "temperature_c").unwrap();
    assert_eq!(line.split(',').nth(column), Some("21.43"), "{answer:?}");
}

#[test]
fn the_openapi_document_names_every_route() {
    let gateway = Gateway::start(&Settings::default());
    let document = gateway.get("/openapi.json");
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{document}");
    let routes = [
        "/api/v1/stations",
        "/api/v1/stations/{station}",
        "/api/v1/stations/{station}/readings",
        "/api/v1/anomalies",
        "/api/v1/losses",
        "/api/v1/stream",
        "/api/v1/lake",
        "/healthz",
        "/readyz",
        "/metrics",
    ];
    for route in routes {
        assert!(document["paths"][route]["get"].is_object(), "{route}");
    }
    let printed =
        minuano_tests::process::call(minuano_tests::process::binary("minuano-gateway").arg("openapi"));
    assert_eq!(printed.code, Some(0));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&printed.stdout).unwrap(), document);
}
