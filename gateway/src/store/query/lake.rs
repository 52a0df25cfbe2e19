//! Batches on their way to the lake, newest first.

use minuano_telemetry::Millis;
use rusqlite::{Connection, Row};

use super::{Page, one_more};
use crate::store::row::millis;

/// A planned range of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The first row.
    pub first_row: i64,
    /// The last row.
    pub last_row: i64,
    /// When its range and keys were written down.
    pub planned_at: Millis,
    /// When all of it was in the lake.
    pub done_at: Option<Millis>,
    /// Tries that failed.
    pub retries: u32,
    /// Why the last one did.
    pub error: Option<String>,
    /// One for each UTC hour.
    pub files: Vec<File>,
}

/// One object in the lake.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Below the lake's URL. Once it was joined with others: the file that holds its rows.
    pub key: String,
    /// The hour of `observed_at` that it holds.
    pub hour: Millis,
    /// How many rows.
    pub rows: u64,
    /// How large, once uploaded.
    pub bytes: Option<u64>,
}

/// Batches, newest first; `after` is the first row of the last one given.
pub fn page(connection: &Connection, after: Option<i64>, limit: usize) -> rusqlite::Result<Page<Batch, i64>> {
    let mut batches = connection
        .prepare_cached(
            "SELECT first_row, last_row, planned_at, done_at, retries, error FROM lake_batches \
             WHERE first_row < ?1 ORDER BY first_row DESC LIMIT ?2",
        )?
        .query_map((after.unwrap_or(i64::MAX), one_more(limit)), |row| {
            Ok(Batch {
                first_row: row.get(0)?,
                last_row: row.get(1)?,
                planned_at: millis(row, 2)?,
                done_at: optional_millis(row, 3)?,
                retries: row.get(4)?,
                error: row.get(5)?,
                files: Vec::new(),
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut files = connection.prepare_cached(
        "SELECT coalesce(joined, key), hour, rows, bytes FROM lake_files \
         WHERE first_row = ?1 AND last_row IS NULL ORDER BY hour",
    )?;
    for batch in &mut batches {
        batch.files = files
            .query_map([batch.first_row], |row| {
                Ok(File { key: row.get(0)?, hour: millis(row, 1)?, rows: row.get(2)?, bytes: row.get(3)? })
            })?
            .collect::<rusqlite::Result<_>>()?;
    }
    Ok(Page::cut(batches, limit, |last| last.first_row))
}

/// How many batches are in the lake, and how many are planned and not there yet.
pub fn counts(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    connection.query_row("SELECT count(done_at), count(*) - count(done_at) FROM lake_batches", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

fn optional_millis(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Millis>> {
    match row.get_ref(index)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => millis(row, index).map(Some),
    }
}
