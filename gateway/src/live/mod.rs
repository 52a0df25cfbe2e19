//! What happens now, for whoever listens: the panel, the alerts.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use minuano_telemetry::{Anomaly, Millis, StationName, WeatherEvent};
use tokio::sync::broadcast;

use crate::directory::Presence;
use crate::store::StoredReading;

/// Events that a slow listener may fall behind before it has to begin again.
const BACKLOG: usize = 4096;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A reading was committed to the store.
    Reading(Arc<StoredReading>),
    /// A station came, went or was stopped.
    Status {
        /// Which.
        station: StationName,
        /// What it is now.
        state: Presence,
        /// Since when.
        since: Millis,
    },
    /// An episode opened, changed or closed.
    Anomaly(Arc<Anomaly>),
    /// Weather that a person wants to know of began, grew or ended.
    Weather(Arc<WeatherEvent>),
}

/// An event on its way to every listener.
#[derive(Debug)]
pub struct Told {
    /// What happened.
    pub event: Event,
    written: OnceLock<Bytes>,
}

impl Told {
    /// The event as it goes out: whoever listens first writes it, for all.
    pub fn written(&self, write: impl FnOnce(&Event) -> Bytes) -> Bytes {
        self.written.get_or_init(|| write(&self.event)).clone()
    }
}

/// Carries events from the writer to every listener; none of them can hold it up.
#[derive(Clone, Debug)]
pub struct Hub {
    sender: broadcast::Sender<Arc<Told>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG) }
    }
}

impl Hub {
    /// Tells every listener. Nobody listening is fine.
    pub fn tell(&self, event: Event) {
        let _ = self.sender.send(Arc::new(Told { event, written: OnceLock::new() }));
    }

    /// Events from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Told>> {
        self.sender.subscribe()
    }
}
