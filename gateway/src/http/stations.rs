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
use super::station::{Day, Station};
use super::{App, now, tendency};
use crate::directory::StationNow;
use crate::store::query::{buckets, station_row};

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

/// Days and tendencies of all of them are read together: what the rollups do not hold yet is looked through once.
async fn read(app: &Arc<App>, stations: Vec<(StationName, StationNow)>) -> Result<Vec<Station>, Problem> {
    let at = now();
    let read = move |connection: &Connection| {
        let (mut wanted, mut days) = (Vec::new(), Vec::new());
        for (name, now) in &stations {
            let Some(row) = station_row(connection, name)? else {
                days.push((None, false));
                continue;
            };
            let day = Day::of(row, now, at);
            wanted.extend(day.as_ref().map(|day| day.wanted.clone()));
            let minutes =
                now.last_reading.as_ref().and_then(|newest| tendency::wanted(row, newest.observed_at));
            days.push((day, minutes.is_some()));
            wanted.extend(minutes);
        }
        let mut pages = buckets::pages(connection, &wanted)?.into_iter();
        let answered = stations.iter().zip(days).map(|((name, now), (day, has_minutes))| {
            let today = day.and_then(|day| {
                let bucket = pages.next().and_then(|mut page| page.items.pop());
                day.extremes(bucket)
            });
            let minutes = if has_minutes { pages.next() } else { None };
            Station::new(name, now, today, minutes.and_then(|page| tendency::of_minutes(&page.items)))
        });
        Ok(answered.collect::<Vec<_>>())
    };
    Ok(app.store.ask(read).await?)
}
