//! Home Assistant's device discovery: when the station is announced, and again.
//!
//! Announced are the quantities of the sensors that were ever found. It is published, retained, on each connection,
//! when a sensor with another quantity turns up, and after Home Assistant's birth message; after that with a
//! random delay, so that a hundred stations do not answer at one moment.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use minuano_telemetry::{BIRTH, Discovery, Quantity, birth_topic, discovery_topic};
use tracing::info;

use crate::config::Config;
use crate::health::{self, Board};
use crate::random::Random;

/// The longest delay after a birth.
const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// Says when to announce, for one connection.
pub struct Announcer {
    topic: String,
    birth: String,
    random: Random,
    /// The sensors' revision that was looked at last.
    revision: Option<u64>,
    announced: Vec<Quantity>,
    again_at: Option<Instant>,
}

impl Announcer {
    /// The announcer of this station, if it is to have one.
    pub fn new(config: &Config) -> Option<Self> {
        let prefix = config.mqtt.discovery.as_deref()?;
        Some(Self {
            topic: discovery_topic(prefix, &config.station).as_str().to_owned(),
            birth: birth_topic(prefix).as_str().to_owned(),
            random: Random::from_system(),
            revision: None,
            announced: Vec::new(),
            again_at: None,
        })
    }

    /// Where the announcement goes.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Where Home Assistant says that it has started.
    pub fn birth_topic(&self) -> &str {
        &self.birth
    }

    /// Home Assistant said something there.
    pub fn heard(&mut self, payload: &[u8], now: Instant) {
        if payload == BIRTH && self.again_at.is_none() {
            let longest_ms = u64::try_from(LONGEST_DELAY.as_millis()).unwrap_or(u64::MAX);
            self.again_at = Some(now + Duration::from_millis(self.random.between(0, longest_ms)));
        }
    }

    /// The announcement, if it is due.
    pub fn due(&mut self, config: &Config, board: &Board, now: Instant) -> Option<Discovery> {
        let again = self.again_at.is_some_and(|at| now >= at);
        let revision = board.revision();
        if !again && self.revision == Some(revision) {
            return None;
        }
        self.revision = Some(revision);
        let found: Vec<Quantity> = {
            let sensors = board.sensors();
            let measured = |quantity: &Quantity| sensors.quantities().any(|found| found == *quantity);
            Quantity::ALL.into_iter().filter(measured).collect()
        };
        if again {
            self.again_at = None;
        }
        // A device without components is none.
        if found.is_empty() || (!again && found == self.announced) {
            return None;
        }
        let discovery = Discovery::new(
            &config.station,
            &config.place.name,
            health::VERSION,
            health::report_s(config),
            found.iter().copied(),
        );
        info!(topic = self.topic, quantities = found.len(), "announcing to Home Assistant");
        self.announced = found;
        Some(discovery)
    }

    /// When to ask again even if nothing happens.
    pub fn wake(&self) -> Option<Instant> {
        self.again_at
    }
}
