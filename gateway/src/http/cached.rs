//! What a client has already is not sent again (RFC 9110, 13.1.2).
//!
//! Tags are weak, since an answer may leave compressed or not and mean the same.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// What is larger, or of unknown length as streams are, goes without a tag.
const MAX_TAGGED: u64 = 4 << 20;

/// Whether the client has what this tag stands for.
pub fn has(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

/// The tag of these bytes.
pub fn tag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{hex}\"")
}

/// Tags whole answers, and answers 304 to who has them.
pub async fn revalidate(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let known = request.headers().clone();
    let response = next.run(request).await;
    let headers = response.headers();
    let is_fixed = headers.contains_key(ETAG) || headers.contains_key(CACHE_CONTROL);
    let length = response.body().size_hint().exact();
    if response.status() != StatusCode::OK || is_fixed || length.is_none_or(|length| length > MAX_TAGGED) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = tag(&bytes);
    if let Ok(value) = tag.parse() {
        parts.headers.insert(ETAG, value);
    }
    // Kept, and asked for each time whether it still holds; by nobody but the one who asked.
    parts.headers.insert(CACHE_CONTROL, const { HeaderValue::from_static("private, no-cache") });
    if has(&known, &tag) {
        parts.status = StatusCode::NOT_MODIFIED;
        for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING] {
            parts.headers.remove(name);
        }
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}
