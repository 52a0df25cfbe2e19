//! What systemd is told: when the gateway is ready, how it is, and that it makes progress.
//!
//! The watchdog is fed only while the writer goes round. A broker, a lake or a disk that is full never counts: a
//! restart mends none of them.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use tokio::sync::watch;
use tracing::{debug, error, info};

use crate::directory::{Directory, Presence};
use crate::http::Readiness;
use crate::shutdown::requested;

/// The longest time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// What one round of the writer may take: a commit on a slow card, with readings of a whole outage in it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long readiness waits for the brokers. One that is away is no reason to be called failed at the start.
const BROKERS_WITHIN: Duration = Duration::from_secs(5);
const BETWEEN_LOOKS_AT_BROKERS: Duration = Duration::from_millis(50);

/// When the writer last went round, whether there was something to write or not.
#[derive(Debug)]
pub struct Progress {
    epoch: Instant,
    at_ms: AtomicU64,
}

impl Default for Progress {
    fn default() -> Self {
        Self { epoch: Instant::now(), at_ms: AtomicU64::new(0) }
    }
}

impl Progress {
    /// The writer goes round.
    pub fn made(&self) {
        self.at_ms.store(self.since_epoch_ms(Instant::now()), Ordering::Relaxed);
    }

    fn is_made(&self, now: Instant) -> bool {
        let silent = self.since_epoch_ms(now).saturating_sub(self.at_ms.load(Ordering::Relaxed));
        Duration::from_millis(silent) <= PATIENCE
    }

    fn since_epoch_ms(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_millis()).unwrap_or(u64::MAX)
    }
}

/// What is looked at.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The writer's.
    pub progress: Arc<Progress>,
    /// Whether the gateway does its work.
    pub readiness: Arc<Readiness>,
    /// What is known of the stations.
    pub directory: Arc<Directory>,
}

impl Watch {
    /// Tells systemd, until the shutdown. All parts have been started when this is called.
    pub async fn run(self, shutdown: watch::Receiver<bool>) {
        tokio::select! {
            () = self.look() => {}
            () = requested(shutdown) => tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]),
        }
    }

    async fn look(&self) {
        let deadline = Instant::now() + BROKERS_WITHIN;
        while !self.is_ready() && Instant::now() < deadline {
            tokio::time::sleep(BETWEEN_LOOKS_AT_BROKERS).await;
        }
        tell(&[NotifyState::Ready]);
        let watchdog = sd_notify::watchdog_enabled();
        if let Some(within) = watchdog {
            info!(?within, "systemd watches this service");
        }
        let every = watchdog.map_or(LOOK_EVERY, |within| (within / 3).min(LOOK_EVERY));
        let (mut stuck, mut said) = (false, String::new());
        loop {
            let progress = self.progress.is_made(Instant::now());
            if progress == stuck {
                stuck = !progress;
                if stuck {
                    error!("the writer makes no progress");
                } else {
                    info!("the writer makes progress again");
                }
            }
            if progress && watchdog.is_some() {
                tell(&[NotifyState::Watchdog]);
            }
            let text = if stuck { "the writer makes no progress".to_owned() } else { self.text() };
            if text != said {
                tell(&[NotifyState::Status(&text)]);
                said = text;
            }
            tokio::time::sleep(every).await;
        }
    }

    fn is_ready(&self) -> bool {
        self.readiness.conditions().iter().all(|condition| condition.met)
    }

    /// One line for `systemctl status`.
    fn text(&self) -> String {
        let (stations, online, stored, lost) = self.directory.read(|stations| {
            stations.values().fold((0_u64, 0_u64, 0_u64, 0_u64), |(all, online, stored, lost), now| {
                let is_online = u64::from(now.presence == Presence::Online);
                (
                    all + 1,
                    online + is_online,
                    stored.saturating_add(now.counts.stored),
                    lost.saturating_add(now.counts.lost()),
                )
            })
        });
        let mut text =
            format!("{online} of {stations} stations online; {stored} readings stored, {lost} lost");
        for condition in self.readiness.conditions().iter().filter(|condition| !condition.met) {
            // Writing to a String does not fail. The time of the next try would make each text a new one.
            let detail = condition.detail.split("; next try").next().unwrap_or_default();
            let _ = write!(text, "; {}: {detail}", condition.name);
        }
        text
    }
}

fn tell(what: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell, which is no error.
    if let Err(error) = sd_notify::notify(what) {
        debug!(%error, "systemd does not listen");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_that_stands_still_makes_no_progress_and_an_idle_one_does() {
        let (progress, start) = (Progress::default(), Instant::now());
        assert!(progress.is_made(start));
        assert!(progress.is_made(start + PATIENCE), "a slow commit is one");
        let later = start + PATIENCE + Duration::from_secs(1);
        assert!(!progress.is_made(later));
        progress.at_ms.store(progress.since_epoch_ms(later), Ordering::Relaxed);
        assert!(progress.is_made(later));
    }

    #[test]
    fn the_text_names_what_is_missing_and_does_not_change_with_each_try() {
        let readiness = Arc::new(Readiness::default());
        let watch = Watch { progress: Arc::default(), readiness, directory: Arc::default() };
        assert_eq!(watch.text(), "0 of 0 stations online; 0 readings stored, 0 lost");
        watch.readiness.set("broker a:1883", false, "Connection refused; next try in 2.5 s");
        assert!(watch.text().ends_with("; broker a:1883: Connection refused"), "{}", watch.text());
    }
}
