//! What was measured and never came, and when nothing was measured.

use minuano_telemetry::Millis;
use rusqlite::Connection;

use super::{Page, one_more};
use crate::store::row::millis;

/// Which losses. Everything absent: all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Which {
    /// Row of the station.
    pub station: Option<i64>,
    /// Those that reach beyond this time.
    pub from: Option<Millis>,
    /// Those that began before this.
    pub to: Option<Millis>,
}

/// A loss.
#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    /// Readings that were measured, by their numbers.
    Readings {
        /// Whose.
        station: String,
        /// Of which run.
        stream: String,
        /// The first.
        from: u64,
        /// The last.
        to: u64,
        /// `overflow` or `ended`.
        reason: String,
    },
    /// Time in which nothing was measured, or nothing that left a trace.
    Time {
        /// Whose.
        station: String,
        /// The last reading before.
        from: Millis,
        /// The first one after.
        to: Millis,
        /// Whether the run before was closed in good order.
        closed: bool,
    },
}

/// Where a page ends. Lost readings come first, then lost time; each by the row of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// After the range of this stream that begins with this `seq`.
    Readings(i64, i64),
    /// After the gap that follows this stream.
    Time(i64),
}

/// Losses of readings, then of time.
pub fn page(
    connection: &Connection,
    which: Which,
    after: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Page<Loss, Position>> {
    let mut found = match after {
        Some(Position::Time(_)) => Vec::new(),
        Some(Position::Readings(stream, first)) => readings(connection, which, (stream, first), limit)?,
        None => readings(connection, which, (i64::MIN, i64::MIN), limit)?,
    };
    if found.len() <= limit {
        let begin = match after {
            Some(Position::Time(stream)) => stream,
            _ => i64::MIN,
        };
        found.extend(time(connection, which, begin, limit - found.len())?);
    }
    let page = Page::cut(found, limit, |(position, _)| *position);
    Ok(Page { items: page.items.into_iter().map(|(_, loss)| loss).collect(), next: page.next })
}

type Found = (Position, Loss);

/// The time of a lost reading is not known; that of its stream is.
fn readings(
    connection: &Connection,
    which: Which,
    (stream, first): (i64, i64),
    limit: usize,
) -> rusqlite::Result<Vec<Found>> {
    connection
        .prepare_cached(
            "SELECT t.id, g.first, s.name, t.stream, g.last, g.kind \
             FROM ranges g JOIN streams t ON t.id = g.stream JOIN stations s ON s.id = t.station \
             WHERE g.kind IN ('overflow', 'ended') AND (g.stream, g.first) > (?4, ?5) \
             AND (?1 IS NULL OR t.station = ?1) \
             AND (?2 IS NULL OR t.last_at IS NULL OR t.ended = 0 OR t.last_at >= ?2) \
             AND (?3 IS NULL OR t.first_at < ?3) ORDER BY g.stream, g.first LIMIT ?6",
        )?
        .query_map(
            rusqlite::params![
                which.station,
                which.from.map(Millis::get),
                which.to.map(Millis::get),
                stream,
                first,
                one_more(limit)
            ],
            |row| {
                let loss = Loss::Readings {
                    station: row.get(2)?,
                    stream: row.get(3)?,
                    from: row.get(1)?,
                    to: row.get(4)?,
                    reason: row.get(5)?,
                };
                Ok((Position::Readings(row.get(0)?, row.get(1)?), loss))
            },
        )?
        .collect()
}

/// From the last reading of a run that has ended to the first of the next. While a closed run's last
/// reading is still on its way, its time is not known and nothing is said.
fn time(connection: &Connection, which: Which, after: i64, limit: usize) -> rusqlite::Result<Vec<Found>> {
    connection
        .prepare_cached(
            "SELECT id, name, last_at, next_at, closed FROM ( \
                 SELECT t.id, s.name, t.last_at, t.last IS NOT NULL AS closed, \
                     lead(t.first_at) OVER (PARTITION BY t.station ORDER BY t.first_at, t.id) AS next_at, \
                     t.ended = 1 OR EXISTS (SELECT 1 FROM ranges g WHERE g.stream = t.id \
                         AND g.kind = 'stored' AND g.last >= t.last) AS known \
                 FROM streams t JOIN stations s ON s.id = t.station WHERE ?1 IS NULL OR t.station = ?1) \
             WHERE known AND last_at IS NOT NULL AND next_at > last_at AND id > ?4 \
             AND (?2 IS NULL OR next_at > ?2) AND (?3 IS NULL OR last_at < ?3) ORDER BY id LIMIT ?5",
        )?
        .query_map(
            rusqlite::params![
                which.station,
                which.from.map(Millis::get),
                which.to.map(Millis::get),
                after,
                one_more(limit)
            ],
            |row| {
                let loss = Loss::Time {
                    station: row.get(1)?,
                    from: millis(row, 2)?,
                    to: millis(row, 3)?,
                    closed: row.get(4)?,
                };
                Ok((Position::Time(row.get(0)?), loss))
            },
        )?
        .collect()
}
