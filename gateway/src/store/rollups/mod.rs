//! Readings folded into minutes, ten minutes and hours (UTC), so that charts of years stay fast and outlive the
//! raw rows.
//!
//! Rollups follow the readings in the order of arrival: `rollup_progress` says up to which row they hold
//! everything, and whoever asks adds the rows after it ([`super::query::buckets`]). So every answer is exact
//! at any moment, a crash has nothing to repair, and a late reading is like any other. Folding each reading as
//! it is committed would give the same answers for three changed pages a reading; folded many at a time, the
//! readings of a minute change a page once.
//!
//! # Layout
//!
//! - [`advance`]: the next rows go into the rollups
//! - [`rebuild`]: flags were revised, so what they stand in is counted again
//! - [`parts`]: what readings say together, in a form that adds up

pub mod parts;
mod rebuild;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use parts::{Parts, TAKEN};
use rusqlite::Connection;

pub use rebuild::{rebuild, rebuild_minutes, widen};

/// A minute in milliseconds.
pub const MINUTE: i64 = 60_000;
/// Ten of them.
pub const TEN_MINUTES: i64 = 600_000;
/// Sixty of them.
pub const HOUR: i64 = 3_600_000;
/// What is kept, the widest first.
pub const WIDTHS: [i64; 3] = [HOUR, TEN_MINUTES, MINUTE];

/// Rows that may wait for the rollups before commits make way for them. A question costs a look at each.
pub const MAX_TAIL: i64 = 131_072;
/// Rows folded in one transaction, so that none takes longer than a commit may wait.
const ROWS_AT_ONCE: usize = 65_536;
/// Rollups touched in one transaction, about: each minute, and for each station ten minutes and an hour.
const PLACES_AT_ONCE: usize = 6_144;

/// The start of the part of this width in which `at` lies.
pub const fn floor(at: i64, width: i64) -> i64 {
    at - at.rem_euclid(width)
}

/// The last row that the rollups hold.
pub fn through(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT through FROM rollup_progress")?.query_row([], |row| row.get(0))
}

/// Folds the next rows, in the transaction of the caller. False once there are no more.
pub fn advance(connection: &Connection) -> rusqlite::Result<bool> {
    let mut last = through(connection)?;
    let mut minutes: BTreeMap<(i64, i64), Parts> = BTreeMap::new();
    let mut stations: HashSet<i64> = HashSet::new();
    let sql = format!("SELECT row, station, {TAKEN} FROM readings WHERE row > ?1 ORDER BY row");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([last])?;
    let (mut taken, mut more) = (0, false);
    while let Some(row) = rows.next()? {
        if taken == ROWS_AT_ONCE || minutes.len() + 2 * stations.len() >= PLACES_AT_ONCE {
            more = true;
            break;
        }
        let station = row.get(1)?;
        let parts = minutes.entry((station, floor(row.get(2)?, MINUTE))).or_insert_with(|| {
            stations.insert(station);
            Parts::default()
        });
        parts.take(row, 2)?;
        last = row.get(0)?;
        taken += 1;
    }
    drop(rows);
    for width in WIDTHS {
        let mut wide: Option<(i64, i64, Parts)> = None;
        for ((station, minute), parts) in &minutes {
            let start = floor(*minute, width);
            match &mut wide {
                Some((of, at, sum)) if (*of, *at) == (*station, start) => sum.add(parts),
                _ => {
                    if let Some((of, at, sum)) = wide.replace((*station, start, *parts)) {
                        add(connection, of, width, at, sum)?;
                    }
                }
            }
        }
        if let Some((of, at, sum)) = wide {
            add(connection, of, width, at, sum)?;
        }
    }
    connection.prepare_cached("UPDATE rollup_progress SET through = ?1")?.execute([last])?;
    Ok(more)
}

fn add(
    connection: &Connection,
    station: i64,
    width: i64,
    start: i64,
    mut parts: Parts,
) -> rusqlite::Result<()> {
    if let Some(known) = parts::load(connection, station, width, start)? {
        parts.add(&known);
    }
    parts::save(connection, station, width, start, &parts)
}
