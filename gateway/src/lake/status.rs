//! How far the lake is behind, and how much is in it: for `/metrics` and for those who wait.

use minuano_telemetry::Millis;
use rusqlite::{Connection, OptionalExtension};

use super::plan::frontier;
use crate::store::row::millis;

/// What is in the lake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Files.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their size.
    pub bytes: u64,
}

/// Counts what is in the lake.
pub fn uploaded(connection: &Connection) -> rusqlite::Result<Uploaded> {
    connection.query_row(
        "SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(bytes), 0) FROM lake_files \
         WHERE sha256 IS NOT NULL AND joined IS NULL",
        [],
        |row| Ok(Uploaded { files: row.get(0)?, rows: row.get(1)?, bytes: row.get(2)? }),
    )
}

/// Closed episodes, in the lake and on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Episodes {
    /// Files in the lake.
    pub files: u64,
    /// Episodes in them.
    pub rows: u64,
    /// Their size.
    pub bytes: u64,
    /// Episodes that are not in the lake.
    pub waiting: u64,
}

/// Counts closed episodes.
pub fn episodes(connection: &Connection) -> rusqlite::Result<Episodes> {
    connection.query_row(
        "SELECT count(sha256), coalesce(sum(rows) FILTER (WHERE sha256 IS NOT NULL), 0), coalesce(sum(bytes), 0), \
         coalesce(sum(rows) FILTER (WHERE sha256 IS NULL), 0) + (SELECT count(*) FROM anomaly_closings \
             WHERE closing > (SELECT coalesce(max(last), 0) FROM lake_anomaly_files)) FROM lake_anomaly_files",
        [],
        |row| Ok(Episodes { files: row.get(0)?, rows: row.get(1)?, bytes: row.get(2)?, waiting: row.get(3)? }),
    )
}

/// Since when something waits that the lake should have: a settled row by its arrival, closed episodes by their plan.
pub fn waiting_since(connection: &Connection) -> rusqlite::Result<Option<Millis>> {
    let row = row_waiting_since(connection)?;
    let planned = connection
        .prepare_cached(
            "SELECT min(planned_at) FROM lake_anomaly_files WHERE sha256 IS NULL HAVING count(*) > 0",
        )?
        .query_row([], |row| millis(row, 0))
        .optional()?;
    Ok(row.into_iter().chain(planned).min())
}

fn row_waiting_since(connection: &Connection) -> rusqlite::Result<Option<Millis>> {
    connection
        .prepare_cached(
            "SELECT received_at FROM readings WHERE row >= coalesce( \
                 (SELECT min(first_row) FROM lake_batches WHERE done_at IS NULL), \
                 (SELECT last_row + 1 FROM lake_batches ORDER BY first_row DESC LIMIT 1), 0) \
             AND row < ?1 ORDER BY row LIMIT 1",
        )?
        .query_row([frontier(connection)?], |row| millis(row, 0))
        .optional()
}

/// Age of the oldest settled row or planned file of episodes that is not in the lake yet, in seconds; 0 where there
/// is none.
pub fn lag_seconds(connection: &Connection, now: Millis) -> rusqlite::Result<f64> {
    let since = waiting_since(connection)?.unwrap_or(now);
    Ok(now.get().saturating_sub(since.get()).max(0) as f64 / 1000.0)
}
