//! Moments: milliseconds since 1970 inside, RFC 3339 with milliseconds on the wire.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest RFC 3339 text that is read.
const MAX_TEXT: usize = 40;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Millis(i64);

/// A text that is no RFC 3339 time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is RFC 3339, such as 2026-11-20T12:00:00.250Z")]
pub struct TimeError;

impl Millis {
    /// 2020-01-01T00:00:00Z: no Minuano station measured anything before it.
    pub const YEAR_2020: Self = Self(1_577_836_800_000);

    /// The moment `millis` milliseconds after 1970 began; `None` outside the years 0 to 9999, which
    /// RFC 3339 cannot write.
    pub const fn new(millis: i64) -> Option<Self> {
        // 0000-01-01T00:00:00.000Z and 9999-12-30T22:00:00.000Z, the last that jiff holds.
        if millis < -62_167_219_200_000 || millis > 253_402_207_200_000 { None } else { Some(Self(millis)) }
    }

    /// Milliseconds since 1970.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl FromStr for Millis {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let bytes = text.as_bytes();
        // jiff also reads dates without a T or with a zone in brackets; RFC 3339 does not.
        let shape =
            bytes.len() >= 20 && bytes.len() <= MAX_TEXT && bytes[10] == b'T' && bytes[0].is_ascii_digit();
        if !shape || bytes.contains(&b'[') {
            return Err(TimeError);
        }
        let time: jiff::Timestamp = text.parse().map_err(|_| TimeError)?;
        Self::new(time.as_nanosecond().div_euclid(1_000_000).try_into().map_err(|_| TimeError)?)
            .ok_or(TimeError)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(formatter, "{time:.3}")
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = heapless::String::<MAX_TEXT>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
