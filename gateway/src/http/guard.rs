//! Around every route: a panic is answered, a request is counted, and no browser guesses content types.

use std::panic::AssertUnwindSafe;

use axum::extract::{MatchedPath, Request};
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use super::problem::Problem;

/// Answers 500 where a handler panics: one bad request costs nobody else anything.
pub async fn guard(request: Request, next: Next) -> Response {
    // The pattern, never the path itself: clients must not be able to make new time series.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answer.unwrap_or_else(|_| {
        tracing::error!(route, "a route panicked");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the gateway made a mistake; its log says more")
            .into_response()
    });
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    metrics::counter!(
        "minuano_http_requests_total",
        "route" => route.unwrap_or_else(|| "panel".to_owned()),
        "status" => response.status().as_u16().to_string()
    )
    .increment(1);
    response
}
