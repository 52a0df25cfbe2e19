//! The way to the broker: one session after another, with jittered waits between them.

mod back_off;
mod connection;
mod failures;
mod in_air;
mod once;
mod reason;
mod session;
mod strangers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::{debug, info, warn};

use self::back_off::BackOff;
use self::failures::Failures;
use self::once::OnceASecond;
use self::session::{End, Session};
use self::strangers::Strangers;
use crate::config::Config;
use crate::deliver::{Carried, Deliver};
use crate::random::Random;
use crate::station::Station;

/// A link that held for so long was a good one: the next wait is a short one again.
const HELD: Duration = Duration::from_secs(10);

/// What outlives a connection.
pub struct Link {
    config: Arc<Config>,
    station: Arc<Station>,
    deliver: Deliver,
    carried: Carried,
    complaints: OnceASecond,
    strangers: Strangers,
    failures: Failures,
    epoch: Instant,
}

impl Link {
    /// The link of this station; nothing is opened yet.
    pub fn new(config: Arc<Config>, station: Arc<Station>) -> Self {
        let resend_after_ms = u64::try_from(config.mqtt.resend_after.as_millis()).unwrap_or(u64::MAX);
        let deliver = Deliver::new(resend_after_ms, Random::from_system());
        Self {
            deliver: deliver.paced(config.mqtt.messages_per_second),
            config,
            station,
            carried: Carried::default(),
            complaints: OnceASecond::default(),
            strangers: Strangers::default(),
            failures: Failures::default(),
            epoch: Instant::now(),
        }
    }

    /// Keeps the station connected until it is stopped and has said what it has, or has run out of time for that.
    pub async fn run(mut self, mut stop: Stop) {
        let mqtt = &self.config.mqtt;
        let mut back_off = BackOff::new(mqtt.back_off_first, mqtt.back_off_longest, Random::from_system());
        loop {
            let began = Instant::now();
            let (reason, was_up) = match Session::open(&mut self).run(&mut stop).await {
                End::Finished => return,
                End::Broken(reason, was_up) => (reason, was_up),
            };
            if stop.is_past() {
                warn!("stopping without a link: {reason}");
                return;
            }
            if was_up && began.elapsed() >= HELD {
                back_off.reset();
            }
            let wait = back_off.wait();
            self.complain(&reason, was_up, wait);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // One more attempt at once: a stop does not wait for a back-off that could outlast it.
                () = stop.news() => {
                    if stop.is_past() {
                        return;
                    }
                    info!("trying the broker once more");
                }
            }
        }
    }

    fn complain(&mut self, reason: &str, was_up: bool, wait: Duration) {
        let held = self.station.log().counts().held;
        if was_up {
            self.failures.forget();
            warn!(readings_kept = held, "connection lost: {reason}; next attempt in {wait:.1?}");
        } else if let Some(silent) = self.failures.may(reason, Instant::now()) {
            warn!(readings_kept = held, silent, "no connection: {reason}; next attempt in {wait:.1?}");
        } else {
            debug!("no connection: {reason}; next attempt in {wait:.1?}");
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Rounded up: waking a moment too early would look again and again.
    fn at(&self, ms: u64) -> Instant {
        self.epoch + Duration::from_millis(ms.saturating_add(1))
    }
}

/// Whether the station is being stopped, and until when it may still talk.
#[derive(Clone)]
pub struct Stop(watch::Receiver<Option<Instant>>);

impl Stop {
    /// What tells the link to stop, and the link's end of it.
    pub fn channel() -> (watch::Sender<Option<Instant>>, Self) {
        let (sender, receiver) = watch::channel(None);
        (sender, Self(receiver))
    }

    fn is_due(&self) -> bool {
        self.0.borrow().is_some()
    }

    fn is_past(&self) -> bool {
        self.0.borrow().is_some_and(|until| Instant::now() >= until)
    }

    /// Waits for the stop, and after it for its end.
    async fn news(&mut self) {
        let until = *self.0.borrow_and_update();
        match until {
            Some(until) => tokio::time::sleep_until(until.into()).await,
            None => {
                if self.0.changed().await.is_err() {
                    // Whoever could stop the link is gone: it runs on.
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    /// Waits for the end of the stop.
    async fn passed(&mut self) {
        while !self.is_past() {
            self.news().await;
        }
    }
}
