//! `GET /stations/{station}/readings`: raw, or folded into buckets.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LINK, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use minuano_telemetry::StationName;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::accept::{self, Form};
use super::bucket::ReadingBucket;
use super::cursor::{self, CursorError};
use super::export::{Encoder, ExportError};
use super::parameters::{self, Limit, LimitOrAll, MAX_LIMIT, PathStation, Query, Range, Time};
use super::problem::Problem;
use super::reading::Reading;
use super::resolution::{Asked, HOUR_MS, Resolution};
use super::{App, export, now};
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
    /// The most items in the answer: 1,000 of JSON where it is absent, and everything of CSV and Parquet. `all`
    /// gives everything in any form, as a stream: only then may a range have more than 10,000 buckets.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<LimitOrAll>, inline, nullable = false)]
    limit: Option<LimitOrAll>,
    /// For links, which cannot set `Accept`: it comes before that header.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, pattern = "^(json|csv|parquet)$", nullable = false)]
    format: Option<Form>,
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
    let zone = station.about().and_then(|about| about.zone);
    zone.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC)
}

/// Readings of a station
///
/// Raw, or as buckets of min, mean and max. JSON, CSV with a header line, or Parquet, as `Accept` or `format` says. Where
/// `limit` cuts CSV or Parquet, the next page's address is in the `Link` header. What has no limit is streamed and
/// may be of any length: read it to its end, since a connection that breaks off means that something is missing.
#[utoipa::path(
    get,
    path = "/stations/{station}/readings",
    tag = "readings",
    params(("station" = String, Path, pattern = "^[a-z][a-z0-9_-]{0,31}$"), Which),
    responses(
        (status = 200, description = "Readings or buckets", content(
            (Readings = "application/json"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such station", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "Neither JSON, CSV nor Parquet is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<Arc<App>>,
    station: PathStation,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = which.format.map_or_else(|| accept::form(&headers), Ok)?;
    let limit = match (which.limit, form) {
        (Some(LimitOrAll::Limit(Limit(limit))), _) => Some(limit),
        (None, Form::Json) => Some(Limit::default().0),
        (None, Form::Csv | Form::Parquet) | (Some(LimitOrAll::All), _) => None,
    };
    let (resolution, range, after) = begin(&which, limit.is_some())?;
    let question = Question {
        station: station.name.clone(),
        resolution,
        range,
        zone: zone(&station.now),
        altitude_m: station.now.altitude_m,
    };
    let name = format!(
        "{}-{}-{}",
        station.name,
        resolution.word(),
        range.from.to_string().get(..10).unwrap_or("all")
    );
    let mut response = match limit {
        Some(limit) => page(&app, question, form, after, limit).await?,
        None => export::stream(Arc::clone(&app.store), question, form, after)?.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    headers.insert(VARY, const { HeaderValue::from_static("accept") });
    if let Some(extension) = form.extension()
        && let Ok(disposition) = format!("attachment; filename=\"{name}.{extension}\"").parse()
    {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// One page in one piece.
async fn page(
    app: &App,
    question: Question,
    form: Form,
    after: Option<readings::Position>,
    limit: usize,
) -> Result<Response, Problem> {
    let (question, answer) = app
        .store
        .ask(move |connection| question.ask(connection, after, limit).map(|answer| (question, answer)))
        .await?;
    let Question { resolution, range, .. } = question;
    let next = answer.next().map(|position| Continued { resolution, range, position }.write());
    if form == Form::Json {
        return Ok(Json(answer.json(&question, next)).into_response());
    }
    let mut encoder = Encoder::new(form, &question)?;
    let mut bytes = encoder.begin(&question)?;
    bytes.append(&mut encoder.page(&question, &answer)?);
    bytes.append(&mut encoder.end()?);
    let mut response = bytes.into_response();
    // Relative to the request, so that it holds behind a proxy that serves the gateway below a prefix.
    let link = next.map(|next| {
        let format = form.extension().unwrap_or_default();
        format!("<?limit={limit}&format={format}&cursor={next}>; rel=\"next\"")
    });
    if let Some(Ok(link)) = link.map(|link| link.parse()) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        tracing::error!(%error, "readings could not be written down");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the readings could not be written down; the gateway's log says why",
        )
    }
}

/// What to read and where to begin; a page `is_bounded`, an export is not.
fn begin(
    which: &Which,
    is_bounded: bool,
) -> Result<(Resolution, Range, Option<readings::Position>), Problem> {
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
    if let Some(length) = resolution.length_ms().filter(|_| is_bounded) {
        let buckets = range.length_ms() / length;
        if buckets > MAX_BUCKETS {
            return Err(Problem::bad_request(format!(
                "resolution: {} cuts this range into {buckets} buckets; one page has at most {MAX_BUCKETS}: \
                 take a coarser resolution, auto, limit=all, or a range of at most {} hours",
                resolution.word(),
                MAX_BUCKETS * length / HOUR_MS
            )));
        }
    }
    Ok((resolution, range, None))
}

const _: () = assert!(MAX_LIMIT as i64 >= MAX_BUCKETS, "a page can hold every bucket of a range");

/// What is asked of the store, page by page.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whose readings.
    pub station: StationName,
    /// Each, or in buckets.
    pub resolution: Resolution,
    /// When they were observed.
    pub range: Range,
    /// Where days begin.
    pub zone: TimeZone,
    /// Which some derived values need.
    pub altitude_m: Option<f64>,
}

impl Question {
    /// At most `limit` of them from `after` on.
    pub fn ask(
        &self,
        connection: &rusqlite::Connection,
        after: Option<readings::Position>,
        limit: usize,
    ) -> rusqlite::Result<Answer> {
        let Range { from, to } = self.range;
        let width = match self.resolution {
            Resolution::Raw => None,
            Resolution::Day => Some(Width::Day(self.zone.clone())),
            other => other.length_ms().map(Width::Fixed),
        };
        // A station of which only its name is known has no readings.
        Ok(match (width, station_row(connection, &self.station)?) {
            (None, None) => Answer::Raw(Page::empty()),
            (Some(_), None) => Answer::Buckets(Page::empty()),
            (None, Some(station)) => {
                Answer::Raw(readings::page(connection, station, (from, to), after, limit)?)
            }
            (Some(width), Some(station)) => {
                let from = after.map_or(from, |(at, _)| at.max(from));
                Answer::Buckets(buckets::page(connection, station, (from, to), &width, limit)?)
            }
        })
    }
}

/// What the store said.
pub enum Answer {
    /// Readings.
    Raw(Page<crate::store::StoredReading, readings::Position>),
    /// Buckets of them.
    Buckets(Page<Bucket, minuano_telemetry::Millis>),
}

impl Answer {
    /// Where the next page begins.
    pub fn next(&self) -> Option<readings::Position> {
        match self {
            Self::Raw(page) => page.next,
            Self::Buckets(page) => page.next.map(|start| (start, 0)),
        }
    }

    /// Each item as JSON has it, until `take` fails.
    pub fn each_item<E>(
        &self,
        question: &Question,
        mut take: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Raw(page) => page
                .items
                .iter()
                .try_for_each(|stored| take(Item::Reading(&Reading::new(stored, question.altitude_m)))),
            Self::Buckets(page) => {
                page.items.iter().try_for_each(|bucket| take(Item::Bucket(&ReadingBucket::from(bucket))))
            }
        }
    }

    fn json(&self, question: &Question, next: Option<String>) -> Readings {
        let resolution = question.resolution.word();
        match self {
            Self::Raw(page) => {
                let items =
                    page.items.iter().map(|stored| Reading::new(stored, question.altitude_m)).collect();
                Readings::Raw(RawReadings { resolution, items, next })
            }
            Self::Buckets(page) => {
                let items = page.items.iter().map(ReadingBucket::from).collect();
                Readings::Buckets(BucketedReadings { resolution, items, next })
            }
        }
    }
}

/// What a list has in it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Item<'a> {
    /// A reading.
    Reading(&'a Reading),
    /// A bucket.
    Bucket(&'a ReadingBucket),
}
