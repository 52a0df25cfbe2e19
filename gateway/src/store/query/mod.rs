//! What the routes ask of the store. Reading only: nothing here can change what was measured.
//!
//! # Layout
//!
//! - [`readings`]: one station's readings by time, and everyone's by arrival
//! - [`buckets`]: readings folded into minutes, hours, days
//! - `spans`: how a range of time is cut into buckets and into what rollups can answer
//! - [`anomalies`]: episodes of suspect data
//! - [`weather`]: frost, heat and the like
//! - [`losses`]: what was measured and never came, and when nothing was measured
//! - [`lake`]: batches on their way to the lake
//!
//! Every list takes a limit and gives one item more than a page needs to know whether another follows.

pub mod anomalies;
pub mod buckets;
pub mod lake;
pub mod losses;
pub mod readings;
mod spans;
pub mod weather;

use minuano_telemetry::{Millis, StationName};
use rusqlite::{Connection, OptionalExtension};

use super::rollups::HOUR;

/// The row of a station; `None` until the first thing of it is written down.
pub fn station_row(connection: &Connection, station: &StationName) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM stations WHERE name = ?1")?
        .query_row([station.as_str()], |row| row.get(0))
        .optional()
}

/// When the first reading of a station was observed, as far as readings or rollups say: of these, the hour.
pub fn first_moment(connection: &Connection, station: i64) -> rusqlite::Result<Option<Millis>> {
    connection
        .prepare_cached(
            "SELECT min(at) FROM (SELECT min(start) AS at FROM rollups WHERE station = ?1 AND width = ?2 \
             UNION ALL SELECT min(observed_at) FROM readings WHERE station = ?1)",
        )?
        .query_row((station, HOUR), |row| row.get::<_, Option<i64>>(0))
        .map(|at| at.and_then(Millis::new))
}

/// A page of a list: at most `limit` items, and where the next page begins if there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T, C> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Continues exactly after the last item.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Cuts what was asked for with one item more than `limit` down to a page.
    pub(super) fn cut(mut items: Vec<T>, limit: usize, position: impl FnOnce(&T) -> C) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(position) } else { None };
        Self { items, next }
    }

    /// Nothing, and nothing follows.
    pub const fn empty() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

/// As a SQL parameter: one item more than a page.
pub(super) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}
