//! `GET /stations/{station}/summary`: what a day, a month or a year was like.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use minuano_telemetry::Millis;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::climate::{self, Bases, ClimateByQuantity, Climates, DegreeDays};
use super::parameters::{self, PathStation, Query};
use super::problem::Problem;
use super::reading::Timestamp;
use super::readings::zone;
use super::resolution::HOUR_MS;
use super::{App, now};
use crate::store::query::buckets::{self, Bucket, Width};
use crate::store::query::station_row;

/// More than the days of a year and the hours of a day.
const MOST_BUCKETS: usize = 400;

/// Which period, and from where degree days are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `day` where it is absent.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, pattern = "^(day|month|year)$", default = "day", nullable = false)]
    period: Option<Period>,
    /// Any day of the period, in the station's zone; today where it is absent.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, format = Date, example = "2026-11-20", nullable = false)]
    date: Option<Day>,
    /// °C below which a day's mean counts as heating degree days.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<f64>, minimum = -100, maximum = 100, default = 18.0, nullable = false)]
    heating_base_c: Option<Base>,
    /// °C above which a day's mean counts as cooling degree days.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<f64>, minimum = -100, maximum = 100, default = 18.0, nullable = false)]
    cooling_base_c: Option<Base>,
    /// °C above which a day's mean counts as growing degree days.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<f64>, minimum = -100, maximum = 100, default = 10.0, nullable = false)]
    growing_base_c: Option<Base>,
}

/// A period in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Midnight to midnight.
    Day,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

impl FromStr for Period {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "day" => Ok(Self::Day),
            "month" => Ok(Self::Month),
            "year" => Ok(Self::Year),
            _ => Err("a period is day, month or year"),
        }
    }
}

impl Period {
    const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The first day of the period in which `date` lies.
    fn first(self, date: Date) -> Date {
        match self {
            Self::Day => date,
            Self::Month => date.first_of_month(),
            Self::Year => date.first_of_year(),
        }
    }

    fn length(self) -> Span {
        match self {
            Self::Day => 1.day(),
            Self::Month => 1.month(),
            Self::Year => 1.year(),
        }
    }
}

/// A day in a query.
#[derive(Clone, Copy, Debug)]
pub struct Day(Date);

impl FromStr for Day {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let right = "a date is YYYY-MM-DD, such as 2026-11-20";
        // jiff reads times and zones too.
        if text.len() != 10 { Err(right) } else { text.parse().map(Self).map_err(|_| right) }
    }
}

/// A base of degree days in a query.
#[derive(Clone, Copy, Debug)]
pub struct Base(f64);

impl FromStr for Base {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(celsius) if (-100.0..=100.0).contains(&celsius) => Ok(Self(celsius)),
            _ => Err("a base is a temperature in °C from -100 to 100"),
        }
    }
}

/// What a period was like. Values with flag 4 (fail) are left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClimateSummary {
    #[schema(example = "roof")]
    station: String,
    #[schema(pattern = "^(day|month|year)$", example = "month")]
    period: &'static str,
    /// Its first day, in `zone`.
    #[schema(format = Date, example = "2026-11-01")]
    date: String,
    /// UTC where the station does not say.
    #[schema(example = "America/Denver")]
    zone: String,
    /// Its first moment.
    from: Timestamp,
    /// The first moment after it.
    to: Timestamp,
    /// Readings in it.
    count: u64,
    quantities: ClimateByQuantity,
    /// Null without any temperature.
    degree_days: Option<DegreeDays>,
    /// The hours of a day (those of UTC), the days of a month, the months of a year, as far as they have readings.
    parts: Vec<ClimatePart>,
}

/// An hour, a day or a month of the period.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClimatePart {
    /// When it begins.
    start: Timestamp,
    /// Its first day, in the station's zone.
    #[schema(format = Date, example = "2026-11-20")]
    date: String,
    /// Readings in it.
    count: u64,
    quantities: ClimateByQuantity,
    /// Null without any temperature, and for hours.
    degree_days: Option<DegreeDays>,
}

/// What a day, a month or a year was like
///
/// Extremes with their times, means and degree days, in the station's zone. A day's degree days are how far the mean of
/// its readings lies beyond the base; those of a month or a year are the sum over its days.
#[utoipa::path(
    get,
    path = "/stations/{station}/summary",
    tag = "readings",
    params(("station" = String, Path, pattern = "^[a-z][a-z0-9_-]{0,31}$"), Which),
    responses(
        (status = 200, description = "The period", body = ClimateSummary),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such station", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(app): State<Arc<App>>,
    station: PathStation,
    Query(which): Query<Which>,
) -> Result<Json<ClimateSummary>, Problem> {
    let zone = zone(&station.now);
    let period = which.period.unwrap_or(Period::Day);
    let base = |asked: Option<Base>, otherwise| asked.map_or(otherwise, |Base(celsius)| celsius);
    let bases = Bases {
        heating: base(which.heating_base_c, climate::HEATING_BASE_C),
        cooling: base(which.cooling_base_c, climate::COOLING_BASE_C),
        growing: base(which.growing_base_c, climate::GROWING_BASE_C),
    };
    let date = period.first(which.date.map_or_else(|| climate::date_of(now(), &zone), |Day(date)| date));
    let (from, to) = range(date, period, &zone).ok_or_else(|| {
        Problem::bad_request(format!("date: a {} from {date} has no place in the calendar", period.word()))
    })?;
    let (name, days) = (station.name.clone(), Width::Day(zone.clone()));
    let (days, hours) = app
        .store
        .ask(move |connection| {
            let Some(row) = station_row(connection, &name)? else { return Ok((Vec::new(), Vec::new())) };
            let of = |width: &Width| {
                Ok::<_, rusqlite::Error>(
                    buckets::page(connection, row, (from, to), width, MOST_BUCKETS)?.items,
                )
            };
            Ok((of(&days)?, if period == Period::Day { of(&Width::Fixed(HOUR_MS))? } else { Vec::new() }))
        })
        .await?;
    let mut whole = Climates::default();
    days.iter().for_each(|day| whole.add(day));
    let parts = match period {
        Period::Day => hours.iter().map(|hour| part(&Climates::of(hour), hour.start, &zone, None)).collect(),
        Period::Month => {
            days.iter().map(|day| part(&Climates::of(day), day.start, &zone, Some(bases))).collect()
        }
        Period::Year => months(&days, &zone, bases),
    };
    Ok(Json(ClimateSummary {
        station: station.name.to_string(),
        period: period.word(),
        date: date.to_string(),
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        from: Timestamp(from),
        to: Timestamp(to),
        count: whole.count,
        quantities: whole.by_quantity(),
        degree_days: whole.degree_days(bases),
        parts,
    }))
}

fn range(date: Date, period: Period, zone: &TimeZone) -> Option<(Millis, Millis)> {
    let next = date.checked_add(period.length()).ok()?;
    Some((climate::midnight(date, zone)?, climate::midnight(next, zone)?))
}

fn part(climates: &Climates, start: Millis, zone: &TimeZone, bases: Option<Bases>) -> ClimatePart {
    ClimatePart {
        start: Timestamp(start),
        date: climate::date_of(start, zone).to_string(),
        count: climates.count,
        quantities: climates.by_quantity(),
        degree_days: bases.and_then(|bases| climates.degree_days(bases)),
    }
}

fn months(days: &[Bucket], zone: &TimeZone, bases: Bases) -> Vec<ClimatePart> {
    let first = |day: &Bucket| climate::date_of(day.start, zone).first_of_month();
    days.chunk_by(|one, other| first(one) == first(other))
        .map(|days| {
            let mut month = Climates::default();
            days.iter().for_each(|day| month.add(day));
            let start = climate::midnight(first(&days[0]), zone).unwrap_or(days[0].start);
            part(&month, start, zone, Some(bases))
        })
        .collect()
}
