//! A stream: one run of a station's process.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The largest `seq`: beyond 2⁵³ − 1 a JSON number is no longer exact everywhere.
pub const MAX_SEQ: u64 = (1 << 53) - 1;

/// A `seq` that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is beyond {MAX_SEQ}, the highest seq")]
pub struct SeqError(u64);

impl SeqError {
    pub(crate) fn check(seq: u64) -> Result<(), Self> {
        if seq > MAX_SEQ { Err(Self(seq)) } else { Ok(()) }
    }
}

/// 64 random bits made at each start of a station, 16 hex digits on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u64);

/// A stream that is not 16 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stream is 16 lower-case hex digits")]
pub struct StreamIdError;

impl FromStr for StreamId {
    type Err = StreamIdError;

    fn from_str(text: &str) -> Result<Self, StreamIdError> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 16 || !text.bytes().all(hex) {
            return Err(StreamIdError);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| StreamIdError)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl Serialize for StreamId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = heapless::String::<16>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
