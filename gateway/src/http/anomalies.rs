//! `GET /anomalies`: episodes of suspect data.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use minuano_telemetry::{AnomalyState, Flag, StationName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::cursor::{self, CursorError};
use super::facts::{AnomalyWord, Facts};
use super::parameters::{self, Limit, Query, Time};
use super::problem::Problem;
use super::reading::{QualityFlag, Timestamp};
use crate::store::query::anomalies;

/// Which episodes. All of them where nothing is given.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of one station.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, pattern = "^[a-z][a-z0-9_-]{0,31}$", nullable = false)]
    station: Option<StationName>,
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

/// A state in a query.
#[derive(Clone, Copy, Debug)]
pub struct Asked(pub(super) AnomalyState);

impl FromStr for Asked {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self(AnomalyState::Open)),
            "closed" => Ok(Self(AnomalyState::Closed)),
            _ => Err("a state is open or closed"),
        }
    }
}

/// Where a page ends.
#[derive(Clone, Copy, Debug)]
pub struct After(anomalies::Position);

impl FromStr for After {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let [from, id] = cursor::read("anomalies", text)?;
        Ok(Self((cursor::time(from)?, id)))
    }
}

/// Episodes, the one that began last first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Anomalies {
    items: Vec<Anomaly>,
    /// Give it as `cursor` to go on; null at the end.
    next: Option<String>,
}

/// An episode of suspect data: the form that also goes over MQTT.
#[derive(Debug, Serialize, ToSchema)]
pub struct Anomaly {
    /// Unique within the gateway's store.
    id: i64,
    /// Whose readings.
    #[schema(example = "roof")]
    station: String,
    /// Which quantity; null where the whole station is meant.
    #[schema(example = "temperature_c")]
    quantity: Option<String>,
    /// Which check found it.
    #[schema(value_type = AnomalyWord)]
    kind: String,
    /// Time of the first reading in it.
    from: Timestamp,
    /// Time of the last reading in it so far.
    to: Timestamp,
    /// The worst flag in it.
    flag: QualityFlag,
    /// `open` while it goes on, else `closed`.
    #[schema(pattern = "^(open|closed)$", example = "open")]
    state: String,
    /// One sentence with numbers that a person can check, in English.
    evidence: String,
    /// Its numbers; absent where an earlier release found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    facts: Option<Facts>,
}

impl From<anomalies::Found> for Anomaly {
    fn from(found: anomalies::Found) -> Self {
        Self {
            id: found.id,
            station: found.station,
            quantity: found.quantity,
            kind: found.kind,
            from: Timestamp(found.from),
            to: Timestamp(found.to),
            flag: QualityFlag(Flag::from_number(found.flag).unwrap_or(Flag::NotEvaluated)),
            state: found.state,
            evidence: found.evidence,
            facts: found.facts.map(Facts::from),
        }
    }
}

/// Episodes of suspect data
#[utoipa::path(
    get,
    path = "/anomalies",
    tag = "quality",
    params(Which),
    responses(
        (status = 200, description = "A page of episodes, newest first", body = Anomalies),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such station", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
) -> Result<Json<Anomalies>, Problem> {
    let (from, to) = parameters::ends(which.from, which.to)?;
    let limit = which.limit.unwrap_or_default().0;
    let page = parameters::of_station(&app, which.station, move |connection, station| {
        let state = which.state.map(|Asked(state)| state);
        let which_ones = anomalies::Which { station, from, to, state };
        anomalies::page(connection, which_ones, which.cursor.map(|After(position)| position), limit)
    })
    .await?;
    let next = page.next.map(|(from, id)| cursor::write("anomalies", &[from.get(), id]));
    Ok(Json(Anomalies { items: page.items.into_iter().map(Anomaly::from).collect(), next }))
}
