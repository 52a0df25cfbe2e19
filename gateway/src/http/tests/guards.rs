//! Who may ask, how often, and what is around every answer.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{REQUEST_ID, World};
use crate::config::HttpConfig;
use crate::http::limit::Peer;

const STATIONS: &str = "/api/v1/stations";
const TOKEN: &str = "correct horse battery staple";

async fn with(world: &World, path: &str, headers: &[(&str, &str)]) -> Response {
    let request =
        headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    world.response(request.body(Body::empty()).unwrap()).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

fn guarded() -> World {
    let token = serde_json::from_value(TOKEN.into()).unwrap();
    World::new().served_as(&HttpConfig { read_token: Some(token), ..HttpConfig::default() })
}

#[tokio::test]
async fn an_answer_is_not_sent_again_to_who_has_it() {
    let world = World::new();
    let first = with(&world, STATIONS, &[]).await;
    let tag = header(&first, "etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    assert_eq!(header(&first, "cache-control"), "private, no-cache");
    let again = with(&world, STATIONS, &[("if-none-match", &tag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!((header(&again, "etag"), header(&again, "content-type")), (tag.as_str(), ""));
    assert!(axum::body::to_bytes(again.into_body(), 10).await.unwrap().is_empty());
    world.station("roof", "UTC");
    let changed = with(&world, STATIONS, &[("if-none-match", &tag)]).await;
    assert_eq!(changed.status(), StatusCode::OK);
    for path in ["/healthz", "/metrics", "/api/v1/stream", "/api/v1/nothing"] {
        assert_eq!(header(&with(&world, path, &[]).await, "etag"), "", "{path}");
    }
}

#[tokio::test]
async fn answers_leave_compressed_where_that_is_understood_and_helps() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T12:00:00Z", 600);
    let range = "from=2026-11-20T12:00:00Z&to=2026-11-20T15:00:00Z&resolution=raw";
    let path = format!("{STATIONS}/roof/readings?{range}");
    let plain = world.get(&path).await.body.len();
    for coding in ["gzip", "br"] {
        let response = with(&world, &path, &[("accept-encoding", coding)]).await;
        assert_eq!(header(&response, "content-encoding"), coding);
        let varies: Vec<_> =
            response.headers().get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
        assert!(varies.contains(&"accept") && varies.contains(&"accept-encoding"), "{varies:?}");
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(bytes.len() * 8 < plain, "{coding}: {} of {plain}", bytes.len());
    }
    for path in [format!("{path}&format=parquet"), "/healthz".to_owned(), "/api/v1/stream".to_owned()] {
        let response = with(&world, &path, &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(header(&response, "content-encoding"), "", "{path}");
    }
}

#[tokio::test]
async fn a_request_has_a_name() {
    let world = World::new();
    let response = with(&world, "/api/v1/nothing", &[("x-request-id", "mine-1")]).await;
    assert_eq!(header(&response, "x-request-id"), "mine-1");
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["request_id"], "mine-1");
    let made = world.get(STATIONS).await;
    assert_ne!(made.header(REQUEST_ID), world.get(STATIONS).await.header(REQUEST_ID));
    assert_eq!(
        header(&with(&world, STATIONS, &[("x-request-id", "<b>")]).await, "x-request-id").find('<'),
        None
    );
}

#[tokio::test]
async fn browsers_are_told_what_they_must_not_do() {
    let world = World::new();
    let page = with(&world, "/", &[]).await;
    let policy = header(&page, "content-security-policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for path in ["/", STATIONS, "/api/v1/nothing"] {
        let response = with(&world, path, &[]).await;
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn who_asks_too_much_is_told_when_to_come_back_and_others_do_not_notice() {
    let config = HttpConfig { requests_per_second: 1, burst: 3, at_once: 2, ..HttpConfig::default() };
    let world = World::new().served_as(&config);
    let of = async |peer: &str, path: &str| {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        world.response(request).await
    };
    let stream = of("192.0.2.1", "/api/v1/stream").await;
    let other = of("192.0.2.1", "/api/v1/stream").await;
    let refused = of("192.0.2.1", STATIONS).await;
    assert_eq!((refused.status(), header(&refused, "retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(header(&refused, "content-type"), "application/problem+json");
    drop((stream, other));
    assert_eq!(
        of("192.0.2.1", STATIONS).await.status(),
        StatusCode::OK,
        "an ended stream gives its place back"
    );
    assert_eq!(of("192.0.2.1", STATIONS).await.status(), StatusCode::TOO_MANY_REQUESTS, "the burst is over");
    assert_eq!(of("192.0.2.2", STATIONS).await.status(), StatusCode::OK);
    assert_eq!(of("192.0.2.1", "/healthz").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn with_a_token_who_does_not_show_it_reads_nothing() {
    let world = guarded();
    world.station("roof", "UTC");
    world.readiness.set("broker", true, "connected to secret-host");
    world.readiness.set("store", true, "");
    for path in
        [STATIONS, "/api/v1/stream", "/api/v1/openapi.json", "/metrics", "/api/v1/stations/roof/readings"]
    {
        for shown in [None, Some("Bearer wrong"), Some(TOKEN), Some("Basic Y29ycmVjdA==")] {
            let headers: Vec<_> = shown.map(|shown| ("authorization", shown)).into_iter().collect();
            let response = with(&world, path, &headers).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path} {shown:?}");
            assert!(header(&response, "www-authenticate").starts_with("Bearer"));
            assert_eq!(header(&response, "content-type"), "application/problem+json");
        }
        let shown = format!("Bearer {TOKEN}");
        assert_eq!(with(&world, path, &[("authorization", &shown)]).await.status(), StatusCode::OK, "{path}");
    }
    assert_eq!(world.get("/healthz").await.status, StatusCode::OK);
    let ready = world.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::OK);
    assert!(!ready.body.contains("secret-host"), "{}", ready.body);
}

#[tokio::test]
async fn a_browser_shows_the_token_once_and_has_a_cookie() {
    let world = guarded();
    let page = with(&world, "/", &[]).await;
    assert_eq!(
        (page.status(), header(&page, "content-type")),
        (StatusCode::UNAUTHORIZED, "text/html; charset=utf-8")
    );
    let sent = |token: &str| {
        let body = Body::from(format!("token={}", token.replace(' ', "+")));
        let request = Request::post("/login").header("content-type", "application/x-www-form-urlencoded");
        request.header("x-forwarded-proto", "https").body(body).unwrap()
    };
    let wrong = world.response(sent("wrong")).await;
    assert_eq!((wrong.status(), header(&wrong, "set-cookie")), (StatusCode::UNAUTHORIZED, ""));
    let right = world.response(sent(TOKEN)).await;
    assert_eq!((right.status(), header(&right, "location")), (StatusCode::SEE_OTHER, "./"));
    let cookie = header(&right, "set-cookie");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Secure"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("horse"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let cookies = format!("theme=dark; {pair}");
    assert_eq!(with(&world, STATIONS, &[("cookie", &cookies)]).await.status(), StatusCode::OK);
    assert_eq!(with(&world, "/", &[("cookie", &cookies)]).await.status(), StatusCode::OK);
    let forged = format!("{}0", &pair[..pair.len() - 1]);
    assert_eq!(
        with(&world, STATIONS, &[("cookie", &format!("{forged}x"))]).await.status(),
        StatusCode::UNAUTHORIZED
    );
    let link = with(&world, &format!("/?token={}", TOKEN.replace(' ', "%20")), &[]).await;
    assert_eq!((link.status(), header(&link, "location")), (StatusCode::SEE_OTHER, "./"));
    assert!(header(&link, "set-cookie").starts_with(pair));
    let large = Request::post("/login").header("content-type", "application/x-www-form-urlencoded");
    let large = large.body(Body::from(format!("token={}", "x".repeat(100_000)))).unwrap();
    assert!(world.response(large).await.status().is_client_error());
}

async fn serve(world: &World) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(crate::http::serve(listener, world.app.clone(), std::future::pending()));
    address
}

#[tokio::test]
async fn a_head_that_does_not_come_costs_its_sender_the_connection() {
    let config = HttpConfig { head_within: Duration::from_millis(100), ..HttpConfig::default() };
    let world = World::new().served_as(&config);
    let address = serve(&world).await;
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nx: ").await.unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), slow.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the gateway closes it");
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn connections_beyond_the_seats_wait_for_one() {
    let world = World::new().served_as(&HttpConfig { connections: 1, ..HttpConfig::default() });
    let address = serve(&world).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut first = tokio::net::TcpStream::connect(address).await.unwrap();
    first.write_all(request).await.unwrap();
    let mut head = [0; 12];
    first.read_exact(&mut head).await.unwrap();
    let mut second = tokio::net::TcpStream::connect(address).await.unwrap();
    second.write_all(request).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(200), second.read_exact(&mut head)).await;
    assert!(early.is_err(), "no seat is free");
    drop(first);
    second.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
}
