//! Routes, panel, metrics: everything that leaves the gateway over HTTP.
//!
//! The routes are the only way in for the panel too, so whatever it can show, a script can have.
//! Nothing here writes: the store is read through connections that cannot.
//!
//! # Layout
//!
//! What every route shares:
//!
//! - [`App`], [`router`], [`serve`]: this file
//! - [`problem`]: every error is `application/problem+json`
//! - [`parameters`]: query parameters, each refused by name; the bounds of what may be asked
//! - [`cursor`]: where the next page of a list begins
//! - [`accept`]: JSON, CSV or Parquet
//! - [`guard`]: panics answered, requests counted
//! - `seats`: a bound on open connections
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
pub mod climate;
pub mod cursor;
pub mod document;
pub mod events;
pub mod export;
pub mod guard;
pub mod health;
pub mod lake;
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
pub mod resolution;
mod seats;
pub mod station;
pub mod stations;
pub mod stream;
pub mod summary;
pub mod table;
pub mod tendency;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use metrics_exporter_prometheus::PrometheusHandle;
use minuano_telemetry::{GatewayName, Millis};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use document::openapi;
pub use readiness::Readiness;
use seats::Seats;

use crate::clock::now;
use crate::directory::Directory;
use crate::live::Hub;
use crate::store::Store;

/// Where the routes begin.
pub const BASE: &str = "/api/v1";
/// How long answers under way may hold the stop up.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// How often the metrics' histograms are folded, scraped or not.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

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
        Self {
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
}

/// Every route.
pub fn router(app: Arc<App>) -> Router {
    let (routes, _) = document::routes().split_for_parts();
    routes
        .fallback(panel::serve)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(from_fn(guard::guard))
        .with_state(app)
}

/// Answers on `listener` until `shutdown` is there; then ends streams and finishes what is under way,
/// within two seconds.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let upkeep = tokio::spawn(keep_up(app.metrics.clone()));
    let (stopping, stopped) = oneshot::channel();
    let signal = {
        let app = Arc::clone(&app);
        async move {
            shutdown.await;
            app.listeners.close();
            let _ = stopping.send(());
        }
    };
    let serving = axum::serve(Seats::of(listener), router(app)).with_graceful_shutdown(signal);
    let result = tokio::select! {
        result = async move { serving.await } => result,
        () = async { if stopped.await.is_ok() { tokio::time::sleep(STOP_WITHIN).await } else { std::future::pending().await } } => {
            tracing::warn!("requests still under way were cut off");
            Ok(())
        }
    };
    upkeep.abort();
    result
}

async fn keep_up(metrics: PrometheusHandle) {
    let mut interval = tokio::time::interval(METRICS_UPKEEP);
    loop {
        interval.tick().await;
        metrics.run_upkeep();
    }
}
