//! `GET /stations/{station}/records`: the most and the least that a station ever measured.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use minuano_telemetry::{Millis, Quantity};
use serde::Serialize;
use utoipa::ToSchema;

use super::climate::{ClimateByQuantity, Climates, date_of};
use super::parameters::{PathStation, Query};
use super::problem::Problem;
use super::reading::Timestamp;
use super::readings::zone;
use super::stations::Nothing;
use super::{App, now};
use crate::store::query::buckets::{self, Bucket, Width};
use crate::store::query::{first_moment, station_row};

/// More days than a store can hold: it begins in 2020.
const MOST_DAYS: usize = 100_000;
const HOUR_AHEAD_MS: i64 = 3_600_000;

/// What a station measured at most and at least, over all that the store has of it. Rollups are never pruned, so
/// this outlives the readings. Values with flag 4 (fail) are left out; suspect ones count.
#[derive(Debug, Serialize, ToSchema)]
pub struct Records {
    #[schema(example = "roof")]
    station: String,
    /// UTC where the station does not say.
    #[schema(example = "America/Denver")]
    zone: String,
    /// The first day with readings; null without any.
    #[schema(format = Date, example = "2026-01-01")]
    since: Option<String>,
    /// Days with readings.
    days: usize,
    /// Over all of it.
    all_time: ClimateByQuantity,
    /// The day with the highest mean temperature.
    warmest_day: Option<DayRecord>,
    /// The day with the lowest mean temperature.
    coldest_day: Option<DayRecord>,
    /// The day on which temperature rose or fell the furthest.
    widest_day: Option<DayRecord>,
    /// The day on which pressure rose or fell the furthest.
    stormiest_day: Option<DayRecord>,
    /// Calendar months, over all years.
    months: Vec<MonthRecords>,
    /// Each year.
    years: Vec<YearRecords>,
}

/// A day that stands out.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DayRecord {
    /// In the station's zone.
    #[schema(format = Date, example = "2026-07-14")]
    date: String,
    /// When it begins.
    start: Timestamp,
    /// The mean, or the difference between highest and lowest, in the quantity's unit.
    value: f64,
}

/// A calendar month over all years.
#[derive(Debug, Serialize, ToSchema)]
pub struct MonthRecords {
    #[schema(minimum = 1, maximum = 12, example = 7)]
    month: i8,
    quantities: ClimateByQuantity,
}

/// A year.
#[derive(Debug, Serialize, ToSchema)]
pub struct YearRecords {
    #[schema(example = 2026)]
    year: i16,
    quantities: ClimateByQuantity,
}

/// Records of a station
#[utoipa::path(
    get,
    path = "/stations/{station}/records",
    tag = "readings",
    params(("station" = String, Path, pattern = "^[a-z][a-z0-9_-]{0,31}$")),
    responses(
        (status = 200, description = "Its records", body = Records),
        (status = 404, description = "No such station", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(app): State<Arc<App>>,
    station: PathStation,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Records>, Problem> {
    let zone = zone(&station.now);
    let (name, width) = (station.name.clone(), Width::Day(zone.clone()));
    let until = Millis::new(now().get() + HOUR_AHEAD_MS).unwrap_or_else(now);
    let days = app
        .store
        .ask(move |connection| {
            let Some(row) = station_row(connection, &name)? else { return Ok(Vec::new()) };
            let Some(from) = first_moment(connection, row)? else { return Ok(Vec::new()) };
            Ok(buckets::page(connection, row, (from, until), &width, MOST_DAYS)?.items)
        })
        .await?;
    let mut all = Climates::default();
    let mut months: BTreeMap<i8, Climates> = BTreeMap::new();
    let mut years: BTreeMap<i16, Climates> = BTreeMap::new();
    for day in &days {
        let date = date_of(day.start, &zone);
        all.add(day);
        months.entry(date.month()).or_default().add(day);
        years.entry(date.year()).or_default().add(day);
    }
    let mean = |day: &Bucket| spread(day, Quantity::Temperature).map(|spread| spread.mean);
    let range = |quantity| {
        move |day: &Bucket| spread(day, quantity).map(|spread| to_step(quantity, spread.max - spread.min))
    };
    let record = |of: &dyn Fn(&Bucket) -> Option<f64>, sign: f64| {
        let best = days
            .iter()
            .filter_map(|day| Some((day, of(day)?)))
            .reduce(|best, next| if next.1 * sign > best.1 * sign { next } else { best });
        best.map(|(day, value)| DayRecord {
            date: date_of(day.start, &zone).to_string(),
            start: Timestamp(day.start),
            value,
        })
    };
    Ok(Json(Records {
        station: station.name.to_string(),
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        since: days.first().map(|day| date_of(day.start, &zone).to_string()),
        days: days.len(),
        all_time: all.by_quantity(),
        warmest_day: record(&mean, 1.0),
        coldest_day: record(&mean, -1.0),
        widest_day: record(&range(Quantity::Temperature), 1.0),
        stormiest_day: record(&range(Quantity::Pressure), 1.0),
        months: months
            .into_iter()
            .map(|(month, climates)| MonthRecords { month, quantities: climates.by_quantity() })
            .collect(),
        years: years
            .into_iter()
            .map(|(year, climates)| YearRecords { year, quantities: climates.by_quantity() })
            .collect(),
    }))
}

fn spread(day: &Bucket, quantity: Quantity) -> Option<buckets::Spread> {
    day.quantities.get(quantity)?.spread
}

fn to_step(quantity: Quantity, value: f64) -> f64 {
    let unit = f64::from(quantity.steps_per_unit());
    (value * unit).round() / unit
}
