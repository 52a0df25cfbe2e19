//! Routes, panel, metrics: everything that leaves the gateway over HTTP.
//!
//! The routes are the only way in for the panel too, so whatever it can show, a script can have.
//! Nothing here writes: the store is read through connections that cannot.
//!
//! # Layout
//!
//! What every route shares:
//!
//! - [`App`], [`router`]: this file
//! - `server`: takes connections; `seats`: so many of them
//! - [`problem`]: every error is `application/problem+json`
//! - [`parameters`]: query parameters, each refused by name; the bounds of what may be asked
//! - [`cursor`]: where the next page of a list begins
//! - [`accept`]: JSON, CSV or Parquet
//! - [`guard`], [`request_id`]: requests named, logged and counted, panics answered
//! - [`limit`]: what one client may ask for
//! - [`login`]: who may read, where a token is configured
//! - [`cached`]: what a client has already is not sent again
//! - [`document`]: the OpenAPI document, made from the routes
//!
//! The routes, below `/api/v1`:
//!
//! - [`stations`], [`readings`], [`anomalies`], [`events`], [`losses`], [`lake`], each with the form of its JSON
//! - [`summary`], [`records`]: what days, months and years were like, by [`climate`]
//! - [`health`]: how a station was
//! - [`reading`], [`bucket`], [`station`], [`tendency`]: the forms of their items
//! - [`resolution`]: how finely readings are given
//! - [`table`], [`export`]: readings and buckets as tables, as streams of any length
//! - [`stream`]: events as they happen
//!
//! Outside it:
//!
//! - [`panel`]: the built dashboard, embedded
//! - [`probes`], [`readiness`], [`metrics`]: `/healthz`, `/readyz`, `/metrics`

pub mod accept;
pub mod anomalies;
pub mod bucket;
pub mod cached;
pub mod climate;
pub mod cursor;
pub mod document;
pub mod events;
pub mod export;
mod facts;
pub mod guard;
pub mod health;
pub mod lake;
pub mod limit;
pub mod login;
pub mod losses;
pub mod metrics;
pub mod panel;
pub mod parameters;
pub mod probes;
pub mod problem;
pub mod readiness;
pub mod reading;
pub mod readings;
pub mod records;
pub mod request_id;
pub mod resolution;
mod seats;
mod server;
mod settings;
pub mod station;
pub mod stations;
pub mod stream;
pub mod summary;
pub mod table;
pub mod tendency;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use minuano_telemetry::{GatewayName, Millis};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

pub use document::openapi;
use limit::Clients;
pub use readiness::Readiness;
pub use server::serve;
use settings::Settings;

use crate::clock::now;
use crate::config::HttpConfig;
use crate::directory::Directory;
use crate::live::Hub;
use crate::store::Store;

/// Where the routes begin.
pub const BASE: &str = "/api/v1";
/// No body is read but that of the login page.
const MAX_BODY: usize = 4_096;
/// Smaller answers are not worth it.
const COMPRESSED_FROM: u16 = 512;

/// What the routes look at.
#[derive(Debug)]
pub struct App {
    store: Arc<Store>,
    directory: Arc<Directory>,
    hub: Hub,
    readiness: Arc<Readiness>,
    metrics: PrometheusHandle,
    gateway: GatewayName,
    lake: Option<String>,
    listeners: stream::Listeners,
    settings: Settings,
    clients: Arc<Clients>,
    started_at: Millis,
}

impl App {
    /// `lake` is the lake's URL as it may be shown, where there is a lake.
    pub fn new(
        gateway: GatewayName,
        store: Arc<Store>,
        directory: Arc<Directory>,
        hub: Hub,
        readiness: Arc<Readiness>,
        metrics: PrometheusHandle,
        lake: Option<String>,
    ) -> Self {
        let settings = Settings::from(&HttpConfig::default());
        let clients = Arc::new(Clients::new(settings.allowance));
        Self {
            settings,
            clients,
            store,
            directory,
            hub,
            readiness,
            metrics,
            gateway,
            lake,
            listeners: stream::Listeners::default(),
            started_at: now(),
        }
    }

    /// As the configuration says, rather than by its defaults.
    #[must_use]
    pub fn served_as(self, config: &HttpConfig) -> Self {
        let settings = Settings::from(config);
        Self { clients: Arc::new(Clients::new(settings.allowance)), settings, ..self }
    }
}

/// Every route.
pub fn router(app: Arc<App>) -> Router {
    let (routes, _) = document::routes().split_for_parts();
    let worth_it = SizeAbove::new(COMPRESSED_FROM)
        .and(NotForContentType::SSE)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::const_new(accept::PARQUET));
    routes
        .route("/login", get(login::ask).post(login::enter).layer(DefaultBodyLimit::max(MAX_BODY)))
        .fallback(panel::serve)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(from_fn(cached::revalidate))
        .layer(CompressionLayer::new().compress_when(worth_it))
        .layer(from_fn_with_state(Arc::clone(&app), login::admit))
        .layer(from_fn_with_state(Arc::clone(&app), limit::admit))
        .layer(from_fn_with_state(Arc::clone(&app), guard::guard))
        .with_state(app)
}
