//! How finely readings are given.

use std::str::FromStr;

const MINUTE_MS: i64 = 60_000;
/// An hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How finely readings are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Every reading.
    Raw,
    /// Buckets of a minute.
    Minute,
    /// Buckets of ten minutes.
    TenMinutes,
    /// Buckets of an hour.
    Hour,
    /// Buckets from midnight to midnight in the station's zone.
    Day,
}

impl Resolution {
    /// The finest first.
    pub const ALL: [Self; 5] = [Self::Raw, Self::Minute, Self::TenMinutes, Self::Hour, Self::Day];

    /// The word in queries and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Minute => "1m",
            Self::TenMinutes => "10m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// What gives about 1,500 points over so many milliseconds.
    pub const fn auto(length_ms: i64) -> Self {
        match length_ms {
            _ if length_ms <= 4 * HOUR_MS => Self::Raw,
            _ if length_ms <= 36 * HOUR_MS => Self::Minute,
            _ if length_ms <= 15 * DAY_MS => Self::TenMinutes,
            _ if length_ms <= 90 * DAY_MS => Self::Hour,
            _ => Self::Day,
        }
    }

    /// The length of a bucket; a day's is nominal.
    pub const fn length_ms(self) -> Option<i64> {
        match self {
            Self::Raw => None,
            Self::Minute => Some(MINUTE_MS),
            Self::TenMinutes => Some(10 * MINUTE_MS),
            Self::Hour => Some(HOUR_MS),
            Self::Day => Some(DAY_MS),
        }
    }
}

/// A resolution in a query.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// The gateway's choice.
    Auto,
    /// The client's.
    This(Resolution),
}

impl FromStr for Asked {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Resolution::ALL.into_iter().find(|resolution| resolution.word() == text) {
            Some(resolution) => Ok(Self::This(resolution)),
            None if text == "auto" => Ok(Self::Auto),
            None => Err("a resolution is auto, raw, 1m, 10m, 1h or 1d"),
        }
    }
}
