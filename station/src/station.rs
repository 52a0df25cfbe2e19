//! What the sampler's thread and the link's task share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use minuano_telemetry::Reading;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::health::Board;
use crate::log::Log;
use crate::watch::Signs;

/// A station at work.
pub struct Station {
    log: Mutex<Log>,
    /// How its sensors are.
    pub board: Board,
    /// Its time.
    pub clock: Clock,
    /// That it lives.
    pub signs: Signs,
    changed: Notify,
}

impl Station {
    /// A station whose log is this.
    pub fn new(log: Log, clock: Clock) -> Self {
        Self {
            log: Mutex::new(log),
            board: Board::default(),
            clock,
            signs: Signs::default(),
            changed: Notify::new(),
        }
    }

    /// The log. Never held across anything that waits.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        // The log's own operations do not panic half-way.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reading was taken.
    pub fn append(&self, reading: Reading) {
        self.log().append(reading);
        self.signs.logged();
        self.changed.notify_one();
    }

    /// Something is to be said.
    pub fn notify(&self) {
        self.changed.notify_one();
    }

    /// Waits for a reading, or for news of the sensors. For one listener.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}
