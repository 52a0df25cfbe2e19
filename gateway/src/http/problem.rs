//! Every error is `application/problem+json` (RFC 9457): what happened, and what would be right.

use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::request_id::RequestId;
use crate::store::StoreError;

/// The content type of every error.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error as clients see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    #[schema(example = "Bad Request")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 400)]
    status: u16,
    /// What was wrong and what would be right.
    #[schema(example = "from: a time is RFC 3339, such as 2026-11-20T12:00:00Z")]
    detail: String,
    /// The request's `X-Request-Id`, as in the gateway's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "5f0c9a3e-2a")]
    request_id: Option<String>,
}

impl Problem {
    /// An error with `status`.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            request_id: RequestId::current().map(|id| id.to_string()),
        }
    }

    /// The request cannot be answered as it is.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (status, [(CONTENT_TYPE, PROBLEM_JSON)], body).into_response()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // The file's path is the owner's business, not the client's.
        let request = RequestId::current().map(|id| id.to_string());
        tracing::error!(%error, request, "a route could not read the store");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the store could not be read; the gateway's log says why",
        )
    }
}

/// No route, no file of the panel.
pub fn nothing_at(uri: &Uri) -> Problem {
    Problem::not_found(format!(
        "there is nothing at {}; the routes are in {}/openapi.json",
        uri.path(),
        super::BASE
    ))
}

/// A route that only answers to other methods.
pub async fn method_not_allowed(method: Method) -> Response {
    only_get(&method)
}

/// Everything here is read with GET.
pub fn only_get(method: &Method) -> Response {
    let detail = format!("{method} is not possible here; everything is read with GET");
    let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET,HEAD"));
    response
}
