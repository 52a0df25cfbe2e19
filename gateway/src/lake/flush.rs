//! Settles, plans and uploads all there is, now: before the lake is counted or the machine is moved.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::plan::{Close, plan};
use super::upload::{next, upload};
use super::{Lake, LakeError, TRY_AGAIN, anomalies, blocking, old_copy};
use crate::clock::now;
use crate::store::unsettled;

/// Tries of one batch before the flush gives up.
const TRIES: u32 = 5;

/// What a flush did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flushed {
    /// Batches uploaded.
    pub batches: u64,
    /// Rows that the lake holds now.
    pub lake_rows: u64,
    /// Files that hold them.
    pub lake_files: u64,
    /// Their size.
    pub lake_bytes: u64,
}

impl fmt::Display for Flushed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batches, lake_rows, lake_files, lake_bytes } = self;
        write!(
            formatter,
            "{batches} batches uploaded; the lake holds {lake_rows} rows in {lake_files} files, {lake_bytes} bytes"
        )
    }
}

impl Lake {
    /// Settles, plans and uploads every row that is stored as it begins, beside a running gateway or
    /// without one; `progress` hears of each batch. Gives up after a few tries of one batch.
    pub async fn flush(&self, mut progress: impl FnMut(&str)) -> Result<Flushed, LakeError> {
        self.patiently(
            async || old_copy::check(&self.store, &self.remote, &self.gateway).await,
            &mut progress,
        )
        .await?;
        let (store, gateway, limits) = (Arc::clone(&self.store), self.gateway.clone(), self.limits);
        blocking(move || {
            let mut connection = store.writer()?;
            let last =
                connection.query_row("SELECT coalesce(max(row), 0) FROM readings", [], |row| row.get(0))?;
            unsettled::settle(&connection, last)?;
            // Rows that arrive meanwhile are not waited for.
            while super::plan::planned_to(&connection)? < last
                && plan(&mut connection, &gateway, &limits, now(), Close::Now)?.is_some()
            {}
            while anomalies::plan(&mut connection, &gateway, limits.close_after, now(), Close::Now)? {}
            Ok(())
        })
        .await?;
        let mut flushed = Flushed::default();
        let mut after = 0;
        while let Some(batch) = self.store.ask(move |connection| next(connection, after)).await? {
            let (first_row, last_row) = (batch.first_row, batch.last_row);
            progress(&format!("rows {first_row} to {last_row}"));
            self.patiently(async || upload(&self.store, &self.remote, &batch, now).await, &mut progress)
                .await?;
            flushed.batches += 1;
            after = first_row;
        }
        let upload = async || anomalies::upload(&self.store, &self.remote).await;
        let (_, fault) = self.patiently(upload, &mut progress).await?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        let uploaded = self.store.ask(super::status::uploaded).await?;
        (flushed.lake_rows, flushed.lake_files) = (uploaded.rows, uploaded.files);
        flushed.lake_bytes = uploaded.bytes;
        Ok(flushed)
    }

    /// Tries `step` again where the lake may answer better next time.
    pub(super) async fn patiently<T>(
        &self,
        mut step: impl AsyncFnMut() -> Result<T, LakeError>,
        progress: &mut impl FnMut(&str),
    ) -> Result<T, LakeError> {
        let mut backoff = TRY_AGAIN;
        for _ in 1..TRIES {
            match step().await {
                Err(error @ LakeError::Remote(_)) => {
                    let wait = backoff.after_failure();
                    progress(&format!("{error}; trying again in {:.1} s", wait.as_secs_f64()));
                    tokio::time::sleep(wait).await;
                }
                answer => return answer,
            }
        }
        step().await
    }
}
