//! What was uploaded is put right: each file is made again from the store's rows, and must be what it was.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rusqlite::{Connection, Row};

use super::Backfilled;
use crate::lake::compact::adopt::joined_elsewhere;
use crate::lake::compact::join;
use crate::lake::key::Key;
use crate::lake::parquet::{Encoded, named_sha256};
use crate::lake::plan::Batch;
use crate::lake::rows::{BatchReader, sha256};
use crate::lake::upload::{encode, mark, put};
use crate::lake::{Lake, LakeError, blocking};
use crate::store::Store;
use crate::store::row::parsed;

/// Files fetched at once.
const FETCHED_AT_ONCE: usize = 4;
/// How often progress is told, in files.
const TOLD_EVERY: u64 = 1000;

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
pub(in crate::lake) enum There {
    /// What was uploaded.
    Sound,
    Nothing,
    /// Bytes that name the same rows, or none: a copy that broke.
    Damaged,
    /// A file that names other rows.
    Other,
}

impl Lake {
    /// Puts the files of a done batch right.
    pub(super) async fn restore(
        &self,
        batch: &Batch,
        replace: bool,
        backfilled: &mut Backfilled,
        progress: &mut impl FnMut(&str),
    ) -> Result<(), LakeError> {
        let first_row = batch.first_row;
        let files = self.store.ask(move |connection| known(connection, first_row)).await?;
        let wrong = self.wrong(files, replace, backfilled, progress).await?;
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
            if there == There::Nothing
                && let Some(all) = joined_elsewhere(self, &known.key).await?
            {
                let what = format!("its rows are in {all}; lake compact takes note of that");
                backfilled.refuse(known.key.to_string(), what);
                continue;
            }
            let (key, rows) = (known.key.clone(), known.rows);
            let (returned, made) = blocking(move || {
                let made = encode(&reader, &key, rows);
                Ok((reader, made))
            })
            .await?;
            reader = returned;
            self.put_right(known, there, made, replace, backfilled, progress).await?;
        }
        Ok(())
    }

    /// Puts files right that stand for several.
    pub(super) async fn restore_joined(
        &self,
        replace: bool,
        backfilled: &mut Backfilled,
        progress: &mut impl FnMut(&str),
    ) -> Result<(), LakeError> {
        let files = self.store.ask(joined).await?;
        for (known, there) in self.wrong(files, replace, backfilled, progress).await? {
            let (store, of) = (Arc::clone(&self.store), known.clone());
            // A failure is of this file, and told by what puts it right.
            let made = blocking(move || Ok(made_of_parts(&store, &of))).await?;
            self.put_right(known, there, made, replace, backfilled, progress).await?;
        }
        Ok(())
    }

    /// Looks at what stands at the keys of these files, and gives those that have to be made again.
    async fn wrong(
        &self,
        files: Vec<Known>,
        replace: bool,
        backfilled: &mut Backfilled,
        progress: &mut impl FnMut(&str),
    ) -> Result<Vec<(Known, There)>, LakeError> {
        let looked = async || {
            let looks = stream::iter(files.clone()).map(async |known: Known| {
                let found = self.remote.find(&known.key.to_string()).await?;
                let there = there(found.as_ref(), &known.sha256, &known.file_sha256);
                Ok::<_, LakeError>((known, there))
            });
            looks.buffered(FETCHED_AT_ONCE).try_collect::<Vec<_>>().await
        };
        let mut wrong = Vec::new();
        for (known, there) in self.patiently(looked, progress).await? {
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
        Ok(wrong)
    }

    /// Puts what was made in the place of what is wrong, if it is what was there.
    async fn put_right(
        &self,
        known: Known,
        there: There,
        made: Result<Encoded, LakeError>,
        replace: bool,
        backfilled: &mut Backfilled,
        progress: &mut impl FnMut(&str),
    ) -> Result<(), LakeError> {
        let Known { key, rows, .. } = known;
        let made = match made {
            Ok(made) => made,
            Err(LakeError::Changed { key: name, found, .. }) => {
                let what = format!(
                    "its rows are pruned: of the {rows} that it held, from row {} on, the store has {found}",
                    key.first_row
                );
                backfilled.refuse(name, what);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if made.sha256 != known.sha256 && !replace {
            backfilled.refuse_changed(key.to_string());
            return Ok(());
        }
        progress(&format!("{key}: {rows} rows"));
        self.patiently(async || self.put_again(&key, &made, there).await, progress).await?;
        backfilled.uploaded += 1;
        backfilled.rows += rows;
        Ok(())
    }

    async fn put_again(&self, key: &Key, encoded: &Encoded, there: There) -> Result<(), LakeError> {
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
pub(in crate::lake) fn there(found: Option<&Bytes>, rows: &str, file: &str) -> There {
    let Some(bytes) = found else { return There::Nothing };
    match named_sha256(bytes) {
        _ if sha256(bytes) == file => There::Sound,
        Some(named) if named != rows => There::Other,
        _ => There::Damaged,
    }
}

fn known(connection: &Connection, first_row: i64) -> rusqlite::Result<Vec<Known>> {
    connection
        .prepare_cached(
            "SELECT key, rows, sha256, file_sha256 FROM lake_files WHERE first_row = ?1 AND sha256 IS NOT NULL \
             AND joined IS NULL AND last_row IS NULL ORDER BY key",
        )?
        .query_map([first_row], of_row)?
        .collect()
}

/// Files that stand for several.
fn joined(connection: &Connection) -> rusqlite::Result<Vec<Known>> {
    connection
        .prepare_cached(
            "SELECT key, rows, sha256, file_sha256 FROM lake_files WHERE sha256 IS NOT NULL \
             AND joined IS NULL AND last_row IS NOT NULL ORDER BY key",
        )?
        .query_map([], of_row)?
        .collect()
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<Known> {
    Ok(Known { key: parsed(row, 0)?, rows: row.get(1)?, sha256: row.get(2)?, file_sha256: row.get(3)? })
}

/// A joined file, of the rows of the batches whose files it stands for.
fn made_of_parts(store: &Store, known: &Known) -> Result<Encoded, LakeError> {
    let parts: Vec<(Key, Batch)> = store.read(|connection| {
        connection
            .prepare_cached(
                "SELECT f.key, b.first_row, b.last_row, b.excluded FROM lake_files f \
                 JOIN lake_batches b ON b.first_row = f.first_row \
                 WHERE f.joined = ?1 AND f.last_row IS NULL ORDER BY b.first_row",
            )?
            .query_map([known.key.to_string()], |row| {
                let batch = Batch { first_row: row.get(1)?, last_row: row.get(2)?, excluded: row.get(3)? };
                Ok((parsed(row, 0)?, batch))
            })?
            .collect()
    })?;
    let mut rows = Vec::new();
    for (key, Batch { first_row, last_row, excluded }) in parts {
        let reader = BatchReader::new(store.writer()?, (first_row, last_row), excluded, 1)?;
        reader.hour(&key, |row| {
            rows.push(row);
            Ok::<_, LakeError>(())
        })?;
    }
    let found = rows.len() as u64;
    if found == known.rows {
        join::encode(&known.key, rows)
    } else {
        Err(LakeError::Changed { key: known.key.to_string(), planned: known.rows, found })
    }
}
