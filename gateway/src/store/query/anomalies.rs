//! Episodes of suspect data, newest first.

use minuano_telemetry::{AnomalyState, Facts, Millis};
use rusqlite::{Connection, Row};

use super::{Page, one_more};
use crate::store::anomalies::facts_column;
use crate::store::row::millis;

/// Which episodes. Everything absent: all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Which {
    /// Row of the station.
    pub station: Option<i64>,
    /// Those that reach to this time or beyond.
    pub from: Option<Millis>,
    /// Those that began before this.
    pub to: Option<Millis>,
    /// Those that go on, or those that do not.
    pub state: Option<AnomalyState>,
}

/// An episode as its row holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Unique within the store.
    pub id: i64,
    /// Whose readings.
    pub station: String,
    /// The quantity's key; none where the whole station is meant.
    pub quantity: Option<String>,
    /// Which check found it.
    pub kind: String,
    /// Time of the first reading in it.
    pub from: Millis,
    /// Time of the last.
    pub to: Millis,
    /// The worst, by QARTOD's number.
    pub flag: u8,
    /// `open` or `closed`.
    pub state: String,
    /// One sentence.
    pub evidence: String,
    /// Its numbers.
    pub facts: Option<Facts>,
}

impl Found {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            station: row.get(1)?,
            quantity: row.get(2)?,
            kind: row.get(3)?,
            from: millis(row, 4)?,
            to: millis(row, 5)?,
            flag: row.get(6)?,
            state: row.get(7)?,
            evidence: row.get(8)?,
            facts: facts_column(row, 9)?,
        })
    }
}

/// Where a page ends: the beginning and id of its last episode.
pub type Position = (Millis, i64);

/// The episodes that overlap [from, to), newest first.
pub fn page(
    connection: &Connection,
    which: Which,
    after: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Page<Found, Position>> {
    let (time, id) = after.map_or((i64::MAX, i64::MAX), |(time, id)| (time.get(), id));
    let state = which.state.map(|state| match state {
        AnomalyState::Open => "open",
        AnomalyState::Closed => "closed",
    });
    let items = connection
        .prepare_cached(
            "SELECT a.id, s.name, a.quantity, a.kind, a.from_time, a.to_time, a.flag, a.state, a.evidence, \
             a.facts FROM anomalies a JOIN stations s ON s.id = a.station \
             WHERE (?1 IS NULL OR a.station = ?1) AND (?2 IS NULL OR a.to_time >= ?2) \
             AND (?3 IS NULL OR a.from_time < ?3) AND (?4 IS NULL OR a.state = ?4) \
             AND (a.from_time, a.id) < (?5, ?6) ORDER BY a.from_time DESC, a.id DESC LIMIT ?7",
        )?
        .query_map(
            rusqlite::params![
                which.station,
                which.from.map(Millis::get),
                which.to.map(Millis::get),
                state,
                time,
                id,
                one_more(limit)
            ],
            Found::from_row as fn(&Row<'_>) -> _,
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Page::cut(items, limit, |last| (last.from, last.id)))
}

/// The newest episodes that go on or lasted until `since`, oldest first, at most `limit`.
pub fn touched(connection: &Connection, since: Millis, limit: usize) -> rusqlite::Result<Vec<Found>> {
    let mut found = connection
        .prepare_cached(
            "SELECT a.id, s.name, a.quantity, a.kind, a.from_time, a.to_time, a.flag, a.state, a.evidence, \
             a.facts FROM anomalies a JOIN stations s ON s.id = a.station \
             WHERE a.state = 'open' OR a.to_time >= ?1 ORDER BY a.id DESC LIMIT ?2",
        )?
        .query_map(
            (since.get(), i64::try_from(limit).unwrap_or(i64::MAX)),
            Found::from_row as fn(&Row<'_>) -> _,
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    found.reverse();
    Ok(found)
}
