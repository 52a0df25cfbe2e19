//! `/healthz`, `/readyz`, `/metrics`: for supervisors and monitoring.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::login::MayRead;
use super::problem::{PROBLEM_JSON, Problem};
use super::readiness::Condition;
use super::{App, metrics};

/// The process serves.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alive {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Every condition is met.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    ready: bool,
    conditions: Vec<Condition>,
}

/// Some are not: a problem that lists them all.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotReady {
    #[serde(flatten)]
    problem: Problem,
    ready: bool,
    conditions: Vec<Condition>,
}

/// Whether the process serves
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operations",
    responses((status = 200, description = "It does", body = Alive))
)]
pub async fn healthz() -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(Alive { status: "ok" })).into_response()
}

/// Whether the gateway does its work
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses(
        (status = 200, description = "It does", body = Ready),
        (status = 503, description = "Some condition is not met", body = NotReady, content_type = "application/problem+json"),
    )
)]
pub async fn readyz(
    State(app): State<Arc<App>>,
    Extension(MayRead(may_read)): Extension<MayRead>,
) -> Response {
    let mut conditions = app.readiness.conditions();
    if !may_read {
        // Brokers' hosts and files' names are no business of who may not read.
        conditions.iter_mut().for_each(|condition| condition.detail = "shown to who may read".to_owned());
    }
    let unmet: Vec<String> = conditions
        .iter()
        .filter(|condition| !condition.met)
        .map(|condition| format!("{}: {}", condition.name, condition.detail))
        .collect();
    if unmet.is_empty() && !conditions.is_empty() {
        return ([(CACHE_CONTROL, "no-store")], Json(Ready { ready: true, conditions })).into_response();
    }
    let detail =
        if unmet.is_empty() { "nothing has been looked at yet".to_owned() } else { unmet.join("; ") };
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail);
    let body = Json(NotReady { problem, ready: false, conditions });
    let headers = [(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, PROBLEM_JSON)];
    (StatusCode::SERVICE_UNAVAILABLE, headers, body).into_response()
}

/// Counters for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((status = 200, description = "Text exposition format 0.0.4", body = String, content_type = "text/plain"))
)]
pub async fn scrape(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, metrics::TEXT), (CACHE_CONTROL, "no-store")], metrics::render(&app)).into_response()
}
