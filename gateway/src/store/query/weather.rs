//! Weather events, newest first.

use minuano_telemetry::{AnomalyState, Millis, WeatherKind};
use rusqlite::{Connection, Row};

use super::{Page, one_more};
use crate::store::row::millis;
use crate::store::weather::state_word;

/// Which events. Everything absent: all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Which {
    /// Row of the station.
    pub station: Option<i64>,
    /// Of one kind.
    pub kind: Option<WeatherKind>,
    /// Those that reach to this time or beyond.
    pub from: Option<Millis>,
    /// Those that began before this.
    pub to: Option<Millis>,
    /// Those that go on, or those that do not.
    pub state: Option<AnomalyState>,
}

/// An event as its row holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Unique within the store.
    pub id: i64,
    /// Where.
    pub station: String,
    /// Which weather.
    pub kind: String,
    /// Time of the first reading in it.
    pub from: Millis,
    /// Time of the last that was told.
    pub to: Millis,
    /// `open` or `closed`.
    pub state: String,
    /// In the unit of its kind.
    pub extreme: f64,
    /// One sentence.
    pub evidence: String,
    /// Where the rule begins.
    pub onset: Option<f64>,
}

impl Found {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            station: row.get(1)?,
            kind: row.get(2)?,
            from: millis(row, 3)?,
            to: millis(row, 4)?,
            state: row.get(5)?,
            extreme: row.get(6)?,
            evidence: row.get(7)?,
            onset: row.get(8)?,
        })
    }
}

/// Where a page ends: the beginning and id of its last event.
pub type Position = (Millis, i64);

/// The events that overlap [from, to), newest first.
pub fn page(
    connection: &Connection,
    which: Which,
    after: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Page<Found, Position>> {
    let (time, id) = after.map_or((i64::MAX, i64::MAX), |(time, id)| (time.get(), id));
    let items = connection
        .prepare_cached(
            "SELECT e.id, s.name, e.kind, e.from_time, e.to_time, e.state, e.extreme, e.evidence, \
             e.onset FROM weather_events e JOIN stations s ON s.id = e.station \
             WHERE (?1 IS NULL OR e.station = ?1) AND (?2 IS NULL OR e.kind = ?2) \
             AND (?3 IS NULL OR e.to_time >= ?3) AND (?4 IS NULL OR e.from_time < ?4) \
             AND (?5 IS NULL OR e.state = ?5) AND (e.from_time, e.id) < (?6, ?7) \
             ORDER BY e.from_time DESC, e.id DESC LIMIT ?8",
        )?
        .query_map(
            rusqlite::params![
                which.station,
                which.kind.map(WeatherKind::word),
                which.from.map(Millis::get),
                which.to.map(Millis::get),
                which.state.map(state_word),
                time,
                id,
                one_more(limit)
            ],
            Found::from_row as fn(&Row<'_>) -> _,
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Page::cut(items, limit, |last| (last.from, last.id)))
}
