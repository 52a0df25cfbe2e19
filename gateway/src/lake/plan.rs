//! Which rows go to the lake next, and under which keys: written down before anything is uploaded, so
//! that whatever happens afterwards, the same rows go to the same keys.

use std::time::Duration;

use minuano_telemetry::{GatewayName, Millis};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::key::{HOUR, Key};
use crate::store::{StoreId, unsettled};

/// Rows looked at before the mark is moved.
const LOOKED_AT_AT_ONCE: usize = 20_000;

/// When a batch closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// At this age of its first row.
    pub close_after: Duration,
    /// At this many rows.
    pub close_rows: u32,
    /// A row's flags are final at this age.
    pub settle_after: Duration,
}

/// Whether a batch waits for its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// At its limits.
    WhenDue,
    /// Now, with what there is.
    Now,
}

/// A contiguous range of settled rows, planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its first row.
    pub first_row: i64,
    /// Its last row.
    pub last_row: i64,
    /// JSON list of the ids of stations whose rows are left out: another gateway owned them.
    pub excluded: String,
}

/// What could be planned: rows from `first` to `last`, the first after the planned row `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    after: i64,
    first: i64,
    last: i64,
}

/// Whether `moment` is at least `age` away. A moment in the future counts by its distance too: the clock
/// was set back, and rows must not wait until it is there again.
pub(super) fn is_past(moment: i64, now: Millis, age: Duration) -> bool {
    u128::from(now.get().abs_diff(moment)) >= age.as_millis()
}

/// Whether [`settle`] or [`plan`] has anything to do: reads a few rows.
pub fn is_due(connection: &Connection, limits: &Limits, now: Millis) -> rusqlite::Result<bool> {
    Ok(overdue(connection, limits.settle_after, now, 1)?.is_some()
        || range(connection, limits, now, Close::WhenDue)?.is_some())
}

/// Settles the rows at the head that are older than `settle_after`.
pub fn settle(connection: &Connection, settle_after: Duration, now: Millis) -> rusqlite::Result<()> {
    while let Some(last) = overdue(connection, settle_after, now, LOOKED_AT_AT_ONCE)? {
        unsettled::settle(connection, last)?;
    }
    Ok(())
}

/// The last of at most `most` unsettled rows at the head that are all older than `settle_after`.
fn overdue(
    connection: &Connection,
    settle_after: Duration,
    now: Millis,
    most: usize,
) -> rusqlite::Result<Option<i64>> {
    let mut query = connection
        .prepare_cached("SELECT row, received_at FROM readings WHERE row > ?1 ORDER BY row LIMIT ?2")?;
    let mut rows = query.query((unsettled::through(connection)?, most))?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        if !is_past(row.get(1)?, now, settle_after) {
            break;
        }
        last = Some(row.get(0)?);
    }
    Ok(last)
}

/// The row before which all are settled.
pub fn frontier(connection: &Connection) -> rusqlite::Result<i64> {
    Ok(unsettled::through(connection)? + 1)
}

/// The last row that is planned; 0 where none is.
pub fn planned_to(connection: &Connection) -> rusqlite::Result<i64> {
    Ok(newest(connection)?.map_or(0, |(last_row, _)| last_row))
}

/// The last planned row, and when it was planned.
fn newest(connection: &Connection) -> rusqlite::Result<Option<(i64, i64)>> {
    connection
        .prepare_cached("SELECT last_row, planned_at FROM lake_batches ORDER BY first_row DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// The range that would be the next batch, if it is closed.
fn range(
    connection: &Connection,
    limits: &Limits,
    now: Millis,
    close: Close,
) -> rusqlite::Result<Option<Range>> {
    let newest = newest(connection)?;
    let after = newest.map_or(0, |(last_row, _)| last_row);
    let frontier = frontier(connection)?;
    let first: Option<(i64, i64)> = connection
        .prepare_cached(
            "SELECT row, received_at FROM readings WHERE row > ?1 AND row < ?2 ORDER BY row LIMIT 1",
        )?
        .query_row((after, frontier), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((first, received_at)) = first else { return Ok(None) };
    let full = first + i64::from(limits.close_rows) - 1;
    if full < frontier {
        return Ok(Some(Range { after, first, last: full }));
    }
    // Where rows wait long to settle, the next one is old as soon as it may go: a batch each second would
    // follow, so the last plan has to be old too.
    let old = is_past(received_at, now, limits.close_after)
        && newest.is_none_or(|(_, planned_at)| is_past(planned_at, now, limits.close_after));
    Ok((old || close == Close::Now).then_some(Range { after, first, last: frontier - 1 }))
}

/// Writes down the next batch with the keys of its files, if one is closed. Counting its rows takes no
/// lock; only the writing does, after a look whether another process planned meanwhile.
pub fn plan(
    connection: &mut Connection,
    gateway: &GatewayName,
    limits: &Limits,
    now: Millis,
    close: Close,
) -> rusqlite::Result<Option<Batch>> {
    loop {
        let snapshot = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        let Some(range) = range(&snapshot, limits, now, close)? else { return Ok(None) };
        let excluded = foreign_stations(&snapshot, range)?;
        let hours = hours(&snapshot, range, &excluded)?;
        snapshot.finish()?;

        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if planned_to(&transaction)? != range.after {
            continue;
        }
        let batch = Batch { first_row: range.first, last_row: range.last, excluded };
        write(&transaction, gateway, &batch, &hours, now)?;
        transaction.commit()?;
        return Ok(Some(batch));
    }
}

fn foreign_stations(connection: &Connection, range: Range) -> rusqlite::Result<String> {
    connection.query_row(
        "SELECT json_group_array(station) FROM (SELECT DISTINCT station FROM readings \
         WHERE row BETWEEN ?1 AND ?2 \
         AND station IN (SELECT id FROM stations WHERE owner IS NOT NULL) ORDER BY station)",
        (range.first, range.last),
        |row| row.get(0),
    )
}

/// The hours that the range touches, with their rows.
fn hours(connection: &Connection, range: Range, excluded: &str) -> rusqlite::Result<Vec<(i64, i64)>> {
    connection
        .prepare(
            "SELECT observed_at - (observed_at % ?3 + ?3) % ?3 AS hour, count(*) FROM readings \
             WHERE row BETWEEN ?1 AND ?2 AND station NOT IN (SELECT value FROM json_each(?4)) \
             GROUP BY hour ORDER BY hour",
        )?
        .query_map((range.first, range.last, HOUR, excluded), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn write(
    connection: &Connection,
    gateway: &GatewayName,
    batch: &Batch,
    hours: &[(i64, i64)],
    now: Millis,
) -> rusqlite::Result<()> {
    let store: StoreId =
        connection.query_row("SELECT store FROM identity", [], |row| crate::store::row::parsed(row, 0))?;
    let Batch { first_row, last_row, excluded } = batch;
    // Without files there is nothing to upload.
    let done_at = hours.is_empty().then_some(now.get());
    connection.execute(
        "INSERT INTO lake_batches (first_row, last_row, planned_at, excluded, done_at) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
        (first_row, last_row, now.get(), excluded, done_at),
    )?;
    let mut insert =
        connection.prepare("INSERT INTO lake_files (key, first_row, hour, rows) VALUES (?1, ?2, ?3, ?4)")?;
    for (hour, rows) in hours {
        let (first_row, last_row) = (*first_row, *last_row);
        let key = Key { hour: *hour, gateway: gateway.clone(), store, first_row, last_row };
        insert.execute((key.to_string(), first_row, hour, rows))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
