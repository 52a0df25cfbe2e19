//! `GET /stations/{station}/health`: how a station was.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use minuano_telemetry::Millis;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{self, CursorError};
use super::parameters::{self, Limit, PathStation, Query, Range, Time};
use super::problem::Problem;
use super::reading::{Clock, Timestamp};
use super::station::{Log, SensorNow};
use super::{App, now};
use crate::store::health::{self, Entry};
use crate::store::query::{Page, station_row};

/// Which part of its history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The first moment; 24 hours before `to` where it is absent.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    from: Option<Time>,
    /// The first moment beyond; now where it is absent. At most 3,653 days after `from`.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    to: Option<Time>,
    /// The most items in the answer.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000, default = 1_000, nullable = false)]
    limit: Option<Limit>,
    /// `next` of the page before. It carries the range: `from` and `to` beside it are checked and then left.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, nullable = false)]
    cursor: Option<Continued>,
}

/// Where a page begins, and in what.
#[derive(Clone, Copy, Debug)]
pub struct Continued {
    range: Range,
    after: Millis,
}

impl FromStr for Continued {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let [from, to, after] = cursor::read("health", text)?;
        let range = Range { from: cursor::time(from)?, to: cursor::time(to)? };
        Ok(Self { range, after: cursor::time(after)? })
    }
}

/// A page of a station's history.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthHistory {
    /// By `at`.
    items: Vec<HealthThen>,
    /// Give it as `cursor` to go on; null at the end.
    next: Option<String>,
}

/// How a station was: one each ten minutes, one whenever something changes, and one when it comes or goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthThen {
    /// When the gateway knew.
    at: Timestamp,
    /// What the station became then: `online`, `offline` or `stopped`; null where it only told of its health.
    #[schema(pattern = "^(online|offline|stopped)$")]
    state: Option<String>,
    /// Null where it only came or went.
    health: Option<PastHealth>,
}

/// What a station said of itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastHealth {
    /// Seconds since the process started.
    uptime_s: u64,
    /// The running stream.
    stream: String,
    /// Readings measured in it.
    measured: u64,
    log: Log,
    clock: Clock,
    /// The processor's temperature in °C, where it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cpu_c: Option<f64>,
    /// Those with a fault or a warning; every other one was well.
    sensors: Vec<SensorNow>,
}

impl From<Entry> for HealthThen {
    fn from(entry: Entry) -> Self {
        Self {
            at: Timestamp(entry.at),
            state: entry.state,
            health: entry.health.map(|health| PastHealth {
                uptime_s: health.uptime_s,
                stream: health.stream,
                measured: health.measured,
                log: Log {
                    readings: health.log_readings,
                    bytes: health.log_bytes,
                    lost: health.log_lost,
                    fault: health.log_fault,
                },
                clock: health.clock.into(),
                cpu_c: health.cpu_c,
                sensors: health.sensors.iter().map(SensorNow::from).collect(),
            }),
        }
    }
}

/// How a station was
#[utoipa::path(
    get,
    path = "/stations/{station}/health",
    tag = "stations",
    params(("station" = String, Path, pattern = "^[a-z][a-z0-9_-]{0,31}$"), Which),
    responses(
        (status = 200, description = "A page of its history", body = HealthHistory),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such station", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<Arc<App>>,
    station: PathStation,
    Query(which): Query<Which>,
) -> Result<Json<HealthHistory>, Problem> {
    let limit = which.limit.unwrap_or_default().0;
    let (range, after) = match which.cursor {
        Some(continued) => {
            parameters::check_order(which.from.map(|time| time.0), which.to.map(|time| time.0))?;
            (continued.range, Some(continued.after))
        }
        None => (Range::of(which.from, which.to, now())?, None),
    };
    let name = station.name.clone();
    let page = app
        .store
        .ask(move |connection| match station_row(connection, &name)? {
            Some(row) => health::page(connection, row, (range.from, range.to), after, limit),
            None => Ok(Page::empty()),
        })
        .await?;
    let next = page.next.map(|at| cursor::write("health", &[range.from.get(), range.to.get(), at.get()]));
    Ok(Json(HealthHistory { items: page.items.into_iter().map(HealthThen::from).collect(), next }))
}
