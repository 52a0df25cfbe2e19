//! `GET /stations/{station}/readings`: raw, or folded into buckets.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, LINK, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::accept::{self, Form};
use super::bucket::ReadingBucket;
use super::cursor::{self, CursorError};
use super::parameters::{self, Limit, MAX_LIMIT, PathStation, Query, Range, Time};
use super::problem::Problem;
use super::reading::{Reading, altitude_m};
use super::resolution::{Asked, HOUR_MS, Resolution};
use super::{App, now, table};
use crate::directory::StationNow;
use crate::store::query::buckets::{self, Bucket, Width};
use crate::store::query::{Page, readings, station_row};

/// The most buckets that a range may be cut into.
pub const MAX_BUCKETS: i64 = 10_000;

/// Which readings.
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
    /// `auto` (the default) gives about 1,500 points: raw up to 4 hours, 1m up to 36 hours, 10m up to 15 days,
    /// 1h up to 90 days, else 1d. A range may be cut into 10,000 buckets at most.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, pattern = "^(auto|raw|1m|10m|1h|1d)$", nullable = false)]
    resolution: Option<Asked>,
    /// The most items in the answer.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000, default = 1_000, nullable = false)]
    limit: Option<Limit>,
    /// `next` of the page before. It carries the range and resolution: `from`, `to` and `resolution`
    /// beside it are checked and then left.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, nullable = false)]
    cursor: Option<Continued>,
}

/// Where a page begins, and in what.
#[derive(Clone, Copy, Debug)]
pub struct Continued {
    resolution: Resolution,
    range: Range,
    /// Raw: time and row of the last reading given. Buckets: where the next one begins, and 0.
    position: readings::Position,
}

impl Continued {
    fn write(&self) -> String {
        let (at, row) = self.position;
        cursor::write(self.resolution.word(), &[self.range.from.get(), self.range.to.get(), at.get(), row])
    }
}

impl FromStr for Continued {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let word = text.split('.').next().ok_or(CursorError)?;
        let resolution =
            Resolution::ALL.into_iter().find(|resolution| resolution.word() == word).ok_or(CursorError)?;
        let [from, to, at, row] = cursor::read(word, text)?;
        let range = Range { from: cursor::time(from)?, to: cursor::time(to)? };
        parameters::check_order(Some(range.from), Some(range.to)).map_err(|_| CursorError)?;
        Ok(Self { resolution, range, position: (cursor::time(at)?, row) })
    }
}

/// Readings, or buckets of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Readings {
    /// Where the resolution is `raw`.
    Raw(RawReadings),
    /// At every other.
    Buckets(BucketedReadings),
}

/// A page of readings.
#[derive(Debug, Serialize, ToSchema)]
pub struct RawReadings {
    /// What was chosen where `auto` was asked for.
    #[schema(pattern = "^raw$", example = "raw")]
    resolution: &'static str,
    /// By `observed_at`, then `row`.
    items: Vec<Reading>,
    /// Give it as `cursor` to go on; null at the end.
    next: Option<String>,
}

/// A page of buckets. Those without any reading are left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct BucketedReadings {
    /// What was chosen where `auto` was asked for.
    #[schema(pattern = "^(1m|10m|1h|1d)$", example = "1m")]
    resolution: &'static str,
    /// By `start`.
    items: Vec<ReadingBucket>,
    /// Give it as `cursor` to go on; null at the end.
    next: Option<String>,
}

/// The zone in which a station's days begin; UTC where it does not say.
pub fn zone(station: &StationNow) -> TimeZone {
    let name = station.about.as_ref().and_then(|about| about.zone.as_deref());
    name.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// Readings of a station
///
/// Raw, or as buckets of min, mean and max. As `text/csv` with a header line when `Accept` says so; then the next
/// page's address is in the `Link` header.
#[utoipa::path(
    get,
    path = "/stations/{station}/readings",
    tag = "readings",
    params(("station" = String, Path, pattern = "^[a-z][a-z0-9_-]{0,31}$"), Which),
    responses(
        (status = 200, description = "A page of readings or buckets", content(
            (Readings = "application/json"),
            (String = "text/csv"),
        )),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such station", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "Neither JSON nor CSV is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<Arc<App>>,
    station: PathStation,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = accept::form(&headers)?;
    let limit = which.limit.unwrap_or_default().0;
    let (resolution, range, after) = begin(&which)?;
    let (zone, altitude) = (zone(&station.now), altitude_m(&station.now));
    let name = station.name.clone();
    let answer = app
        .store
        .ask(move |connection| {
            let row = station_row(connection, &name)?;
            Answer::read(connection, row, resolution, zone, range, after, limit)
        })
        .await?;
    let next = answer.next().map(|position| Continued { resolution, range, position }.write());
    let mut response = match form {
        Form::Json => Json(answer.json(resolution, next, altitude)).into_response(),
        Form::Csv => {
            let text = match &answer {
                Answer::Raw(page) => table::readings(&page.items, altitude),
                Answer::Buckets(page) => table::buckets(&page.items),
            };
            let mut response = ([(CONTENT_TYPE, table::TEXT_CSV)], text).into_response();
            // Relative to the request, so that it holds behind a proxy that serves the gateway below a prefix.
            let link = next.map(|next| format!("<?limit={limit}&cursor={next}>; rel=\"next\""));
            if let Some(Ok(link)) = link.map(|link| link.parse()) {
                response.headers_mut().insert(LINK, link);
            }
            response
        }
    };
    response.headers_mut().insert(VARY, const { HeaderValue::from_static("accept") });
    Ok(response)
}

/// What to read and where to begin.
fn begin(which: &Which) -> Result<(Resolution, Range, Option<readings::Position>), Problem> {
    if let Some(continued) = which.cursor {
        // Checked all the same: what is wrong is said, whether it matters or not.
        parameters::check_order(which.from.map(|time| time.0), which.to.map(|time| time.0))?;
        return Ok((continued.resolution, continued.range, Some(continued.position)));
    }
    let range = Range::of(which.from, which.to, now())?;
    let resolution = match which.resolution {
        None | Some(Asked::Auto) => Resolution::auto(range.length_ms()),
        Some(Asked::This(resolution)) => resolution,
    };
    if let Some(length) = resolution.length_ms() {
        let buckets = range.length_ms() / length;
        if buckets > MAX_BUCKETS {
            return Err(Problem::bad_request(format!(
                "resolution: {} cuts this range into {buckets} buckets; one request gives at most {MAX_BUCKETS}: \
                 take a coarser resolution, auto, or a range of at most {} hours",
                resolution.word(),
                MAX_BUCKETS * length / HOUR_MS
            )));
        }
    }
    Ok((resolution, range, None))
}

const _: () = assert!(MAX_LIMIT as i64 >= MAX_BUCKETS, "a page can hold every bucket of a range");

/// What the store said.
enum Answer {
    Raw(Page<crate::store::StoredReading, readings::Position>),
    Buckets(Page<Bucket, minuano_telemetry::Millis>),
}

impl Answer {
    fn read(
        connection: &rusqlite::Connection,
        station: Option<i64>,
        resolution: Resolution,
        zone: TimeZone,
        Range { from, to }: Range,
        after: Option<readings::Position>,
        limit: usize,
    ) -> rusqlite::Result<Self> {
        let width = match resolution {
            Resolution::Raw => None,
            Resolution::Day => Some(Width::Day(zone)),
            other => other.length_ms().map(Width::Fixed),
        };
        // A station of which only its name is known has no readings.
        Ok(match (width, station) {
            (None, None) => Self::Raw(Page::empty()),
            (Some(_), None) => Self::Buckets(Page::empty()),
            (None, Some(station)) => {
                Self::Raw(readings::page(connection, station, (from, to), after, limit)?)
            }
            (Some(width), Some(station)) => {
                let from = after.map_or(from, |(at, _)| at.max(from));
                Self::Buckets(buckets::page(connection, station, (from, to), &width, limit)?)
            }
        })
    }

    fn next(&self) -> Option<readings::Position> {
        match self {
            Self::Raw(page) => page.next,
            Self::Buckets(page) => page.next.map(|start| (start, 0)),
        }
    }

    fn json(&self, resolution: Resolution, next: Option<String>, altitude: Option<f64>) -> Readings {
        let resolution = resolution.word();
        match self {
            Self::Raw(page) => {
                let items = page.items.iter().map(|stored| Reading::new(stored, altitude)).collect();
                Readings::Raw(RawReadings { resolution, items, next })
            }
            Self::Buckets(page) => {
                let items = page.items.iter().map(ReadingBucket::from).collect();
                Readings::Buckets(BucketedReadings { resolution, items, next })
            }
        }
    }
}
