//! Uploads again what the lake lost, as long as the store still has the rows.
//!
//! What an uploaded file's key holds now decides: nothing, or a damaged copy of the same rows, is put
//! right. A file that names other rows came from somewhere else, and is overwritten only on demand. The
//! rows that go up are those that the file had, by their fingerprint; where some are pruned, or differ,
//! nothing is uploaded and the range is named.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::anomalies::check;
use super::key::Key;
use super::parquet::{Encoded, named_sha256};
use super::plan::Batch;
use super::rows::{BatchReader, sha256};
use super::upload::{encode, mark, put, upload};
use super::verify::{MOST_NAMED, Problem};
use super::{Lake, LakeError, blocking, old_copy};
use crate::clock::now;
use crate::store::row::parsed;

/// Files fetched at once.
const FETCHED_AT_ONCE: usize = 4;
/// How often progress is told, in files.
const TOLD_EVERY: u64 = 1000;

/// What a backfill did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backfilled {
    /// Nothing was refused.
    pub ok: bool,
    /// Uploaded files that were looked at.
    pub checked: u64,
    /// Files uploaded again, or for the first time.
    pub uploaded: u64,
    /// Rows in them.
    pub rows: u64,
    /// Files that were not right and could not be made so.
    pub refused: u64,
    /// The first of them, and why.
    pub refused_files: Vec<Problem>,
}

impl fmt::Display for Backfilled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { checked, uploaded, rows, refused, .. } = self;
        write!(
            formatter,
            "{checked} files checked; {uploaded} uploaded with {rows} rows; {refused} refused"
        )?;
        for Problem { key, what } in &self.refused_files {
            write!(formatter, "\n{key}: {what}")?;
        }
        Ok(())
    }
}

impl Backfilled {
    pub(super) fn refuse(&mut self, key: String, what: String) {
        self.refused += 1;
        if self.refused_files.len() < MOST_NAMED {
            self.refused_files.push(Problem { key, what });
        }
    }

    pub(super) fn refuse_other(&mut self, key: String) {
        self.refuse(key, "holds other rows than were uploaded; --replace overwrites it".to_owned());
    }

    pub(super) fn refuse_changed(&mut self, key: String) {
        let what = "the store's rows are not those that were uploaded (a station renamed?); \
                    --replace uploads them as they are";
        self.refuse(key, what.to_owned());
    }
}

/// An uploaded file, as the store remembers it.
#[derive(Clone)]
struct Known {
    key: Key,
    rows: u64,
    sha256: String,
    file_sha256: String,
}

/// What stands at the key of an uploaded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum There {
    /// What was uploaded.
    Sound,
    Nothing,
    /// Bytes that name the same rows, or none: a copy that broke.
    Damaged,
    /// A file that names other rows.
    Other,
}

impl Lake {
    /// Uploads again what planned batches miss or hold damaged, beside a running gateway or without one;
    /// `progress` hears of each file. With `replace` files of other rows are overwritten too.
    pub async fn backfill(
        &self,
        replace: bool,
        mut progress: impl FnMut(&str),
    ) -> Result<Backfilled, LakeError> {
        self.patiently(
            async || old_copy::check(&self.store, &self.remote, &self.gateway).await,
            &mut progress,
        )
        .await?;
        let mut backfilled = Backfilled::default();
        let mut after = -1;
        while let Some((batch, done)) = self.store.ask(move |connection| planned(connection, after)).await? {
            after = batch.first_row;
            if done {
                self.restore(&batch, replace, &mut backfilled, &mut progress).await?;
            } else {
                self.upload_first(&batch, &mut backfilled, &mut progress).await?;
            }
        }
        let mut anomalies = backfilled.clone();
        self.patiently(
            async || {
                anomalies = backfilled.clone();
                let (_, fault) = super::anomalies::upload(&self.store, &self.remote).await?;
                if let Some(LakeError::Different { key, what }) = fault {
                    anomalies.refuse(key, what);
                }
                check::backfill(&self.store, &self.remote, replace, &mut anomalies).await
            },
            &mut progress,
        )
        .await?;
        backfilled = anomalies;
        backfilled.ok = backfilled.refused == 0;
        Ok(backfilled)
    }

    /// Uploads a batch that is not done yet. What its keys hold already is never overwritten.
    async fn upload_first(
        &self,
        batch: &Batch,
        backfilled: &mut Backfilled,
        progress: &mut impl FnMut(&str),
    ) -> Result<(), LakeError> {
        let first_row = batch.first_row;
        let (files, rows) = self.store.ask(move |connection| missing(connection, first_row)).await?;
        progress(&format!("rows {first_row} to {}: {files} files", batch.last_row));
        match self.patiently(async || upload(&self.store, &self.remote, batch, now).await, progress).await {
            Ok(()) => {
                backfilled.uploaded += files;
                backfilled.rows += rows;
                Ok(())
            }
            Err(error @ (LakeError::Different { .. } | LakeError::Changed { .. })) => {
                backfilled.refuse(format!("rows {first_row} to {}", batch.last_row), error.to_string());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Puts the files of a done batch right.
    async fn restore(
        &self,
        batch: &Batch,
        replace: bool,
        backfilled: &mut Backfilled,
        progress: &mut impl FnMut(&str),
    ) -> Result<(), LakeError> {
        let first_row = batch.first_row;
        let files = self.store.ask(move |connection| known(connection, first_row)).await?;
        let mut wrong = Vec::new();
        let looked = async || {
            let looks = stream::iter(files.clone()).map(|known| async {
                let found = self.remote.find(&known.key.to_string()).await?;
                Ok::<_, LakeError>((there(found.as_ref(), &known.sha256, &known.file_sha256), known))
            });
            looks.buffered(FETCHED_AT_ONCE).try_collect::<Vec<_>>().await
        };
        for (there, known) in self.patiently(looked, progress).await? {
            backfilled.checked += 1;
            if backfilled.checked.is_multiple_of(TOLD_EVERY) {
                progress(&format!("{} files checked", backfilled.checked));
            }
            match there {
                There::Sound => {}
                There::Other if !replace => backfilled.refuse_other(known.key.to_string()),
                _ => wrong.push((known, there)),
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let (store, batch, files) = (Arc::clone(&self.store), batch.clone(), wrong.len());
        let mut reader = blocking(move || {
            let range = (batch.first_row, batch.last_row);
            Ok(BatchReader::new(store.writer()?, range, batch.excluded, files)?)
        })
        .await?;
        for (known, there) in wrong {
            let Known { key, rows, sha256, .. } = known;
            let (returned, encoded) = blocking(move || {
                let encoded = encode(&reader, &key, rows).map(|encoded| (key, encoded));
                Ok((reader, encoded))
            })
            .await?;
            reader = returned;
            let (key, encoded) = match encoded {
                Ok(encoded) => encoded,
                Err(LakeError::Changed { key, found, .. }) => {
                    let what = format!(
                        "its rows are pruned: of the {rows} that it held, from row {first_row} on, \
                         the store has {found}"
                    );
                    backfilled.refuse(key, what);
                    continue;
                }
                Err(error) => return Err(error),
            };
            if encoded.sha256 != sha256 && !replace {
                backfilled.refuse_changed(key.to_string());
                continue;
            }
            progress(&format!("{key}: {rows} rows"));
            self.patiently(async || self.put_right(&key, &encoded, there).await, progress).await?;
            backfilled.uploaded += 1;
            backfilled.rows += rows;
        }
        Ok(())
    }

    async fn put_right(&self, key: &Key, encoded: &Encoded, there: There) -> Result<(), LakeError> {
        let Encoded { bytes, sha256, .. } = encoded.clone();
        let bytes = Bytes::from(bytes);
        let there = if there == There::Nothing {
            put(&self.remote, key.to_string(), bytes, &sha256).await?
        } else {
            self.remote.replace(&key.to_string(), bytes.clone()).await?;
            bytes
        };
        mark(&self.store, key, there, sha256).await
    }
}

/// Compares with the hashes of what was uploaded: of its rows and of its bytes.
pub(super) fn there(found: Option<&Bytes>, rows: &str, file: &str) -> There {
    let Some(bytes) = found else { return There::Nothing };
    match named_sha256(bytes) {
        _ if sha256(bytes) == file => There::Sound,
        Some(named) if named != rows => There::Other,
        _ => There::Damaged,
    }
}

/// The first planned batch after row `after`, and whether it is done.
fn planned(connection: &Connection, after: i64) -> rusqlite::Result<Option<(Batch, bool)>> {
    connection
        .prepare_cached(
            "SELECT first_row, last_row, excluded, done_at IS NOT NULL FROM lake_batches \
             WHERE first_row > ?1 ORDER BY first_row LIMIT 1",
        )?
        .query_row([after], |row| {
            let batch = Batch { first_row: row.get(0)?, last_row: row.get(1)?, excluded: row.get(2)? };
            Ok((batch, row.get(3)?))
        })
        .optional()
}

fn known(connection: &Connection, first_row: i64) -> rusqlite::Result<Vec<Known>> {
    connection
        .prepare_cached(
            "SELECT key, rows, sha256, file_sha256 FROM lake_files \
             WHERE first_row = ?1 AND sha256 IS NOT NULL ORDER BY key",
        )?
        .query_map([first_row], |row| {
            Ok(Known {
                key: parsed(row, 0)?,
                rows: row.get(1)?,
                sha256: row.get(2)?,
                file_sha256: row.get(3)?,
            })
        })?
        .collect()
}

/// Files and rows of a batch that are not uploaded yet.
fn missing(connection: &Connection, first_row: i64) -> rusqlite::Result<(u64, u64)> {
    connection.query_row(
        "SELECT count(*), coalesce(sum(rows), 0) FROM lake_files WHERE first_row = ?1 AND sha256 IS NULL",
        [first_row],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

#[cfg(test)]
mod tests;
