//! Bytes to a message, or a refusal that is counted.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use metrics::counter;
use minuano_telemetry::{
    About, Batch, DecodeError, GatewayName, Health, Leaf, Live, Millis, Payload, StationName, StationState,
    StreamState, Topic, TopicError,
};

/// Stations whose refusals are remembered so as to be logged at most once a second.
const REMEMBERED: usize = 1_000;
const LOGGED_EVERY: Duration = Duration::from_secs(1);

/// Something a station or another gateway said.
#[derive(Debug)]
pub struct Message {
    /// Which of the configured brokers carried it.
    pub broker: usize,
    /// Whether it was said before this gateway subscribed.
    pub retained: bool,
    /// Whose topic.
    pub station: StationName,
    /// What.
    pub said: Said,
    /// When it was here.
    pub received_at: Millis,
}

/// What a message carries, each kind in its own room: a [`Payload`] has room for a backlog, and thousands wait for each commit.
#[derive(Debug)]
pub enum Said {
    /// One reading on `telemetry`: nearly all are these.
    Live(Live),
    /// Readings on the topic with this leaf.
    Batch(Leaf, Box<Batch>),
    /// What the log holds.
    Streams(Vec<StreamState>),
    /// What the station is.
    About(Box<About>),
    /// Whether it is there.
    Status(StationState),
    /// How it is.
    Health(Box<Health>),
    /// Who acknowledges it.
    Acknowledged(GatewayName),
    /// What gateways tell others on the topic with this leaf.
    Told(Leaf),
}

impl From<Payload> for Said {
    fn from(payload: Payload) -> Self {
        let leaf = payload.leaf();
        match payload {
            Payload::Telemetry(batch) | Payload::Backlog(batch) => Self::Batch(leaf, Box::new(batch)),
            Payload::Streams(listed) => Self::Streams(listed.streams.to_vec()),
            Payload::About(about) => Self::About(Box::new(about)),
            Payload::Status(status) => Self::Status(status.state),
            Payload::Health(health) => Self::Health(Box::new(health)),
            Payload::Acknowledged(said) => Self::Acknowledged(said.gateway),
            Payload::Anomaly(_) | Payload::Weather(_) => Self::Told(leaf),
        }
    }
}

impl Said {
    /// The leaf that carried it.
    pub fn leaf(&self) -> Leaf {
        match self {
            Self::Live(_) => Leaf::Telemetry,
            Self::Batch(leaf, _) | Self::Told(leaf) => *leaf,
            Self::Streams(_) => Leaf::Streams,
            Self::About(_) => Leaf::About,
            Self::Status(_) => Leaf::Status,
            Self::Health(_) => Leaf::Health,
            Self::Acknowledged(_) => Leaf::Acknowledged,
        }
    }

    /// How many readings it carries.
    pub fn readings(&self) -> usize {
        match self {
            Self::Live(live) => live.readings.len(),
            Self::Batch(_, batch) => batch.readings.len(),
            _ => 0,
        }
    }
}

/// Why bytes on a topic are no message.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The topic is not one of ours.
    #[error("the topic {0}")]
    Topic(#[from] TopicError),
    /// The payload does not fit its topic.
    #[error("the payload {0}")]
    Payload(#[from] DecodeError),
}

impl Refusal {
    /// The word in `minuano_messages_refused_total{reason}`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Topic(TopicError::Foreign) => "foreign",
            Self::Topic(TopicError::Version) => "version",
            Self::Topic(TopicError::Station(_)) => "station",
            Self::Topic(TopicError::Leaf) => "topic",
            Self::Payload(error) => error.reason(),
        }
    }
}

/// Reads what came on `topic`.
pub fn decode(topic: &str, payload: &[u8]) -> Result<(StationName, Said), Refusal> {
    let topic: Topic = topic.parse()?;
    let said = match topic.leaf {
        Leaf::Telemetry => Said::Live(Live::decode(payload)?),
        leaf => Payload::decode(leaf, payload)?.into(),
    };
    Ok((topic.station, said))
}

/// Counts every refusal and logs at most one a second for each station.
#[derive(Debug, Default)]
pub struct Refusals {
    logged: HashMap<String, Instant>,
}

impl Refusals {
    /// Takes that what came on `topic` was refused.
    pub fn take(&mut self, topic: &str, refusal: &Refusal, now: Instant) {
        counter!("minuano_messages_refused_total", "reason" => refusal.reason()).increment(1);
        let station: String = topic.split('/').nth(2).unwrap_or(topic).chars().take(64).collect();
        let recent = |at: &Instant| now.duration_since(*at) < LOGGED_EVERY;
        if self.logged.get(&station).is_some_and(recent) {
            return;
        }
        if self.logged.len() >= REMEMBERED {
            self.logged.retain(|_, at| recent(at));
        }
        // Full of stations that were refused within this second: the counter has it, the log is spared.
        if self.logged.len() < REMEMBERED {
            tracing::warn!(station, reason = refusal.reason(), "message refused: {refusal}");
            self.logged.insert(station, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_reason() {
        let reason = |topic: &str, payload: &[u8]| decode(topic, payload).unwrap_err().reason();
        assert_eq!(reason("minuano/v2/roof/telemetry", b"{}"), "version");
        assert_eq!(reason("minuano/v1/ROOF/telemetry", b"{}"), "station");
        assert_eq!(reason("minuano/v1/roof/wind", b"{}"), "topic");
        assert_eq!(reason("minuano/v1/roof/telemetry", b""), "empty");
        assert_eq!(reason("minuano/v1/roof/telemetry", b"{}"), "shape");
        assert_eq!(reason("minuano/v1/roof/telemetry", b"nan"), "syntax");
    }

    #[test]
    fn the_memory_of_refused_stations_is_bounded() {
        let mut refusals = Refusals::default();
        let now = Instant::now();
        let refusal = Refusal::Topic(TopicError::Leaf);
        for index in 0..3 * REMEMBERED {
            refusals.take(&format!("minuano/v1/s{index}/x"), &refusal, now);
        }
        assert_eq!(refusals.logged.len(), REMEMBERED);
        refusals.take("minuano/v1/later/x", &refusal, now + LOGGED_EVERY);
        assert_eq!(refusals.logged.len(), 1);
    }
}
