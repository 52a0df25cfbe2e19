//! Every topic, both ways: `minuano/v1/<station>/<leaf>`.

use core::fmt;
use core::str::FromStr;

use crate::name::{NameError, StationName};

/// The version that stands in the topic.
pub const VERSION: &str = "v1";
/// The filter under which a gateway hears every station, other versions included so as to count them.
pub const EVERYTHING: &str = "minuano/#";

/// What a message under a station's name carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// One live reading.
    Telemetry,
    /// 1 to 64 older readings of one stream.
    Backlog,
    /// What the station's log holds.
    Streams,
    /// What the station is.
    About,
    /// Whether it is there.
    Status,
    /// How it is.
    Health,
    /// Up to where a gateway has its readings on disk.
    Acknowledged,
    /// An episode of suspect data.
    Anomaly,
    /// Weather that a person wants to know of.
    Weather,
}

impl Leaf {
    /// Every leaf.
    pub const ALL: [Self; 9] = [
        Self::Telemetry,
        Self::Backlog,
        Self::Streams,
        Self::About,
        Self::Status,
        Self::Health,
        Self::Acknowledged,
        Self::Anomaly,
        Self::Weather,
    ];

    /// The last level of the topic.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Telemetry => "telemetry",
            Self::Backlog => "backlog",
            Self::Streams => "streams",
            Self::About => "about",
            Self::Status => "status",
            Self::Health => "health",
            Self::Acknowledged => "acknowledged",
            Self::Anomaly => "anomaly",
            Self::Weather => "weather",
        }
    }

    /// Whether the broker keeps the newest message for those who subscribe later.
    pub const fn retained(self) -> bool {
        !matches!(self, Self::Telemetry | Self::Backlog | Self::Anomaly | Self::Weather)
    }

    /// This leaf under `station`.
    pub const fn of(self, station: StationName) -> Topic {
        Topic { station, leaf: self }
    }
}

/// A topic of version 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    /// Whose it is.
    pub station: StationName,
    /// What it carries.
    pub leaf: Leaf,
}

/// Why a topic is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// It is not `minuano/…`.
    #[error("is not under minuano/")]
    Foreign,
    /// It is `minuano/` something else than v1.
    #[error("is under another version than {VERSION}")]
    Version,
    /// The station's name does not fit.
    #[error("the station's name {0}")]
    Station(NameError),
    /// There is no such leaf.
    #[error("has no known last level")]
    Leaf,
}

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        let rest = text.strip_prefix("minuano/").ok_or(TopicError::Foreign)?;
        let mut levels = rest.split('/');
        if levels.next() != Some(VERSION) {
            return Err(TopicError::Version);
        }
        let station = levels.next().unwrap_or_default().parse().map_err(TopicError::Station)?;
        let word = levels.next().ok_or(TopicError::Leaf)?;
        let leaf = Leaf::ALL.into_iter().find(|leaf| leaf.word() == word).ok_or(TopicError::Leaf)?;
        match levels.next() {
            None => Ok(Self { station, leaf }),
            Some(_) => Err(TopicError::Leaf),
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "minuano/{VERSION}/{}/{}", self.station, self.leaf.word())
    }
}
