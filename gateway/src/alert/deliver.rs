//! One task a destination: what waits for it is sent in order, until it is confirmed.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::sync::watch;

use super::outbox::{self, Waiting};
use super::send::Destination;
use crate::backoff::Backoff;
use crate::clock::now;
use crate::shutdown::requested;
use crate::store::{Store, StoreError};

/// How often what becomes due is looked for, as quiet hours end.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Between tries.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MOST: Duration = Duration::from_secs(300);
/// An alert this old helps nobody: it is given up and counted.
pub const GIVE_UP_AFTER_MS: i64 = 7 * 86_400_000;

/// Sends until the shutdown.
pub async fn run(
    destination: Destination,
    store: Arc<Store>,
    mut awake: watch::Receiver<()>,
    shutdown: watch::Receiver<bool>,
) {
    let delivering = async {
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_MOST);
        loop {
            let pause = match step(&destination, &store).await {
                Ok(Step::Sent) => {
                    backoff.reset();
                    continue;
                }
                Ok(Step::Nothing) => LOOK_EVERY,
                Ok(Step::Failed) => {
                    tokio::time::sleep(backoff.after_failure()).await;
                    continue;
                }
                Err(error) => {
                    tracing::error!("alerts to {}: {error}", destination.name);
                    LOOK_EVERY
                }
            };
            // The desk is gone only when the gateway stops.
            let _ = tokio::time::timeout(pause, awake.changed()).await;
        }
    };
    tokio::select! {
        () = delivering => {}
        () = requested(shutdown) => {}
    }
}

enum Step {
    Nothing,
    Sent,
    Failed,
}

async fn step(destination: &Destination, store: &Arc<Store>) -> Result<Step, StoreError> {
    let (id, name) = (store.id(), destination.name.clone());
    let waiting = store.ask(move |connection| outbox::next(connection, id, &name, now())).await?;
    let Some(Waiting { id, created_at, envelope }) = waiting else { return Ok(Step::Nothing) };
    let labels = [("destination", destination.name.clone())];
    match destination.send(&envelope).await {
        Ok(()) => {
            counter!("minuano_alerts_sent_total", &labels).increment(1);
            write(store, move |connection| outbox::done(connection, id)).await?;
            Ok(Step::Sent)
        }
        Err(why) => {
            counter!("minuano_alerts_failed_total", &labels).increment(1);
            let why = why.to_string();
            if now().get() - created_at.get() > GIVE_UP_AFTER_MS {
                counter!("minuano_alerts_given_up_total", &labels).increment(1);
                tracing::error!("alert {} to {} is given up: {why}", envelope.id, destination.name);
                write(store, move |connection| outbox::done(connection, id)).await?;
                return Ok(Step::Failed);
            }
            tracing::warn!("alert {} to {}: {why}; it is tried again", envelope.id, destination.name);
            write(store, move |connection| outbox::failed(connection, id, &why)).await?;
            Ok(Step::Failed)
        }
    }
}

async fn write(
    store: &Arc<Store>,
    change: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<()> + Send + 'static,
) -> Result<(), StoreError> {
    let file = store.file().to_owned();
    let writing = {
        let (store, file) = (Arc::clone(store), file.clone());
        tokio::task::spawn_blocking(move || {
            let connection = store.writer()?;
            change(&connection).map_err(|cause| StoreError::Sqlite { file, cause })
        })
    };
    writing.await.unwrap_or_else(|stopped| {
        Err(StoreError::Foreign { file, what: format!("the change was stopped: {stopped}") })
    })
}
