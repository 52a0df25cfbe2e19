//! Takes connections and answers on them, until it is told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::limit::Peer;
use super::seats::Seats;
use super::{App, router};

/// How long answers under way may hold the stop up.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// How often the metrics' histograms are folded, scraped or not.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);
/// What a connection buffers of a request's head and of an answer that its client does not take.
const MAX_BUFFER: usize = 65_536;

/// Answers on `listener` until `shutdown` is there; then ends streams and finishes what is under way,
/// within two seconds.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let upkeep = tokio::spawn(keep_up(app.metrics.clone()));
    let mut seats = Seats::of(listener, app.settings.connections);
    let routes = router(Arc::clone(&app));
    let connections = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, address) = tokio::select! {
            seated = seats.accept() => seated,
            () = &mut shutdown => break,
        };
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(app.settings.head_within).max_buf_size(MAX_BUFFER);
        let routes = routes.clone();
        let service = service_fn(move |request| answer(routes.clone(), request, address));
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, %address, "a connection ended early");
            }
        });
    }
    app.listeners.close();
    if tokio::time::timeout(STOP_WITHIN, connections.shutdown()).await.is_err() {
        tracing::warn!("requests still under way were cut off");
    }
    upkeep.abort();
    Ok(())
}

async fn answer(
    routes: axum::Router,
    request: hyper::Request<Incoming>,
    address: SocketAddr,
) -> Result<axum::response::Response, Infallible> {
    let mut request: Request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(Peer(address.ip()));
    routes.oneshot(request).await
}

async fn keep_up(metrics: PrometheusHandle) {
    let mut interval = tokio::time::interval(METRICS_UPKEEP);
    loop {
        interval.tick().await;
        metrics.run_upkeep();
    }
}
