//! Elasticsearch or OpenSearch beside the lake: each settled reading is a document of a data stream, once.
//!
//! The id of a document is the reading's identity, and documents are only ever created, so that whatever stops the
//! sending, it can be repeated. The cursor is in the store. What the cluster will not take is set aside by name.
//!
//! # Layout
//!
//! - [`Elastic`]: opens the configured cluster; `run` keeps it up to date beside the ingest
//! - [`document`]: a reading as a document; [`template`]: how its fields are typed
//! - [`batch`]: which readings go next
//! - [`pace`]: how many at once, and when the cluster is only asked how it is
//! - [`send`]: a request, and what its answer means for the cursor
//! - [`bulk`]: the request's lines and the answer's items
//! - [`client`]: who is there, over HTTP
//! - [`status`], [`counters`]: how far it is, for people and metrics
//! - [`resend`]: what was set aside, once more

pub mod batch;
pub mod bulk;
pub mod client;
pub mod counters;
pub mod document;
pub mod pace;
pub mod resend;
mod send;
pub mod status;
pub mod template;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use minuano_telemetry::GatewayName;

use crate::backoff::Backoff;
use crate::clock::now;
use crate::config::ElasticConfig;
use crate::http::Readiness;
use crate::store::{Store, StoreError};
use client::{Client, Failure};
use pace::Size;
use send::{Step, Work};

/// How often readings that are due are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often `minuano_elastic_lag_seconds` is taken.
const LAG_EVERY: Duration = Duration::from_secs(5);
/// The condition in `/readyz`. It is always met: a cluster that is away keeps nothing else from its work.
const CONDITION: &str = "elasticsearch";

/// What keeps readings from the cluster.
#[derive(Debug, thiserror::Error)]
pub enum ElasticError {
    /// The cluster or the way to it.
    #[error("{url}: {failure}")]
    Cluster {
        /// Where it is.
        url: String,
        /// What it did.
        failure: Failure,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One cluster, and how it is served.
#[derive(Debug)]
pub struct Elastic {
    store: Arc<Store>,
    client: Client,
    gateway: GatewayName,
    readiness: Arc<Readiness>,
    url: String,
    most: Size,
    batch_after: Duration,
    template: bool,
    backoff: Backoff,
}

impl Elastic {
    /// Calls nobody yet.
    pub fn open(
        config: &ElasticConfig,
        gateway: &GatewayName,
        store: Arc<Store>,
        readiness: Arc<Readiness>,
    ) -> Result<Self, ElasticError> {
        let url = config.url.to_string();
        let client =
            Client::new(config).map_err(|failure| ElasticError::Cluster { url: url.clone(), failure })?;
        Ok(Self {
            store,
            client,
            gateway: gateway.clone(),
            readiness,
            url,
            most: Size { documents: config.batch_documents, bytes: config.batch_bytes },
            batch_after: config.batch_after,
            template: config.template,
            backoff: Backoff::new(config.retry_first, config.retry_most),
        })
    }

    /// Keeps the cluster up to date until `stop` completes; a request under way then is repeated at the next start.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        counters::describe();
        self.readiness.set(CONDITION, true, "not asked yet");
        tokio::select! {
            () = stop => {}
            never = self.watch_lag() => match never {},
            never = self.keep_up() => match never {},
        }
    }

    async fn watch_lag(&self) -> Infallible {
        loop {
            match self.store.ask(|connection| status::lag_seconds(connection, now())).await {
                Ok(seconds) => counters::lag(seconds),
                Err(error) => tracing::debug!(%error, "Elasticsearch's lag is not known"),
            }
            tokio::time::sleep(LAG_EVERY).await;
        }
    }

    async fn keep_up(&self) -> Infallible {
        let mut backoff = self.backoff;
        let mut work = Work::new(self.most);
        loop {
            let wait = match self.step(&mut work).await {
                Ok(Step::Sent) => {
                    backoff.reset();
                    continue;
                }
                Ok(Step::Nothing) => LOOK_EVERY,
                Ok(Step::Smaller) => continue,
                Ok(Step::Later(why)) => self.say_failed(&why, backoff.after_failure()),
                Err(error) => {
                    if let ElasticError::Cluster { failure, .. } = &error {
                        counters::failed(failure);
                    }
                    self.say_failed(&error.to_string(), backoff.after_failure())
                }
            };
            counters::circuit(work.circuit_is_open());
            tokio::time::sleep(wait).await;
        }
    }

    fn say_failed(&self, why: &str, wait: Duration) -> Duration {
        tracing::warn!(again_in_s = wait.as_secs_f64(), "Elasticsearch does not take readings: {why}");
        self.readiness.set(
            CONDITION,
            true,
            format!("does not take readings, which wait in the store: {why}"),
        );
        wait
    }

    fn failed(&self, failure: Failure) -> ElasticError {
        ElasticError::Cluster { url: self.url.clone(), failure }
    }

    /// Runs what writes to the store where it holds up no other task.
    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(&self.store);
        let file = store.file().to_owned();
        let sqlite = file.clone();
        let writing = tokio::task::spawn_blocking(move || {
            change(&store.writer()?).map_err(|cause| StoreError::Sqlite { file: sqlite, cause })
        });
        writing.await.unwrap_or_else(|stopped| {
            Err(StoreError::Foreign { file, what: format!("the change was stopped: {stopped}") })
        })
    }
}
