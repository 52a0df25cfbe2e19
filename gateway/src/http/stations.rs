//! `GET /stations`, `GET /stations/{station}`: each station now.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use minuano_telemetry::StationName;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::parameters::{self, Limit, PathStation, Query};
use super::problem::Problem;
use super::station::{Station, today};
use super::{App, now, tendency};
use crate::directory::StationNow;

/// Which stations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The most items in the answer.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000, default = 1_000, nullable = false)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, nullable = false)]
    cursor: Option<After>,
}

/// Stations are listed by name, so the last name is where a page ends.
#[derive(Clone, Debug)]
pub struct After(StationName);

impl FromStr for After {
    type Err = super::cursor::CursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| super::cursor::CursorError)
    }
}

/// Every station, by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stations {
    items: Vec<Station>,
    /// Give it as `cursor` to go on; null at the end.
    next: Option<String>,
}

/// Every station
#[utoipa::path(
    get,
    path = "/stations",
    tag = "stations",
    params(Which),
    responses(
        (status = 200, description = "A page of stations, by name", body = Stations),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
) -> Result<Json<Stations>, Problem> {
    let limit = which.limit.unwrap_or_default().0;
    let begin =
        which.cursor.map_or(std::ops::Bound::Unbounded, |After(name)| std::ops::Bound::Excluded(name));
    let mut page: Vec<(StationName, StationNow)> = app.directory.read(|all| {
        all.range((begin, std::ops::Bound::Unbounded))
            .take(limit + 1)
            .map(|(name, now)| (name.clone(), now.clone()))
            .collect()
    });
    let more = page.len() > limit;
    page.truncate(limit);
    let next = if more { page.last().map(|(name, _)| name.to_string()) } else { None };
    let items = read(&app, page).await?;
    Ok(Json(Stations { items, next }))
}

/// One station
#[utoipa::path(
    get,
    path = "/stations/{station}",
    tag = "stations",
    params(("station" = String, Path, pattern = "^[a-z][a-z0-9_-]{0,31}$")),
    responses(
        (status = 200, description = "The station, now", body = Station),
        (status = 404, description = "No such station", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn one(
    State(app): State<Arc<App>>,
    station: PathStation,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Station>, Problem> {
    let mut items = read(&app, vec![(station.name, station.now)]).await?;
    items.pop().map(Json).ok_or_else(|| Problem::not_found("the station is gone"))
}

/// A route without parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

async fn read(app: &Arc<App>, stations: Vec<(StationName, StationNow)>) -> Result<Vec<Station>, Problem> {
    let at = now();
    let read = move |connection: &Connection| {
        stations
            .iter()
            .map(|(name, now)| {
                let today = today(connection, name, now, at)?;
                let tendency = match &now.last_reading {
                    Some(newest) => tendency::of_station(connection, name, newest.observed_at)?,
                    None => None,
                };
                Ok(Station::new(name, now, today, tendency))
            })
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    Ok(app.store.ask(read).await?)
}
