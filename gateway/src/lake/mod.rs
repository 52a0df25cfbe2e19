//! Parquet batches for a cloud pipeline: every settled row is in the lake once, whatever stops on the way.
//!
//! # Layout
//!
//! - [`Lake`]: opens the configured place; `run` keeps it up to date beside the ingest
//! - [`plan`]: settles rows and writes down which go next, under which [`key`]s
//! - [`rows`]: a row of the lake, its fingerprint, and how a batch comes from the store
//! - [`parquet`]: rows to bytes and back
//! - [`upload`]: planned batches go to the lake, each file once
//! - [`anomalies`]: closed episodes, the same way
//! - [`remote`]: the folder or bucket
//! - [`old_copy`]: a store restored from a backup takes a new identity
//! - [`flush`], [`verify`], [`backfill`], [`compact`]: the commands; [`busy`]: which of them wait for each other
//! - [`status`], [`counters`]: how far it is, for routes and metrics

pub mod anomalies;
pub mod backfill;
pub mod busy;
pub mod compact;
pub mod counters;
pub mod flush;
pub mod key;
pub mod old_copy;
pub mod parquet;
pub mod plan;
pub mod remote;
pub mod rows;
pub mod status;
pub mod upload;
pub mod verify;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use minuano_telemetry::GatewayName;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::cause::chain;
use crate::clock::now;
use crate::config::LakeConfig;
use crate::store::{Store, StoreError};
use plan::{Close, Limits};
use remote::{Remote, RemoteError};

pub use backfill::Backfilled;
pub use compact::Compacted;
pub use flush::Flushed;
pub use verify::Report;

/// How soon what failed is tried again.
const TRY_AGAIN: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
/// How often the lake looks for rows that are due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often `minuano_lake_lag_seconds` is taken.
const LAG_EVERY: Duration = Duration::from_secs(5);
/// A batch whose key holds other rows waits this long for somebody to look into it.
const DIFFERENT_AGAIN_AFTER: Duration = Duration::from_secs(300);
/// Such batches remembered; beyond it all are tried again at once, which does no harm.
const MOST_DIFFERENT: usize = 1000;

/// What keeps rows out of the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The configured place cannot be used.
    #[error(transparent)]
    Place(#[from] RemoteError),
    /// The place did not answer as it should.
    #[error("{}", chain(.0))]
    Remote(#[from] object_store::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// SQLite refused.
    #[error("store: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A file could not be made.
    #[error("{0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// The key is taken: never overwritten.
    #[error("{key} is in the lake already and holds something else: {what}. It is left as it is")]
    Different {
        /// Which.
        key: String,
        /// What it holds.
        what: String,
    },
    /// Rows of a planned batch are gone from the store, or others came.
    #[error("{key} was planned with {planned} rows and the store has {found}")]
    Changed {
        /// Which.
        key: String,
        /// When it was planned.
        planned: u64,
        /// Now.
        found: u64,
    },
    /// An uploaded file is not what it was.
    #[error("{key} {what}")]
    Unsound {
        /// Which.
        key: String,
        /// What is wrong with it.
        what: String,
    },
    /// Another command is at it.
    #[error("{0}")]
    Busy(String),
    /// The process is stopping.
    #[error("stopped")]
    Stopped,
}

impl LakeError {
    /// Whether the fault is in one batch, so that others may go on.
    fn is_of_one_batch(&self) -> bool {
        matches!(self, Self::Different { .. } | Self::Changed { .. })
    }
}

/// The lake of one gateway and store.
#[derive(Debug)]
pub struct Lake {
    store: Arc<Store>,
    remote: Remote,
    gateway: GatewayName,
    limits: Limits,
}

impl Lake {
    /// Prepares the configured place; a `file://` folder is made, a server is not called yet.
    pub fn open(
        config: &LakeConfig,
        settle_after: Duration,
        gateway: &GatewayName,
        store: Arc<Store>,
    ) -> Result<Self, LakeError> {
        let limits = Limits { close_after: config.close_after, close_rows: config.close_rows, settle_after };
        Ok(Self { store, remote: Remote::open(config)?, gateway: gateway.clone(), limits })
    }

    /// Keeps the lake up to date until `stop` completes; what it was doing then is repeated at the next
    /// start.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        counters::describe();
        tokio::select! {
            () = stop => {}
            never = self.watch_lag() => match never {},
            never = self.keep_up() => match never {},
        }
    }

    /// Reads every batch back; see [`verify`].
    pub async fn verify(&self) -> Result<Report, LakeError> {
        verify::verify(&self.store, &self.remote, &self.gateway).await
    }

    async fn watch_lag(&self) -> Infallible {
        loop {
            let lag = self.store.ask(|connection| status::lag_seconds(connection, now())).await;
            match lag {
                Ok(seconds) => counters::lag(seconds),
                Err(error) => tracing::debug!(%error, "the lake's lag is not known"),
            }
            tokio::time::sleep(LAG_EVERY).await;
        }
    }

    async fn keep_up(&self) -> Infallible {
        let mut backoff = TRY_AGAIN;
        let mut work = Work::default();
        loop {
            let wait = match self.step(&mut work).await {
                Ok(()) => {
                    backoff.reset();
                    LOOK_EVERY
                }
                Err(error) => {
                    counters::failed();
                    let wait = backoff.after_failure();
                    tracing::warn!(%error, again_in_s = wait.as_secs_f64(), "the lake is not reached");
                    wait
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Plans what is due and uploads what is planned.
    async fn step(&self, work: &mut Work) -> Result<(), LakeError> {
        if !work.begun {
            self.count().await?;
            old_copy::check(&self.store, &self.remote, &self.gateway).await?;
            work.begun = true;
        }
        let limits = self.limits;
        if self.store.ask(move |connection| plan::is_due(connection, &limits, now())).await? {
            self.plan().await?;
        }
        self.anomalies(work).await?;
        let mut after = 0;
        while let Some(batch) = self.store.ask(move |connection| upload::next(connection, after)).await? {
            after = batch.first_row;
            if work.waits(after) {
                continue;
            }
            match upload::upload(&self.store, &self.remote, &batch, now).await {
                Ok(()) => {
                    tracing::debug!(first_row = after, last_row = batch.last_row, "a batch is in the lake");
                }
                Err(error) if error.is_of_one_batch() => {
                    counters::failed();
                    tracing::error!(%error, first_row = after, "a batch cannot be uploaded");
                    work.put_off(after);
                }
                Err(error) => return Err(error),
            }
            self.count().await?;
        }
        Ok(())
    }

    /// Plans and uploads closed episodes.
    async fn anomalies(&self, work: &mut Work) -> Result<(), LakeError> {
        let close_after = self.limits.close_after;
        if self.store.ask(move |connection| anomalies::is_due(connection, close_after, now())).await? {
            let (store, gateway) = (Arc::clone(&self.store), self.gateway.clone());
            blocking(move || {
                let mut connection = store.writer()?;
                anomalies::plan(&mut connection, &gateway, close_after, now(), Close::WhenDue)?;
                Ok(())
            })
            .await?;
        }
        // No batch of readings begins at row 0.
        if !work.waits(0)
            && let (_, Some(error)) = anomalies::upload(&self.store, &self.remote).await?
        {
            counters::failed();
            tracing::error!(%error, "a file of anomalies cannot be uploaded");
            work.put_off(0);
        }
        Ok(())
    }

    async fn plan(&self) -> Result<(), LakeError> {
        let (store, gateway, limits) = (Arc::clone(&self.store), self.gateway.clone(), self.limits);
        blocking(move || {
            let mut connection = store.writer()?;
            plan::settle(&connection, limits.settle_after, now())?;
            while plan::plan(&mut connection, &gateway, &limits, now(), Close::WhenDue)?.is_some() {}
            Ok(())
        })
        .await
    }

    async fn count(&self) -> Result<(), LakeError> {
        counters::uploaded(self.store.ask(status::uploaded).await?);
        Ok(())
    }
}

/// What a running lake remembers between steps.
#[derive(Debug, Default)]
struct Work {
    begun: bool,
    put_off: BTreeSet<i64>,
    put_off_until: Option<Instant>,
}

impl Work {
    fn waits(&mut self, first_row: i64) -> bool {
        if self.put_off_until.is_some_and(|until| until <= Instant::now()) {
            self.put_off.clear();
            self.put_off_until = None;
        }
        self.put_off.contains(&first_row)
    }

    fn put_off(&mut self, first_row: i64) {
        if self.put_off.len() == MOST_DIFFERENT {
            self.put_off.clear();
        }
        self.put_off.insert(first_row);
        self.put_off_until.get_or_insert_with(|| Instant::now() + DIFFERENT_AGAIN_AFTER);
    }
}

/// Runs what blocks (SQLite, hashing, compression) where it holds up no other task.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LakeError> + Send + 'static,
) -> Result<T, LakeError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(LakeError::Stopped))
}

#[cfg(test)]
mod keys;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
