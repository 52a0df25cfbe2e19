//! Planned batches go to the lake, each file once.
//!
//! A file is made of its rows each time it is tried, put where nothing is, and marked. Whatever stops this
//! between two steps, the next try makes the same bytes for the same key and finds them there.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::FuturesUnordered;
use minuano_telemetry::Millis;
use rusqlite::{Connection, OptionalExtension};

use super::key::Key;
use super::parquet::{Encoded, FileWriter, named_sha256};
use super::plan::Batch;
use super::remote::{Created, Remote};
use super::rows::{self, BatchReader};
use super::{LakeError, blocking};
use crate::store::Store;
use crate::store::row::parsed;

/// Files on their way at once.
const PUT_AT_ONCE: usize = 4;

/// A file of a batch.
struct PlannedFile {
    key: Key,
    rows: u64,
    uploaded: bool,
}

/// The first batch after row `after` that is planned and not done.
pub fn next(connection: &Connection, after: i64) -> rusqlite::Result<Option<Batch>> {
    connection
        .prepare_cached(
            "SELECT first_row, last_row, excluded FROM lake_batches \
             WHERE done_at IS NULL AND first_row > ?1 ORDER BY first_row LIMIT 1",
        )?
        .query_row([after], |row| {
            Ok(Batch { first_row: row.get(0)?, last_row: row.get(1)?, excluded: row.get(2)? })
        })
        .optional()
}

/// Uploads what is missing of `batch` and marks it done at `now`; a failure is written beside it.
pub async fn upload(
    store: &Arc<Store>,
    remote: &Remote,
    batch: &Batch,
    now: impl Fn() -> Millis,
) -> Result<(), LakeError> {
    let first_row = batch.first_row;
    let outcome = upload_files(store, remote, batch).await;
    let error = outcome.as_ref().err().map(ToString::to_string);
    let done_at = now().get();
    let store = Arc::clone(store);
    blocking(move || {
        let connection = store.writer()?;
        match error {
            None => connection.execute(
                "UPDATE lake_batches SET done_at = coalesce(done_at, ?2), error = NULL WHERE first_row = ?1",
                (first_row, done_at),
            ),
            Some(error) => connection.execute(
                "UPDATE lake_batches SET retries = retries + 1, error = ?2 \
                 WHERE first_row = ?1 AND done_at IS NULL",
                (first_row, error),
            ),
        }
        .map_err(LakeError::from)
    })
    .await?;
    outcome
}

async fn upload_files(store: &Arc<Store>, remote: &Remote, batch: &Batch) -> Result<(), LakeError> {
    let (opening, planned) = (Arc::clone(store), batch.clone());
    let (mut reader, files) = blocking(move || open(&opening, planned)).await?;
    let mut putting = FuturesUnordered::new();
    for PlannedFile { key, rows, .. } in files.into_iter().filter(|file| !file.uploaded) {
        let (returned, encoded) = blocking(move || {
            let encoded = encode(&reader, &key, rows).map(|encoded| (key, encoded));
            Ok((reader, encoded))
        })
        .await?;
        reader = returned;
        let (key, Encoded { bytes, rows: _, sha256 }) = encoded?;
        if putting.len() == PUT_AT_ONCE {
            putting.try_next().await?;
        }
        putting.push(async move {
            let there = put(remote, key.to_string(), bytes.into(), &sha256).await?;
            mark(store, &key, there, sha256).await
        });
    }
    putting.try_collect().await
}

/// Writes down that `there`, whose rows have the fingerprint `sha256`, stands at `key`.
pub(super) async fn mark(
    store: &Arc<Store>,
    key: &Key,
    there: Bytes,
    sha256: String,
) -> Result<(), LakeError> {
    let (store, key) = (Arc::clone(store), key.to_string());
    blocking(move || {
        store.writer()?.execute(
            "UPDATE lake_files SET bytes = ?2, sha256 = ?3, file_sha256 = ?4 WHERE key = ?1",
            (key, there.len(), sha256, rows::sha256(&there)),
        )?;
        Ok(())
    })
    .await
}

fn open(store: &Store, batch: Batch) -> Result<(BatchReader, Vec<PlannedFile>), LakeError> {
    let connection = store.writer()?;
    let files = connection
        .prepare("SELECT key, rows, sha256 IS NOT NULL FROM lake_files WHERE first_row = ?1 ORDER BY key")?
        .query_map([batch.first_row], |row| {
            Ok(PlannedFile { key: parsed(row, 0)?, rows: row.get(1)?, uploaded: row.get(2)? })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let waiting = files.iter().filter(|file| !file.uploaded).count();
    let range = (batch.first_row, batch.last_row);
    Ok((BatchReader::new(connection, range, batch.excluded, waiting)?, files))
}

/// The file that stands at `key`: the same bytes whenever it is made by one release.
pub(super) fn encode(reader: &BatchReader, key: &Key, planned: u64) -> Result<Encoded, LakeError> {
    let mut writer = FileWriter::default();
    reader.hour(key, |row| writer.push(row).map_err(LakeError::from))?;
    let encoded = writer.finish(key)?;
    if encoded.rows != planned {
        return Err(LakeError::Changed { key: key.to_string(), planned, found: encoded.rows });
    }
    Ok(encoded)
}

/// Puts the file, or finds its rows there already; gives the bytes that are there.
pub(super) async fn put(
    remote: &Remote,
    key: String,
    bytes: Bytes,
    sha256: &str,
) -> Result<Bytes, LakeError> {
    if remote.create(&key, bytes.clone()).await? == Created::New {
        return Ok(bytes);
    }
    // Ours from a try whose end was not seen, ours from another release, or another's.
    let there = remote.fetch(&key).await?;
    let what = match named_sha256(&there) {
        _ if there == bytes => return Ok(there),
        Some(named) if named == sha256 => return Ok(there),
        Some(named) => format!("rows with sha256 {named} instead of {sha256}"),
        None => format!("{} bytes that are no file of ours", there.len()),
    };
    Err(LakeError::Different { key, what })
}

#[cfg(test)]
mod tests;
