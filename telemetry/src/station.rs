//! What a station says of itself: streams, about, status, health.

use heapless::{String, Vec};
use serde::{Deserialize, Serialize};

use crate::quantity::{Fault, Quantity};
use crate::reading::Clock;
use crate::stream::{SeqError, StreamId};
use crate::time::Millis;

/// The most streams that a station's log lists.
pub const MAX_STREAMS: usize = 64;
/// The most sensors of one station.
pub const MAX_SENSORS: usize = 8;

/// The longest warning about a sensor, in bytes.
pub const MAX_WARNING: usize = 96;

/// On `streams`: what the log holds. A known stream that is not listed has ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Streams {
    /// At most [`MAX_STREAMS`].
    pub streams: Vec<StreamState, MAX_STREAMS>,
}

/// One stream in the log.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WireStreamState")]
pub struct StreamState {
    /// Which.
    pub stream: StreamId,
    /// When its first reading was taken.
    pub first_at: Millis,
    /// The highest `through` obeyed.
    pub cursor: u64,
    /// The oldest `seq` still held.
    pub oldest: u64,
    /// The highest `seq` that survived; absent while the stream runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
}

#[derive(Deserialize)]
struct WireStreamState {
    stream: StreamId,
    first_at: Millis,
    cursor: u64,
    oldest: u64,
    #[serde(default)]
    last: Option<u64>,
}

impl TryFrom<WireStreamState> for StreamState {
    type Error = SeqError;

    fn try_from(wire: WireStreamState) -> Result<Self, SeqError> {
        for seq in [wire.cursor, wire.oldest, wire.last.unwrap_or(0)] {
            SeqError::check(seq)?;
        }
        let WireStreamState { stream, first_at, cursor, oldest, last } = wire;
        Ok(Self { stream, first_at, cursor, oldest, last })
    }
}

/// On `about`: what the station is and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Its name for people.
    pub name: String<64>,
    /// Degrees north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// Metres above mean sea level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude_m: Option<f64>,
    /// IANA time zone: its days begin at midnight there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String<64>>,
    /// Of the software.
    pub version: String<32>,
    /// Seconds between readings.
    pub report_s: u32,
    /// The parts that were found.
    #[serde(default)]
    pub sensors: Vec<SensorAbout, MAX_SENSORS>,
}

/// One part on the bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorAbout {
    /// The part's number in lower case, such as `bme280`.
    pub part: String<16>,
    /// Its address on the bus, 7 bits.
    pub address: u8,
    /// What it measures.
    pub quantities: Vec<Quantity, 4>,
}

/// On `status`, and in the last will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether the station is there.
    pub state: StationState,
}

/// Whether a station is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StationState {
    /// Connected.
    Online,
    /// Lost: the broker published its last will.
    Offline,
    /// Stopped by its owner.
    Stopped,
}

impl StationState {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Stopped => "stopped",
        }
    }
}

/// On `health`, each 60 s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Of the software.
    pub version: String<32>,
    /// Seconds since the process started.
    pub uptime_s: u64,
    /// The running stream.
    pub stream: StreamId,
    /// How many readings it has measured: the left side of measured = stored + lost.
    pub measured: u64,
    /// What the log holds.
    pub log: LogHealth,
    /// How each sensor is.
    #[serde(default)]
    pub sensors: Vec<SensorHealth, MAX_SENSORS>,
    /// How far the clock can be trusted.
    pub clock: Clock,
    /// The processor's temperature in °C, where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_c: Option<f64>,
}

/// What a station's log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHealth {
    /// Readings not yet acknowledged.
    pub readings: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Readings that overflow took since the stream began.
    pub lost: u64,
    /// Why the log is in RAM alone, or which of its files it does not understand; absent while all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String<64>>,
}

/// How one sensor is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorHealth {
    /// The part's number.
    pub part: String<16>,
    /// Its address on the bus.
    pub address: u8,
    /// Whether it measures.
    pub state: SensorState,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Since when it is in this state.
    pub since: Millis,
    /// What a person should look at although it measures, such as another part that says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String<MAX_WARNING>>,
}

/// Whether a sensor measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SensorState {
    /// It does.
    Ok,
    /// It does not.
    Fault,
}
