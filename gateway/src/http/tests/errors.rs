use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use super::{Answer, World};

fn problem(answer: &Answer, status: StatusCode, path: &str) -> String {
    assert_eq!(answer.status, status, "{path}: {}", answer.body);
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json", "{path}");
    let problem = answer.json();
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["title"], status.canonical_reason().unwrap());
    assert_eq!(problem["status"], status.as_u16());
    problem["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_wrong_parameter_is_named_with_what_would_be_right() {
    let world = World::new();
    world.station("roof", "UTC");
    let readings = "/api/v1/stations/roof/readings";
    for (path, named, right) in [
        (format!("{readings}?from=yesterday"), "from:", "RFC 3339"),
        (format!("{readings}?from="), "from:", "RFC 3339"),
        (format!("{readings}?to=2026-11-20"), "to:", "RFC 3339"),
        (format!("{readings}?from=2026-11-20T12:00:00+01:00"), "from:", "%2B"),
        (format!("{readings}?from=%ff%fe"), "from:", "RFC 3339"),
        (format!("{readings}?from=2026-13-01T00:00:00Z"), "from:", "RFC 3339"),
        (format!("{readings}?from={}", "9".repeat(4000)), "from:", "RFC 3339"),
        (format!("{readings}?from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:00Z"), "from:", "not before to"),
        (format!("{readings}?from=2100-01-01T00:00:00Z"), "from:", "to is now"),
        (format!("{readings}?from=2000-01-01T00:00:00Z&to=2020-01-01T00:00:00Z"), "from:", "3653 days"),
        (format!("{readings}?resolution=5m"), "resolution:", "auto, raw, 1m, 10m, 1h or 1d"),
        (
            format!("{readings}?resolution=1m&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"),
            "resolution:",
            "at most 10000",
        ),
        (format!("{readings}?limit=0"), "limit:", "1 to 10000"),
        (format!("{readings}?limit=10001"), "limit:", "1 to 10000"),
        (format!("{readings}?limit=-1"), "limit:", "1 to 10000"),
        (format!("{readings}?limit=many"), "limit:", "1 to 10000"),
        (format!("{readings}?cursor=xyz"), "cursor:", "`next`"),
        (format!("{readings}?cursor=raw.1.2.3"), "cursor:", "`next`"),
        (format!("{readings}?cursor=raw.2.1.3.4"), "cursor:", "`next`"),
        (format!("{readings}?cursor=raw.0.1.99999999999999999.4"), "cursor:", "`next`"),
        (format!("{readings}?form=2026-11-20T12:00:00Z"), "`form`", "`from`"),
        (format!("{readings}?limit=1&limit=2"), "`limit`", "duplicate"),
        ("/api/v1/stations?limit=0".to_owned(), "limit:", "1 to 10000"),
        ("/api/v1/stations?cursor=Ä".to_owned().replace('Ä', "%C3%84"), "cursor:", "`next`"),
        ("/api/v1/stations/roof?limit=1".to_owned(), "`limit`", "unknown"),
        ("/api/v1/anomalies?state=new".to_owned(), "state:", "open or closed"),
        ("/api/v1/anomalies?station=Roof".to_owned(), "station:", "a-z 0-9"),
        ("/api/v1/anomalies?cursor=lake.1".to_owned(), "cursor:", "`next`"),
        ("/api/v1/anomalies?from=1".to_owned(), "from:", "RFC 3339"),
        ("/api/v1/losses?station=".to_owned(), "station:", "a-z 0-9"),
        ("/api/v1/losses?cursor=time".to_owned(), "cursor:", "`next`"),
        (
            "/api/v1/losses?from=2026-01-01T00:00:00Z&to=2025-01-01T00:00:00Z".to_owned(),
            "from:",
            "not before to",
        ),
        ("/api/v1/lake?limit=1.5".to_owned(), "limit:", "1 to 10000"),
        ("/api/v1/stream?stations=roof".to_owned(), "`stations`", "`station`"),
    ] {
        let detail = problem(&world.get(&path).await, StatusCode::BAD_REQUEST, &path);
        assert!(detail.contains(named) && detail.contains(right), "{path}: {detail}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::new();
    world.station("roof", "UTC");
    for path in [
        "/api/v1/stations/shed",
        "/api/v1/stations/Shed",
        "/api/v1/stations/%2e%2e",
        "/api/v1/stations/shed/readings",
        "/api/v1/stations/%00/readings",
        "/api/v1/anomalies?station=shed",
        "/api/v1/losses?station=shed",
        "/api/v1/stream?station=shed",
        "/api/v1",
        "/api/v1/",
        "/api/v1/station",
        "/api/v1/stations/",
        "/api/v1/stations/roof/",
        "/api/v2/stations",
        "/nothing",
    ] {
        problem(&world.get(path).await, StatusCode::NOT_FOUND, path);
    }
    let path = "/api/v1/nothing";
    assert!(problem(&world.get(path).await, StatusCode::NOT_FOUND, path).contains(path));
    problem(&world.get("/api/v1/stations/%ff").await, StatusCode::BAD_REQUEST, "no UTF-8");
}

#[tokio::test]
async fn other_methods_are_told_what_is_possible() {
    let world = World::new();
    world.station("roof", "UTC");
    for path in ["/api/v1/stations", "/api/v1/stations/roof/readings", "/api/v1/stream", "/healthz", "/"] {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "INVENTED"] {
            let request = Request::builder().method(method).uri(path).body(Body::from("{")).unwrap();
            let answer = world.answer(request).await;
            let detail = problem(&answer, StatusCode::METHOD_NOT_ALLOWED, path);
            assert!(detail.contains("GET"), "{detail}");
            assert_eq!(answer.header(header::ALLOW), "GET,HEAD", "{method} {path}");
        }
    }
    let request = Request::post("/api/v1/nothing").body(Body::empty()).unwrap();
    problem(&world.answer(request).await, StatusCode::NOT_FOUND, "POST to nothing");
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_a_problem_without_its_path() {
    let world = World::new();
    world.station("roof", "UTC");
    world.sql("DROP VIEW observations; DROP TABLE readings; DROP TABLE rollups");
    for path in ["/api/v1/stations", "/api/v1/stations/roof/readings", "/api/v1/lake"] {
        let detail = problem(&world.get(path).await, StatusCode::INTERNAL_SERVER_ERROR, path);
        assert!(!detail.contains(".db"), "{detail}");
    }
}

#[tokio::test]
async fn a_panic_is_answered() {
    use axum::routing::get;
    use tower::ServiceExt;

    let routes = axum::Router::new()
        .route("/", get(async || -> &'static str { panic!("on purpose") }))
        .layer(axum::middleware::from_fn_with_state(World::new().app, crate::http::guard::guard));
    let response = routes.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
}
