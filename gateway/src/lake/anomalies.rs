//! Closed episodes go to the lake as readings do: planned in the order in which they closed, created once,
//! hashed.
//!
//! # Layout
//!
//! - [`AnomalyKey`]: where a file stands
//! - here: what a row is, which go next, their upload
//! - [`check`]: verify and backfill

pub mod check;
mod key;

use std::sync::Arc;
use std::time::Duration;

use minuano_telemetry::{GatewayName, Millis};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};

use super::parquet::{Encoded, anomalies::encode};
use super::plan::{Close, is_past};
use super::remote::Remote;
use super::rows::{hex, sha256};
use super::upload::put;
use super::{LakeError, blocking};
use crate::store::row::parsed;
use crate::store::{Store, StoreId};

pub use key::{AnomalyKey, DAY, FOLDER};

/// Closings in one batch: small enough for memory whatever their evidence says.
const MOST_IN_BATCH: i64 = 10_000;

/// A closed episode, in the columns of the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnomalyRow {
    /// In the store, as routes and messages name it.
    pub id: i64,
    /// Whose.
    pub station: String,
    /// Of which quantity, if of one.
    pub quantity: Option<String>,
    /// Which check found it.
    pub kind: String,
    /// Its first reading, in milliseconds since 1970.
    pub from_time: i64,
    /// Its last.
    pub to_time: i64,
    /// The worst, as a QARTOD number.
    pub flag: u8,
    /// One sentence.
    pub evidence: String,
}

/// SHA-256 of the line `minuano anomalies 1`, ended by a line feed, and of each row: id, from_time, to_time
/// (little-endian 64-bit), flag (a byte), then station, quantity (empty where there is none), kind and
/// evidence, each as its length (little-endian 64-bit) and its UTF-8.
pub fn fingerprint(rows: &[AnomalyRow]) -> String {
    let mut hash = Sha256::new_with_prefix(b"minuano anomalies 1\n");
    for row in rows {
        for number in [row.id, row.from_time, row.to_time] {
            hash.update(number.to_le_bytes());
        }
        hash.update([row.flag]);
        for text in [&row.station, row.quantity.as_deref().unwrap_or_default(), &row.kind, &row.evidence] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
    }
    hex(&hash.finalize())
}

/// The last closing that is planned; 0 where none is.
pub fn planned_to(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(last), 0) FROM lake_anomaly_files")?
        .query_row([], |row| row.get(0))
}

/// Whether [`plan`] has anything to do: reads a few rows.
pub fn is_due(connection: &Connection, close_after: Duration, now: Millis) -> rusqlite::Result<bool> {
    Ok(range(connection, close_after, now, Close::WhenDue)?.is_some())
}

/// The next closings, if there are any and the last plan is old enough.
fn range(
    connection: &Connection,
    close_after: Duration,
    now: Millis,
    close: Close,
) -> rusqlite::Result<Option<(i64, i64)>> {
    let newest: Option<(i64, i64)> = connection
        .prepare_cached("SELECT last, planned_at FROM lake_anomaly_files ORDER BY last DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if close == Close::WhenDue && newest.is_some_and(|(_, planned_at)| !is_past(planned_at, now, close_after))
    {
        return Ok(None);
    }
    let after = newest.map_or(0, |(last, _)| last);
    let range: (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "SELECT min(closing), max(closing) FROM (SELECT closing FROM anomaly_closings \
             WHERE closing > ?1 ORDER BY closing LIMIT ?2)",
        )?
        .query_row((after, MOST_IN_BATCH), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(range.0.zip(range.1))
}

/// Writes down the next batch of closings with the keys of its files; true if there was one.
pub fn plan(
    connection: &mut Connection,
    gateway: &GatewayName,
    close_after: Duration,
    now: Millis,
    close: Close,
) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some((first, last)) = range(&transaction, close_after, now, close)? else { return Ok(false) };
    let store: StoreId = transaction.query_row("SELECT store FROM identity", [], |row| parsed(row, 0))?;
    let days: Vec<(i64, u64)> = transaction
        .prepare(
            "SELECT a.to_time - (a.to_time % ?3 + ?3) % ?3 AS day, count(*) FROM anomaly_closings c \
             JOIN anomalies a ON a.id = c.anomaly WHERE c.closing BETWEEN ?1 AND ?2 GROUP BY day",
        )?
        .query_map((first, last, DAY), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (day, rows) in days {
        let key = AnomalyKey { day, gateway: gateway.clone(), store, first, last };
        transaction.execute(
            "INSERT INTO lake_anomaly_files (key, first, last, day, rows, planned_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (key.to_string(), first, last, day, rows, now.get()),
        )?;
    }
    transaction.commit()?;
    Ok(true)
}

/// The rows of a planned file, in the order in which they closed.
fn rows(connection: &Connection, key: &AnomalyKey) -> rusqlite::Result<Vec<AnomalyRow>> {
    connection
        .prepare(
            "SELECT a.id, s.name, a.quantity, a.kind, a.from_time, a.to_time, a.flag, a.evidence \
             FROM anomaly_closings c JOIN anomalies a ON a.id = c.anomaly JOIN stations s ON s.id = a.station \
             WHERE c.closing BETWEEN ?1 AND ?2 AND a.to_time >= ?3 AND a.to_time < ?3 + ?4 ORDER BY c.closing",
        )?
        .query_map((key.first, key.last, key.day, DAY), |row| {
            Ok(AnomalyRow {
                id: row.get(0)?,
                station: row.get(1)?,
                quantity: row.get(2)?,
                kind: row.get(3)?,
                from_time: row.get(4)?,
                to_time: row.get(5)?,
                flag: row.get(6)?,
                evidence: row.get(7)?,
            })
        })?
        .collect()
}

/// The file that the store's rows make for `key`.
fn made(store: &Store, key: &AnomalyKey, planned: u64) -> Result<Encoded, LakeError> {
    let encoded = encode(key, &store.read(|connection| rows(connection, key))?)?;
    if encoded.rows != planned {
        return Err(LakeError::Changed { key: key.to_string(), planned, found: encoded.rows });
    }
    Ok(encoded)
}

/// Uploads every planned file that is not there yet. A file that cannot be is written down with its error,
/// and the others go on; gives how many were uploaded and the last such error.
pub async fn upload(store: &Arc<Store>, remote: &Remote) -> Result<(u64, Option<LakeError>), LakeError> {
    let waiting: Vec<(AnomalyKey, u64)> = store
        .ask(|connection| {
            connection
                .prepare_cached(
                    "SELECT key, rows FROM lake_anomaly_files WHERE sha256 IS NULL ORDER BY first",
                )?
                .query_map([], |row| Ok((parsed(row, 0)?, row.get(1)?)))?
                .collect()
        })
        .await?;
    let (mut uploaded, mut fault) = (0, None);
    for (key, planned) in waiting {
        match upload_one(store, remote, &key, planned).await {
            Ok(()) => uploaded += 1,
            Err(error) => {
                let (store, said) = (Arc::clone(store), error.to_string());
                blocking(move || {
                    let sql = "UPDATE lake_anomaly_files SET error = ?2 WHERE key = ?1";
                    store.writer()?.execute(sql, (key.to_string(), said))?;
                    Ok(())
                })
                .await?;
                if !error.is_of_one_batch() {
                    return Err(error);
                }
                fault = Some(error);
            }
        }
    }
    Ok((uploaded, fault))
}

async fn upload_one(
    store: &Arc<Store>,
    remote: &Remote,
    key: &AnomalyKey,
    planned: u64,
) -> Result<(), LakeError> {
    let (making, of) = (Arc::clone(store), key.clone());
    let Encoded { bytes, sha256, .. } = blocking(move || made(&making, &of, planned)).await?;
    let there = put(remote, key.to_string(), bytes.into(), &sha256).await?;
    mark(store, key, there, sha256).await
}

async fn mark(
    store: &Arc<Store>,
    key: &AnomalyKey,
    there: bytes::Bytes,
    of_rows: String,
) -> Result<(), LakeError> {
    let (store, key) = (Arc::clone(store), key.to_string());
    blocking(move || {
        store.writer()?.execute(
            "UPDATE lake_anomaly_files SET bytes = ?2, sha256 = ?3, file_sha256 = ?4, error = NULL WHERE key = ?1",
            (key, there.len(), of_rows, sha256(&there)),
        )?;
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests;
