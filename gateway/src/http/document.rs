//! The OpenAPI document, made from the routes: what is served and what is described cannot differ.

use std::sync::{Arc, LazyLock};

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    App, BASE, anomalies, events, health, lake, losses, probes, readings, records, stations, stream, summary,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Minuano gateway",
        description = "What weather stations measured. Lists are `{\"items\":[…],\"next\":null}`; times are RFC 3339 in \
            UTC; ranges are [from, to); days are those of the station's zone. Every error is \
            `application/problem+json`. A parameter that a route does not know is an error. Where the gateway has a read \
            token, everything here and `/metrics` takes `Authorization: Bearer …` or the cookie that `/login` gives, and is \
            401 without; `/healthz` is open, and `/readyz` without its details. A client that asks for too much gets 429 \
            with `Retry-After`. Answers carry `X-Request-Id`, and whole ones an `ETag` for `If-None-Match`.",
    ),
    servers((url = "/", description = "This gateway")),
    tags(
        (name = "stations", description = "What is there now"),
        (name = "readings", description = "What was measured"),
        (name = "quality", description = "What is doubtful, what is lost"),
        (name = "weather", description = "Frost, heat, a storm on its way, fog"),
        (name = "live", description = "What happens now"),
        (name = "lake", description = "What is in the Parquet lake"),
        (name = "operations", description = "For supervisors and monitoring"),
    ),
)]
struct Document;

/// Every route with its description.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    let api = OpenApiRouter::new()
        .routes(routes!(stations::list))
        .routes(routes!(stations::one))
        .routes(routes!(health::list))
        .routes(routes!(readings::list))
        .routes(routes!(summary::show))
        .routes(routes!(records::show))
        .routes(routes!(anomalies::list))
        .routes(routes!(events::list))
        .routes(routes!(losses::list))
        .routes(routes!(stream::listen))
        .routes(routes!(lake::show))
        .routes(routes!(show));
    OpenApiRouter::with_openapi(Document::openapi())
        .nest(BASE, api)
        .routes(routes!(probes::healthz))
        .routes(routes!(probes::readyz))
        .routes(routes!(probes::scrape))
}

/// The document as JSON for people: `minuano-gateway openapi` prints it.
pub fn openapi() -> String {
    let (_, document) = routes().split_for_parts();
    document.to_pretty_json().unwrap_or_else(|error| {
        tracing::error!(%error, "the OpenAPI document could not be written");
        "{}".to_owned()
    })
}

static TEXT: LazyLock<String> = LazyLock::new(openapi);

/// This document
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"))
)]
pub async fn show() -> Response {
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}
