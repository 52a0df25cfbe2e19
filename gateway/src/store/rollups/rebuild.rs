//! Flags were revised, so what they stand in is counted again.

use rusqlite::Connection;

use super::parts::{self, IN_ORDER, Parts, TAKEN, from_row};
use super::{HOUR, MINUTE, TEN_MINUTES, floor, through};

/// Counts the minutes of `station` that [from, to) touches again from their readings, in the transaction of the
/// caller. A minute of which retention has taken readings stays as it is; gives how many did.
pub fn rebuild(connection: &Connection, station: i64, (from, to): (i64, i64)) -> rusqlite::Result<usize> {
    let through = through(connection)?;
    let mut kept = 0;
    let known: Vec<(i64, Parts)> = connection
        .prepare_cached(&IN_ORDER)?
        .query_map((station, MINUTE, floor(from, MINUTE), to), from_row)?
        .collect::<rusqlite::Result<_>>()?;
    let sql = format!(
        "SELECT {TAKEN} FROM readings WHERE station = ?1 AND observed_at >= ?2 AND observed_at < ?3 AND row <= ?4"
    );
    for (minute, known) in &known {
        let mut parts = Parts::default();
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((station, minute, minute + MINUTE, through))?;
        while let Some(row) = rows.next()? {
            parts.take(row, 0)?;
        }
        if parts.count == known.count {
            parts::save(connection, station, MINUTE, *minute, &parts)?;
        } else {
            kept += 1;
        }
    }
    if let (Some((first, _)), Some((last, _))) = (known.first(), known.last()) {
        widen(connection, station, (*first, last + MINUTE))?;
    }
    Ok(kept)
}

/// Adds up the ten minutes and hours that [from, to) touches again from their minutes.
pub fn widen(connection: &Connection, station: i64, (from, to): (i64, i64)) -> rusqlite::Result<()> {
    for width in [TEN_MINUTES, HOUR] {
        let mut start = floor(from, width);
        while start < to {
            let mut sum = Parts::default();
            let mut statement = connection.prepare_cached(&IN_ORDER)?;
            let mut rows = statement.query((station, MINUTE, start, start + width))?;
            while let Some(row) = rows.next()? {
                sum.add(&from_row(row)?.1);
            }
            if sum.count > 0 {
                parts::save(connection, station, width, start, &sum)?;
            }
            start += width;
        }
    }
    Ok(())
}
