//! `GET /stream`: events as they happen (Server-Sent Events).
//!
//! Each listener pulls at its own pace: from the hub while it keeps up, from the store where it fell
//! behind or came back, and it is told to begin again (`reset`) where that would be too much. So a slow
//! browser costs its own socket and nothing else. An event is written once, and its bytes go to all.
//!
//! What comes from the store ends at a row that is read *after* the hub was joined, and the hub's rows up
//! to that one are left out. The writer tells of rows after their commit and in their order, so between
//! the two no row is missing and none comes twice.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use minuano_telemetry::{Millis, StationName};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};
use utoipa::IntoParams;

use super::App;
use super::anomalies::Anomaly;
use super::parameters::{self, Query};
use super::problem::Problem;
use super::reading::{Reading, Timestamp};
use super::station::StationState;
use crate::live::{Event, Told};
use crate::store::query::{anomalies, readings};
use crate::store::{StoreError, StoreId, StoredReading};

/// The most listeners at once.
pub const MAX_LISTENERS: usize = 512;
/// The most rows that are told again to a listener that comes back.
pub const MAX_REPLAY: i64 = 10_000;
/// Rows read from the store at once.
const PAGE: usize = 500;
/// The most episodes that are told again.
const MAX_ANOMALIES_AGAIN: usize = 1_000;
/// How long before a listener's last row a change of state is told again: the row was committed a little
/// after it arrived.
const STATUS_MARGIN_MS: i64 = 60_000;
/// The same for episodes: their times are those of readings, which may arrive late.
const ANOMALY_MARGIN_MS: i64 = 3_600_000;
/// A comment keeps proxies from closing a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a browser waits before it comes back.
const RETRY: Duration = Duration::from_secs(2);

/// Who listens, at most [`MAX_LISTENERS`].
#[derive(Debug)]
pub struct Listeners {
    seats: Arc<Semaphore>,
    closing: watch::Sender<bool>,
}

impl Default for Listeners {
    fn default() -> Self {
        Self { seats: Arc::new(Semaphore::new(MAX_LISTENERS)), closing: watch::Sender::new(false) }
    }
}

impl Listeners {
    /// Ends every stream.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// How many listen now.
    pub fn count(&self) -> usize {
        MAX_LISTENERS - self.seats.available_permits()
    }

    fn seat(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.seats).try_acquire_owned().map_err(|_| {
            metrics::counter!("minuano_stream_refused_total").increment(1);
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("{MAX_LISTENERS} listeners are there, the most at once; try again later"),
            )
        })
    }
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of one station.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, pattern = "^[a-z][a-z0-9_-]{0,31}$", nullable = false)]
    station: Option<StationName>,
    /// For clients that cannot set the header `Last-Event-ID`, which comes first.
    #[serde(default)]
    #[param(nullable = false)]
    last_event_id: Option<String>,
}

/// A station came, went or was stopped.
#[derive(Debug, Serialize)]
struct Status {
    station: String,
    state: StationState,
    since: Option<Timestamp>,
}

/// Events as they happen
///
/// Server-Sent Events: `reading` (a Reading; its `id` is `<store>-<row>`), `status` (`{"station","state","since"}`),
/// `anomaly` (an Anomaly), `weather` (a WeatherEvent), and `reset` (`{}`): what the client knows is too old or of another store, so it should
/// begin again from the other routes. After `Last-Event-ID` the readings since then are told again, at most 10,000,
/// together with states and episodes that have changed.
#[utoipa::path(
    get,
    path = "/stream",
    tag = "live",
    params(Which, ("Last-Event-ID" = Option<String>, Header, description = "The last id that was received", nullable = false)),
    responses(
        (status = 200, description = "Events, without end", body = String, content_type = "text/event-stream"),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such station", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many listeners", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn listen(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    parameters::known(&app, which.station.as_ref())?;
    let last = match headers.get("last-event-id") {
        // An id that is no text is one that was never given.
        Some(value) => Some(value.to_str().unwrap_or("?").to_owned()),
        None => which.last_event_id,
    };
    let mut listener = Listener::join(app, which.station)?;
    listener.begin(last.filter(|id| !id.is_empty())).await?;
    let events = futures::stream::unfold(listener, async |mut listener| {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    let about = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    // nginx would otherwise hold events back until its buffer is full.
    Ok((about, [("x-accel-buffering", "no")], Body::from_stream(events)).into_response())
}

/// One open stream.
struct Listener {
    app: Arc<App>,
    station: Option<StationName>,
    hub: broadcast::Receiver<Arc<Told>>,
    closing: watch::Receiver<bool>,
    /// The highest row told, or passed over.
    seen: i64,
    /// Rows up to this come from the store, later ones from the hub.
    stored: i64,
    pending: VecDeque<Bytes>,
    _seat: OwnedSemaphorePermit,
}

impl Listener {
    fn join(app: Arc<App>, station: Option<StationName>) -> Result<Self, Problem> {
        Ok(Self {
            station,
            hub: app.hub.listen(),
            closing: app.listeners.closing.subscribe(),
            seen: 0,
            stored: 0,
            pending: VecDeque::new(),
            _seat: app.listeners.seat()?,
            app,
        })
    }

    /// Finds out where to begin.
    async fn begin(&mut self, last: Option<String>) -> Result<(), StoreError> {
        let newest = self.app.store.ask(readings::newest_row).await?;
        self.pending.push_back(format!("retry: {}\n\n", RETRY.as_millis()).into());
        match last {
            // The id alone, without an event, lets a browser that saw nothing yet come back to here.
            None => {
                self.pending.push_back(format!("id: {}\n\n", self.id(newest)).into());
                (self.seen, self.stored) = (newest, newest);
            }
            Some(last) => match self.row_of(&last).filter(|row| (0..=newest).contains(row)) {
                Some(row) => self.resume(row, newest).await?,
                None => self.reset(newest),
            },
        }
        Ok(())
    }

    /// Tells again what came after `row`.
    async fn resume(&mut self, row: i64, newest: i64) -> Result<(), StoreError> {
        if newest - row > MAX_REPLAY {
            self.reset(newest);
            return Ok(());
        }
        (self.seen, self.stored) = (row, newest);
        let (since, episodes) = self
            .app
            .store
            .ask(move |connection| {
                let since = readings::arrival(connection, row)?.map_or(i64::MIN, Millis::get);
                let reach = Millis::new(since.saturating_sub(ANOMALY_MARGIN_MS)).unwrap_or(Millis::YEAR_2020);
                Ok((since, anomalies::touched(connection, reach, MAX_ANOMALIES_AGAIN)?))
            })
            .await?;
        let reach = since.saturating_sub(STATUS_MARGIN_MS);
        let changed: Vec<Status> = self.app.directory.read(|all| {
            all.iter()
                .filter(|(name, now)| {
                    self.wants(name.as_str()) && now.since.is_some_and(|since| since.get() >= reach)
                })
                .map(|(name, now)| Status {
                    station: name.to_string(),
                    state: now.presence.into(),
                    since: now.since.map(Timestamp),
                })
                .collect()
        });
        self.pending.extend(changed.iter().map(|status| written("status", None, status)));
        let episodes = episodes.into_iter().filter(|found| self.wants(&found.station)).map(Anomaly::from);
        let episodes: Vec<_> = episodes.map(|episode| written("anomaly", None, &episode)).collect();
        self.pending.extend(episodes);
        Ok(())
    }

    /// Tells the client to begin again.
    fn reset(&mut self, newest: i64) {
        metrics::counter!("minuano_stream_resets_total").increment(1);
        (self.seen, self.stored) = (newest, newest);
        self.pending.push_back(format!("event: reset\nid: {}\ndata: {{}}\n\n", self.id(newest)).into());
    }

    /// The next event; `None` ends the stream, and the client comes back.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if *self.closing.borrow() {
                return None;
            }
            if let Some(event) = self.pending.pop_front() {
                return Some(event);
            }
            let filled = if self.seen < self.stored { self.replay().await } else { self.wait().await? };
            if let Err(error) = filled {
                tracing::error!(%error, "a stream could not read the store");
                return None;
            }
        }
    }

    /// Takes a page from the store.
    async fn replay(&mut self) -> Result<(), StoreError> {
        let (after, through) = (self.seen, self.stored);
        let page =
            self.app.store.ask(move |connection| readings::arrived(connection, after, through, PAGE)).await?;
        self.seen = match page.last() {
            Some(last) if page.len() == PAGE => last.row,
            _ => through,
        };
        let mut told = Vec::with_capacity(page.len());
        for reading in page.iter().filter(|reading| self.wants(reading.station.as_str())) {
            told.push(reading_written(&self.app, reading));
        }
        self.pending.extend(told);
        Ok(())
    }

    /// Takes an event from the hub, or a comment when none comes for long; `None` when the gateway stops.
    async fn wait(&mut self) -> Option<Result<(), StoreError>> {
        let happened = tokio::select! {
            biased;
            _ = self.closing.changed() => return None,
            happened = self.hub.recv() => happened,
            () = tokio::time::sleep(KEEP_ALIVE) => {
                self.pending.push_back(Bytes::from_static(b":\n\n"));
                return Some(Ok(()));
            }
        };
        match happened {
            Ok(happened) => {
                let told = self.told(&happened);
                self.pending.extend(told);
                Some(Ok(()))
            }
            Err(RecvError::Lagged(missed)) => {
                metrics::counter!("minuano_stream_missed_total").increment(missed);
                Some(self.catch_up().await)
            }
            Err(RecvError::Closed) => None,
        }
    }

    /// The hub went on without this listener: the store has what it missed.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let newest = self.app.store.ask(readings::newest_row).await?;
        self.resume(self.seen, newest.max(self.seen)).await
    }

    fn told(&mut self, happened: &Told) -> Option<Bytes> {
        let station = match &happened.event {
            Event::Reading(reading) if reading.row <= self.stored => return None,
            Event::Reading(reading) => {
                self.seen = self.seen.max(reading.row);
                reading.station.as_str()
            }
            Event::Status { station, .. } => station.as_str(),
            Event::Anomaly(anomaly) => anomaly.station.as_str(),
            Event::Weather(weather) => weather.station.as_str(),
        };
        self.wants(station).then(|| happened.written(|event| event_written(&self.app, event)))
    }

    fn wants(&self, station: &str) -> bool {
        self.station.as_ref().is_none_or(|wanted| wanted.as_str() == station)
    }

    fn id(&self, row: i64) -> String {
        id(&self.app, row)
    }

    /// The row that an id of this store names.
    fn row_of(&self, id: &str) -> Option<i64> {
        let (store, row) = id.split_once('-')?;
        let store: StoreId = store.parse().ok()?;
        if store == self.app.store.id() { row.parse().ok() } else { None }
    }
}

fn id(app: &App, row: i64) -> String {
    format!("{}-{row}", app.store.id())
}

fn event_written(app: &App, event: &Event) -> Bytes {
    match event {
        Event::Reading(reading) => reading_written(app, reading),
        Event::Status { station, state, since } => {
            let since = Some(Timestamp(*since));
            written("status", None, &Status { station: station.to_string(), state: (*state).into(), since })
        }
        Event::Anomaly(anomaly) => written("anomaly", None, &**anomaly),
        Event::Weather(weather) => written("weather", None, &**weather),
    }
}

fn reading_written(app: &App, stored: &StoredReading) -> Bytes {
    let altitude = app.directory.read(|all| all.get(&stored.station).and_then(|now| now.altitude_m));
    written("reading", Some(&id(app, stored.row)), &Reading::new(stored, altitude))
}

/// An event as it goes out. JSON has no line breaks of its own.
fn written(name: &'static str, id: Option<&str>, data: &impl Serialize) -> Bytes {
    let json = serde_json::to_string(data).unwrap_or_else(|error| {
        tracing::error!(%error, name, "an event could not be written");
        "{}".to_owned()
    });
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {json}\n\n").into()
}
