//! Flags were revised, so what they stand in is counted again.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::parts::{self, IN_ORDER, Parts, TAKEN, from_row};
use super::{HOUR, MINUTE, TEN_MINUTES, floor, through};

/// Counts the minutes of `station` that [from, to) touches again from their readings, in the transaction of the
/// caller. A minute of which retention has taken readings stays as it is; gives how many did.
pub fn rebuild(connection: &Connection, station: i64, (from, to): (i64, i64)) -> rusqlite::Result<usize> {
    let minutes: BTreeSet<i64> = connection
        .prepare_cached(&IN_ORDER)?
        .query_map((station, MINUTE, floor(from, MINUTE), to), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    rebuild_minutes(connection, station, &minutes)
}

/// [`rebuild`] of minutes given by their starts.
pub fn rebuild_minutes(
    connection: &Connection,
    station: i64,
    minutes: &BTreeSet<i64>,
) -> rusqlite::Result<usize> {
    let through = through(connection)?;
    let sql = format!(
        "SELECT {TAKEN} FROM readings WHERE station = ?1 AND observed_at >= ?2 AND observed_at < ?3 AND row <= ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (mut kept, mut tens) = (0, BTreeSet::new());
    for minute in minutes {
        let mut parts = Parts::default();
        let mut rows = statement.query((station, minute, minute + MINUTE, through))?;
        while let Some(row) = rows.next()? {
            parts.take(row, 0)?;
        }
        let known = parts::load(connection, station, MINUTE, *minute)?;
        if known.is_some_and(|known| known.count == parts.count) {
            parts::save(connection, station, MINUTE, *minute, &parts)?;
            tens.insert(floor(*minute, TEN_MINUTES));
        } else {
            kept += 1;
        }
    }
    for start in &tens {
        add_up(connection, station, TEN_MINUTES, *start)?;
    }
    for start in tens.into_iter().map(|start| floor(start, HOUR)).collect::<BTreeSet<_>>() {
        add_up(connection, station, HOUR, start)?;
    }
    Ok(kept)
}

/// Adds up the ten minutes and hours that [from, to) touches again from their minutes.
pub fn widen(connection: &Connection, station: i64, (from, to): (i64, i64)) -> rusqlite::Result<()> {
    for width in [TEN_MINUTES, HOUR] {
        let mut start = floor(from, width);
        while start < to {
            add_up(connection, station, width, start)?;
            start += width;
        }
    }
    Ok(())
}

/// Adds up one of a width from the minutes in it.
fn add_up(connection: &Connection, station: i64, width: i64, start: i64) -> rusqlite::Result<()> {
    let mut sum = Parts::default();
    let mut statement = connection.prepare_cached(&IN_ORDER)?;
    let mut rows = statement.query((station, MINUTE, start, start + width))?;
    while let Some(row) = rows.next()? {
        sum.add(&from_row(row)?.1);
    }
    if sum.count > 0 { parts::save(connection, station, width, start, &sum) } else { Ok(()) }
}
