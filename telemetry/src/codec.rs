//! Bytes to payloads and back: a value or a typed error for any bytes, and no allocation to encode.

use core::fmt::Write;

use heapless::String;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::gateway::{Acknowledged, Anomaly};
use crate::reading::{Batch, Live};
use crate::station::{About, Health, Status, Streams};
use crate::topic::Leaf;
use crate::weather::WeatherEvent;

/// The most bytes in one message.
pub const MAX_MESSAGE: usize = 16 * 1024;

/// A payload of any leaf.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// On `telemetry`: exactly one reading.
    Telemetry(Batch),
    /// On `backlog`.
    Backlog(Batch),
    /// On `streams`.
    Streams(Streams),
    /// On `about`.
    About(About),
    /// On `status`.
    Status(Status),
    /// On `health`.
    Health(Health),
    /// On `acknowledged`.
    Acknowledged(Acknowledged),
    /// On `anomaly`.
    Anomaly(Anomaly),
    /// On `weather`.
    Weather(WeatherEvent),
}

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing at all.
    #[error("is empty")]
    Empty,
    /// More than [`MAX_MESSAGE`] bytes.
    #[error("is {0} bytes; a message is at most {MAX_MESSAGE}")]
    TooLarge(usize),
    /// It is not JSON.
    #[error("is not JSON: {0}")]
    Syntax(String<96>),
    /// It is JSON, of another shape or with numbers that cannot be.
    #[error("has the wrong shape: {0}")]
    Shape(String<96>),
}

impl DecodeError {
    /// One word for counters.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge(_) => "too_large",
            Self::Syntax(_) => "syntax",
            Self::Shape(_) => "shape",
        }
    }
}

/// The buffer is too small for the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload does not fit the buffer")]
pub struct EncodeError;

impl Payload {
    /// Reads what came on a topic with this leaf.
    pub fn decode(leaf: Leaf, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match leaf {
            Leaf::Telemetry => Self::Telemetry(Live::decode(bytes)?.into()),
            Leaf::Backlog => Self::Backlog(decode(bytes)?),
            Leaf::Streams => Self::Streams(decode(bytes)?),
            Leaf::About => Self::About(decode(bytes)?),
            Leaf::Status => Self::Status(decode(bytes)?),
            Leaf::Health => Self::Health(decode(bytes)?),
            Leaf::Acknowledged => Self::Acknowledged(decode(bytes)?),
            Leaf::Anomaly => Self::Anomaly(decode(bytes)?),
            Leaf::Weather => Self::Weather(decode(bytes)?),
        })
    }

    /// The leaf that carries it.
    pub const fn leaf(&self) -> Leaf {
        match self {
            Self::Telemetry(_) => Leaf::Telemetry,
            Self::Backlog(_) => Leaf::Backlog,
            Self::Streams(_) => Leaf::Streams,
            Self::About(_) => Leaf::About,
            Self::Status(_) => Leaf::Status,
            Self::Health(_) => Leaf::Health,
            Self::Acknowledged(_) => Leaf::Acknowledged,
            Self::Anomaly(_) => Leaf::Anomaly,
            Self::Weather(_) => Leaf::Weather,
        }
    }

    /// Writes it to the front of `buffer` and gives the bytes written.
    pub fn encode<'a>(&self, buffer: &'a mut [u8]) -> Result<&'a [u8], EncodeError> {
        match self {
            Self::Telemetry(batch) | Self::Backlog(batch) => encode(batch, buffer),
            Self::Streams(streams) => encode(streams, buffer),
            Self::About(about) => encode(about, buffer),
            Self::Status(status) => encode(status, buffer),
            Self::Health(health) => encode(health, buffer),
            Self::Acknowledged(acknowledged) => encode(acknowledged, buffer),
            Self::Anomaly(anomaly) => encode(anomaly, buffer),
            Self::Weather(event) => encode(event, buffer),
        }
    }
}

impl Live {
    /// Reads what came on `telemetry`, as [`Payload::decode`] does and without room for a backlog.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes).map_err(|refused| match decode::<Batch>(bytes) {
            Ok(_) => DecodeError::Shape(text("telemetry carries one reading; more go on backlog")),
            Err(_) => refused,
        })
    }
}

pub(crate) fn encode<'a>(payload: &impl Serialize, buffer: &'a mut [u8]) -> Result<&'a [u8], EncodeError> {
    let length = serde_json_core::to_slice(payload, buffer).map_err(|_| EncodeError)?;
    Ok(&buffer[..length])
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    if bytes.len() > MAX_MESSAGE {
        return Err(DecodeError::TooLarge(bytes.len()));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let said = text(&error);
        if error.is_data() { DecodeError::Shape(said) } else { DecodeError::Syntax(said) }
    })
}

/// As much of the words as fits.
fn text(words: impl core::fmt::Display) -> String<96> {
    struct Cut(String<96>);
    impl Write for Cut {
        fn write_str(&mut self, part: &str) -> core::fmt::Result {
            for letter in part.chars() {
                if self.0.push(letter).is_err() {
                    break;
                }
            }
            Ok(())
        }
    }
    let mut cut = Cut(String::new());
    // Cut never fails, and a Display that does has said what it could.
    let _ = write!(cut, "{words}");
    cut.0
}
