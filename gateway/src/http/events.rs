//! `GET /events`: weather that a person wants to know of.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use minuano_telemetry::{StationName, WeatherKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::anomalies::Asked;
use super::cursor::{self, CursorError};
use super::facts::WeatherWord;
use super::parameters::{self, Limit, Query, Time};
use super::problem::Problem;
use super::reading::Timestamp;
use crate::store::query::weather;

/// Which events. All of them where nothing is given.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// At one station.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, pattern = "^[a-z][a-z0-9_-]{0,31}$", nullable = false)]
    station: Option<StationName>,
    /// Of one kind.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, pattern = "^(frost|heat|pressure_fall|fog)$", nullable = false)]
    kind: Option<Kind>,
    /// Those that reach to this moment or beyond.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    from: Option<Time>,
    /// Those that began before this moment.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    to: Option<Time>,
    /// Those that go on, or those that do not.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, pattern = "^(open|closed)$", nullable = false)]
    state: Option<Asked>,
    /// The most items in the answer.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000, default = 1_000, nullable = false)]
    limit: Option<Limit>,
    /// `next` of the page before; the other parameters are given again with it.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, nullable = false)]
    cursor: Option<After>,
}

/// A kind in a query.
#[derive(Clone, Copy, Debug)]
pub struct Kind(WeatherKind);

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        WeatherKind::from_word(text).map(Self).ok_or("a kind is frost, heat, pressure_fall or fog")
    }
}

/// Where a page ends.
#[derive(Clone, Copy, Debug)]
pub struct After(weather::Position);

impl FromStr for After {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let [from, id] = cursor::read("events", text)?;
        Ok(Self((cursor::time(from)?, id)))
    }
}

/// Weather events, the one that began last first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Events {
    items: Vec<WeatherEvent>,
    /// Give it as `cursor` to go on; null at the end.
    next: Option<String>,
}

/// Real weather that a person wants to know of: the form that also goes over MQTT (`weather`). It says nothing against the
/// readings; what does is an Anomaly.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeatherEvent {
    /// Unique within the gateway's store.
    id: i64,
    /// Where.
    #[schema(example = "roof")]
    station: String,
    /// Which weather.
    #[schema(value_type = WeatherWord)]
    kind: String,
    /// Time of the reading with which it began.
    from: Timestamp,
    /// Time of the last reading in it, as of its last change.
    to: Timestamp,
    /// `open` while it goes on, else `closed`.
    #[schema(pattern = "^(open|closed)$", example = "open")]
    state: String,
    /// The furthest that it went: the temperature in °C (frost, heat), the change in hPa over three hours
    /// (pressure_fall), the distance of air and dew point in °C (fog).
    #[schema(example = -4.31)]
    extreme: f64,
    /// Where the rule begins, in the same unit; absent where an earlier release found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0.0)]
    onset: Option<f64>,
    /// One sentence with numbers that a person can check, in English.
    evidence: String,
}

impl From<weather::Found> for WeatherEvent {
    fn from(found: weather::Found) -> Self {
        Self {
            id: found.id,
            station: found.station,
            kind: found.kind,
            from: Timestamp(found.from),
            to: Timestamp(found.to),
            state: found.state,
            extreme: found.extreme,
            onset: found.onset,
            evidence: found.evidence,
        }
    }
}

/// Weather events
///
/// Frost, heat, rapid falls of pressure and likely fog, by the rules in `[events]` of the gateway's configuration. They
/// are weather and no faults: those are anomalies.
#[utoipa::path(
    get,
    path = "/events",
    tag = "weather",
    params(Which),
    responses(
        (status = 200, description = "A page of events, newest first", body = Events),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such station", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<Arc<App>>, Query(which): Query<Which>) -> Result<Json<Events>, Problem> {
    let (from, to) = parameters::ends(which.from, which.to)?;
    let limit = which.limit.unwrap_or_default().0;
    let page = parameters::of_station(&app, which.station, move |connection, station| {
        let kind = which.kind.map(|Kind(kind)| kind);
        let state = which.state.map(|Asked(state)| state);
        let which_ones = weather::Which { station, kind, from, to, state };
        weather::page(connection, which_ones, which.cursor.map(|After(position)| position), limit)
    })
    .await?;
    let next = page.next.map(|(from, id)| cursor::write("events", &[from.get(), id]));
    Ok(Json(Events { items: page.items.into_iter().map(WeatherEvent::from).collect(), next }))
}
