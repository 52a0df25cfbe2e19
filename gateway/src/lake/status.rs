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

/// When the oldest settled row arrived that is not in the lake yet.
pub fn waiting_since(connection: &Connection) -> rusqlite::Result<Option<Millis>> {
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

/// Age of the oldest settled row that is not in the lake yet, in seconds; 0 where there is none.
pub fn lag_seconds(connection: &Connection, now: Millis) -> rusqlite::Result<f64> {
    let since = waiting_since(connection)?.unwrap_or(now);
    Ok(now.get().saturating_sub(since.get()).max(0) as f64 / 1000.0)
}
