//! `GET /losses`: the right side of measured = stored + lost, named.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use minuano_telemetry::StationName;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::cursor::{self, CursorError};
use super::parameters::{self, Limit, Query, Time};
use super::problem::Problem;
use super::reading::Timestamp;
use crate::store::query::losses::{self, Loss, Position};

/// Which losses. All of them where nothing is given.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of one station.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, pattern = "^[a-z][a-z0-9_-]{0,31}$", nullable = false)]
    station: Option<StationName>,
    /// Those that reach beyond this moment. When a lost reading was measured is not known: its stream's time counts.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    from: Option<Time>,
    /// Those that began before this moment.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    to: Option<Time>,
    /// The most items in the answer.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000, default = 1_000, nullable = false)]
    limit: Option<Limit>,
    /// `next` of the page before; the other parameters are given again with it.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, nullable = false)]
    cursor: Option<After>,
}

/// Where a page ends.
#[derive(Clone, Copy, Debug)]
pub struct After(Position);

impl FromStr for After {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        if let Ok([stream, first]) = cursor::read("readings", text) {
            return Ok(Self(Position::Readings(stream, first)));
        }
        let [stream] = cursor::read("time", text)?;
        Ok(Self(Position::Time(stream)))
    }
}

fn write(position: Position) -> String {
    match position {
        Position::Readings(stream, first) => cursor::write("readings", &[stream, first]),
        Position::Time(stream) => cursor::write("time", &[stream]),
    }
}

/// Lost readings, then lost time.
#[derive(Debug, Serialize, ToSchema)]
pub struct Losses {
    items: Vec<Lost>,
    /// Give it as `cursor` to go on; null at the end.
    next: Option<String>,
}

/// A loss.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Lost {
    /// Numbered readings.
    Readings(LostReadings),
    /// A gap in time.
    Time(LostTime),
}

/// Readings that were measured and will not come.
#[derive(Debug, Serialize, ToSchema)]
pub struct LostReadings {
    /// Whose.
    #[schema(example = "roof")]
    station: String,
    /// The run of the station that measured them.
    #[schema(example = "9f2c41d07a3be658")]
    stream: String,
    /// The first `seq`.
    from: u64,
    /// The last `seq`.
    to: u64,
    /// How many.
    count: u64,
    /// `overflow`: the station's log was full. `ended`: its stream has ended without them.
    #[schema(pattern = "^(overflow|ended)$")]
    reason: String,
}

/// A time from which there are no readings.
#[derive(Debug, Serialize, ToSchema)]
pub struct LostTime {
    /// Whose.
    #[schema(example = "roof")]
    station: String,
    /// The last reading before it.
    from_time: Timestamp,
    /// The first reading after it.
    to_time: Timestamp,
    /// `power`: the station stopped without a word. `ended`: it closed its stream itself.
    #[schema(pattern = "^(power|ended)$")]
    reason: &'static str,
}

impl From<Loss> for Lost {
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::Readings { station, stream, from, to, reason } => {
                let count = to.saturating_sub(from).saturating_add(1);
                Self::Readings(LostReadings { station, stream, from, to, count, reason })
            }
            Loss::Time { station, from, to, closed } => Self::Time(LostTime {
                station,
                from_time: Timestamp(from),
                to_time: Timestamp(to),
                reason: if closed { "ended" } else { "power" },
            }),
        }
    }
}

/// What was lost
#[utoipa::path(
    get,
    path = "/losses",
    tag = "quality",
    params(Which),
    responses(
        (status = 200, description = "A page of losses", body = Losses),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such station", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<Arc<App>>, Query(which): Query<Which>) -> Result<Json<Losses>, Problem> {
    let (from, to) = parameters::ends(which.from, which.to)?;
    let limit = which.limit.unwrap_or_default().0;
    let page = parameters::of_station(&app, which.station, move |connection, station| {
        let which_ones = losses::Which { station, from, to };
        losses::page(connection, which_ones, which.cursor.map(|After(position)| position), limit)
    })
    .await?;
    Ok(Json(Losses { items: page.items.into_iter().map(Lost::from).collect(), next: page.next.map(write) }))
}
