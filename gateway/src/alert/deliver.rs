//! One task a destination: what waits for it is sent in order, until it is confirmed.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::sync::watch;

use super::outbox::{self, Waiting};
use super::send::{Again, Destination, SendError};
use crate::backoff::Backoff;
use crate::clock::now;
use crate::http::Readiness;
use crate::shutdown::requested;
use crate::store::{Store, StoreError};

/// How often what becomes due is looked for, as quiet hours end.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// An alert this old helps nobody: it is given up and counted.
pub const GIVE_UP_AFTER_MS: i64 = 7 * 86_400_000;

/// Sends until the shutdown; how it is with the destination stands among the conditions of `/readyz`, and never in the way.
pub async fn run(
    destination: Destination,
    store: Arc<Store>,
    readiness: Arc<Readiness>,
    mut awake: watch::Receiver<()>,
    shutdown: watch::Receiver<bool>,
) {
    let delivering = async {
        let mut backoff = Backoff::new(destination.retry.first, destination.retry.most);
        let mut given_up = 0;
        loop {
            let pause = match step(&destination, &store).await {
                Ok(Step::Sent) => {
                    backoff.reset();
                    let before =
                        if given_up > 0 { format!("; {given_up} given up before") } else { String::new() };
                    say(&readiness, &destination, format!("the last alert was confirmed{before}"));
                    continue;
                }
                Ok(Step::Nothing) => LOOK_EVERY,
                Ok(Step::GivenUp(why)) => {
                    given_up += 1;
                    let since = format!("{why}; {given_up} given up since the start");
                    say(&readiness, &destination, since);
                    continue;
                }
                Ok(Step::Failed(error)) => {
                    let wait = backoff.after_failure();
                    let wait = if let Again::After(asked) = error.again { wait.max(asked) } else { wait };
                    say(&readiness, &destination, format!("an alert waits: {error}"));
                    tokio::time::sleep(wait).await;
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

fn say(readiness: &Readiness, destination: &Destination, how: String) {
    readiness.set(&format!("alerts to {}", destination.name), true, how);
}

enum Step {
    Nothing,
    Sent,
    Failed(SendError),
    GivenUp(String),
}

async fn step(destination: &Destination, store: &Arc<Store>) -> Result<Step, StoreError> {
    let (id, name) = (store.id(), destination.name.clone());
    let waiting = store.ask(move |connection| outbox::next(connection, id, &name, now())).await?;
    let Some(Waiting { id, created_at, envelope }) = waiting else { return Ok(Step::Nothing) };
    let of = [("destination", destination.name.clone())];
    let error = match destination.send(&envelope).await {
        Ok(()) => {
            counter!("minuano_alerts_sent_total", &of).increment(1);
            write(store, move |connection| outbox::done(connection, id)).await?;
            return Ok(Step::Sent);
        }
        Err(error) => error,
    };
    counter!("minuano_alerts_failed_total", &of).increment(1);
    let reason = if error.again == Again::Never {
        "refused"
    } else if now().get() - created_at.get() > GIVE_UP_AFTER_MS {
        "old"
    } else {
        tracing::warn!("alert {} to {}: {error}; it is tried again", envelope.id, destination.name);
        let why = error.to_string();
        write(store, move |connection| outbox::failed(connection, id, &why)).await?;
        return Ok(Step::Failed(error));
    };
    let [named] = of;
    counter!("minuano_alerts_given_up_total", &[named, ("reason", reason.to_owned())]).increment(1);
    let (title, alert) = (envelope.alert.title(), &envelope.id);
    tracing::error!("alert {alert} to {} ({title}) is given up, {reason}: {error}", destination.name);
    write(store, move |connection| outbox::done(connection, id)).await?;
    Ok(Step::GivenUp(format!("alert {alert} ({title}) was given up, {reason}: {error}")))
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
