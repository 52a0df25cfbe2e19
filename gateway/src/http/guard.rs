//! Around every route: a request has a name, is logged and counted, a panic is answered, and browsers are told what
//! they must not do with an answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use super::App;
use super::limit::client;
use super::problem::Problem;
use super::request_id::{HEADER, RequestId};

/// On every answer. The panel adds its policy of content.
const SECURITY: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];
/// Longer paths are cut in the log.
const MAX_LOGGED: usize = 256;

/// Answers 500 where a handler panics: one bad request costs nobody else anything.
pub async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = RequestId::of(request.headers());
    // The pattern, never the path itself: clients must not be able to make new time series.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let (method, client) = (request.method().clone(), client(&app, &request));
    // Without the query, which may hold a token.
    let path: String = request.uri().path().chars().take(MAX_LOGGED).collect();
    let answering = id.clone().during(async {
        AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(route, request = %id, "a route panicked");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the gateway made a mistake; its log says more")
                .into_response()
        })
    });
    let mut response = answering.await;
    let status = response.status().as_u16();
    for (name, value) in SECURITY {
        response.headers_mut().insert(name, value);
    }
    if let Ok(value) = id.to_string().parse() {
        response.headers_mut().insert(HEADER, value);
    }
    if app.settings.access_log {
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(target: "minuano_gateway::access", %method, path, status, ms, %client, request = %id);
    }
    metrics::counter!(
        "minuano_http_requests_total",
        "route" => route.unwrap_or_else(|| "panel".to_owned()),
        "status" => status.to_string()
    )
    .increment(1);
    response
}
