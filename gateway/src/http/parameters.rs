//! Query parameters, each refused by name with what would be right; the bounds of what may be asked.
//!
//! A parameter that a route does not know is refused too: a mistyped `form=` would otherwise give an
//! answer to another question.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use minuano_telemetry::{Millis, StationName};
use rusqlite::Connection;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};

use super::App;
use super::problem::Problem;
use crate::directory::StationNow;
use crate::store::query::{Page, station_row};

/// The most items in one page.
pub const MAX_LIMIT: usize = 10_000;
/// Items in a page when the client does not say.
pub const DEFAULT_LIMIT: usize = 1_000;
/// The most days between `from` and `to`: ten years.
pub const MAX_RANGE_DAYS: i64 = 3_653;
const DAY_MS: i64 = 86_400_000;

/// The query of a request, as `T` reads it.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(refused) => {
                let said = refused.body_text();
                let said = said.strip_prefix("Failed to deserialize query string: ").unwrap_or(&said);
                Err(Problem::bad_request(said))
            }
        }
    }
}

/// Reads a parameter by its `FromStr`, so that its own words say what would be right.
pub fn text<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

/// A moment in a query.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Millis);

/// Why it is none.
#[derive(Debug, thiserror::Error)]
pub enum TimeError {
    /// The query turned the offset's plus into a space.
    #[error("a time is RFC 3339, such as 2026-11-20T12:00:00Z; in a query a + is written %2B")]
    Space,
    /// It is something else.
    #[error("a time is RFC 3339, such as 2026-11-20T12:00:00Z")]
    Other,
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        text.parse()
            .map(Self)
            .map_err(|_| if text.contains(' ') { TimeError::Space } else { TimeError::Other })
    }
}

/// How many items a page has.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub usize);

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(Self(limit)),
            _ => Err(format!("a limit is a whole number from 1 to {MAX_LIMIT}")),
        }
    }
}

/// How many items a page has, or that there shall be no pages.
#[derive(Clone, Copy, Debug)]
pub enum LimitOrAll {
    /// A page.
    Limit(Limit),
    /// Everything.
    All,
}

impl FromStr for LimitOrAll {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            _ => text.parse().map(Self::Limit).map_err(|right| format!("{right}, or all")),
        }
    }
}

impl utoipa::PartialSchema for LimitOrAll {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
        let limit = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(MAX_LIMIT));
        let all = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["all"]));
        OneOfBuilder::new().item(limit).item(all).into()
    }
}

impl utoipa::ToSchema for LimitOrAll {}

/// [from, to), checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first moment in it.
    pub from: Millis,
    /// The first moment after it.
    pub to: Millis,
}

impl Range {
    /// What was asked for; without `to` it ends at `now`, without `from` it is 24 hours long.
    pub fn of(from: Option<Time>, to: Option<Time>, now: Millis) -> Result<Self, Problem> {
        let to = to.map_or(now, |Time(to)| to);
        let from = match from {
            Some(Time(from)) => from,
            None => Millis::new(to.get() - DAY_MS).unwrap_or(to),
        };
        check_order(Some(from), Some(to))?;
        Ok(Self { from, to })
    }

    /// Its length in milliseconds.
    pub fn length_ms(&self) -> i64 {
        self.to.get() - self.from.get()
    }
}

/// Refuses a range that is empty or longer than [`MAX_RANGE_DAYS`]; one end may be open.
pub fn check_order(from: Option<Millis>, to: Option<Millis>) -> Result<(), Problem> {
    let (Some(from), Some(to)) = (from, to) else { return Ok(()) };
    if from >= to {
        return Err(Problem::bad_request(format!(
            "from: {from} is not before to, {to}; a range is [from, to), and to is now where it is absent"
        )));
    }
    if to.get() - from.get() > MAX_RANGE_DAYS * DAY_MS {
        return Err(Problem::bad_request(format!(
            "from: the range is longer than {MAX_RANGE_DAYS} days (10 years), the most that one request may span"
        )));
    }
    Ok(())
}

/// The station that the path names.
#[derive(Debug)]
pub struct PathStation {
    /// Its name.
    pub name: StationName,
    /// What is known of it.
    pub now: StationNow,
}

impl FromRequestParts<Arc<App>> for PathStation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|refused| Problem::bad_request(refused.body_text()))?;
        let name = text.parse().map_err(|error| unknown(&text, Some(error)))?;
        let now = app.directory.get(&name).ok_or_else(|| unknown(&text, None))?;
        Ok(Self { name, now })
    }
}

fn unknown(name: &str, why: Option<minuano_telemetry::NameError>) -> Problem {
    let why = why.map(|error| format!(": a name that {error}")).unwrap_or_default();
    Problem::not_found(format!("there is no station {name:?}{why}; GET /api/v1/stations lists them"))
}

/// Both ends of a range, either of which may be open.
pub fn ends(from: Option<Time>, to: Option<Time>) -> Result<(Option<Millis>, Option<Millis>), Problem> {
    let ends = (from.map(|Time(from)| from), to.map(|Time(to)| to));
    check_order(ends.0, ends.1)?;
    Ok(ends)
}

/// A page of what concerns the station that a query names, by its row, or every station where it names none. One
/// that is known by its name alone has nothing.
pub async fn of_station<T, P>(
    app: &App,
    station: Option<StationName>,
    page: impl FnOnce(&Connection, Option<i64>) -> rusqlite::Result<Page<T, P>> + Send + 'static,
) -> Result<Page<T, P>, Problem>
where
    T: Send + 'static,
    P: Send + 'static,
{
    known(app, station.as_ref())?;
    let ask = move |connection: &Connection| match station {
        None => page(connection, None),
        Some(name) => match station_row(connection, &name)? {
            Some(row) => page(connection, Some(row)),
            None => Ok(Page::empty()),
        },
    };
    Ok(app.store.ask(ask).await?)
}

/// The station that a query names, where it names one: it must be known.
pub fn known(app: &App, station: Option<&StationName>) -> Result<(), Problem> {
    match station {
        Some(name) if app.directory.read(|all| !all.contains_key(name)) => Err(unknown(name.as_str(), None)),
        _ => Ok(()),
    }
}
