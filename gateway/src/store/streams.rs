//! Which seqs of each stream are accounted for, written in the same transaction as the readings.

use minuano_telemetry::StreamId;
use rusqlite::{Connection, OptionalExtension};

use super::row::millis;
use crate::acknowledge::account::{Account, Kind};

/// A stream's row and account.
#[derive(Clone, Debug)]
pub struct StreamRow {
    /// Row in `streams`.
    pub id: i64,
    /// What it holds.
    pub account: Account,
}

/// Reads a stream of a station, if it is known.
pub fn load(connection: &Connection, station: i64, stream: StreamId) -> rusqlite::Result<Option<StreamRow>> {
    let found = connection
        .prepare_cached(
            "SELECT id, first_at, cursor, oldest, last, ended, last_at, duplicates FROM streams \
             WHERE station = ?1 AND stream = ?2",
        )?
        .query_row((station, stream.to_string()), |row| {
            let mut account = Account::new(millis(row, 1)?);
            account.cursor = row.get(2)?;
            account.oldest = row.get(3)?;
            account.last = row.get(4)?;
            account.ended = row.get(5)?;
            account.last_at = row.get::<_, Option<i64>>(6)?.and_then(minuano_telemetry::Millis::new);
            account.duplicates = row.get(7)?;
            Ok(StreamRow { id: row.get(0)?, account })
        })
        .optional()?;
    let Some(mut found) = found else { return Ok(None) };
    for kind in Kind::ALL {
        let ranges = connection
            .prepare_cached("SELECT first, last FROM ranges WHERE stream = ?1 AND kind = ?2")?
            .query_map((found.id, kind.word()), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        found.account.restore(kind, ranges);
    }
    Ok(Some(found))
}

/// Writes a stream down for the first time.
pub fn create(
    connection: &Connection,
    station: i64,
    stream: StreamId,
    account: Account,
) -> rusqlite::Result<StreamRow> {
    let id = connection
        .prepare_cached("INSERT INTO streams (station, stream, first_at) VALUES (?1, ?2, ?3)")?
        .insert((station, stream.to_string(), account.first_at.get()))?;
    Ok(StreamRow { id, account })
}

/// Writes down what changed.
pub fn save(connection: &Connection, row: &mut StreamRow) -> rusqlite::Result<()> {
    let account = &row.account;
    connection
        .prepare_cached(
            "UPDATE streams SET first_at = ?2, cursor = ?3, oldest = ?4, last = ?5, ended = ?6, last_at = ?7, \
             duplicates = ?8 WHERE id = ?1",
        )?
        .execute(rusqlite::params![
            row.id,
            account.first_at.get(),
            account.cursor,
            account.oldest,
            account.last,
            account.ended,
            account.last_at.map(minuano_telemetry::Millis::get),
            account.duplicates,
        ])?;
    for kind in Kind::ALL {
        for change in row.account.set_mut(kind).take_changes() {
            match change.last {
                Some(last) => connection
                    .prepare_cached(
                        "INSERT INTO ranges (stream, kind, first, last) VALUES (?1, ?2, ?3, ?4) \
                         ON CONFLICT DO UPDATE SET last = excluded.last",
                    )?
                    .execute((row.id, kind.word(), change.first, last))?,
                None => connection
                    .prepare_cached("DELETE FROM ranges WHERE stream = ?1 AND kind = ?2 AND first = ?3")?
                    .execute((row.id, kind.word(), change.first))?,
            };
        }
    }
    Ok(())
}

/// The streams of a station that have not ended.
pub fn open(connection: &Connection, station: i64) -> rusqlite::Result<Vec<StreamId>> {
    connection
        .prepare_cached("SELECT stream FROM streams WHERE station = ?1 AND ended = 0 ORDER BY id")?
        .query_map([station], |row| super::row::parsed(row, 0))?
        .collect()
}
