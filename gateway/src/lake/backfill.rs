//! Uploads again what the lake lost, as long as the store still has the rows.
//!
//! What an uploaded file's key holds now decides: nothing, or a damaged copy of the same rows, is put
//! right. A file that names other rows came from somewhere else, and is overwritten only on demand. The
//! rows that go up are those that the file had, by their fingerprint; where some are pruned, or differ,
//! nothing is uploaded and the range is named.
//!
//! # Layout
//!
//! - here: the command, its report, batches that are not done yet
//! - [`restore`]: what was uploaded is put right

pub mod restore;

use std::fmt;

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::anomalies::check;
use super::busy::{Busy, Doing};
use super::plan::Batch;
use super::upload::upload;
use super::verify::{MOST_NAMED, Problem};
use super::{Lake, LakeError, old_copy};
use crate::clock::now;

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

impl Lake {
    /// Uploads again what planned batches miss or hold damaged, beside a running gateway or without one;
    /// `progress` hears of each file. With `replace` files of other rows are overwritten too.
    pub async fn backfill(
        &self,
        replace: bool,
        mut progress: impl FnMut(&str),
    ) -> Result<Backfilled, LakeError> {
        let _busy = Busy::begin(&self.store, Doing::Reading)?;
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
        self.restore_joined(replace, &mut backfilled, &mut progress).await?;
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
