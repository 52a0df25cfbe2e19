//! How finely readings are given.

use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

const MINUTE_MS: i64 = 60_000;
/// An hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How finely readings are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum Resolution {
    /// Every reading.
    #[serde(rename = "raw")]
    Raw,
    /// Buckets of a minute.
    #[serde(rename = "1m")]
    Minute,
    /// Buckets of ten minutes.
    #[serde(rename = "10m")]
    TenMinutes,
    /// Buckets of an hour.
    #[serde(rename = "1h")]
    Hour,
    /// Buckets from midnight to midnight in the station's zone.
    #[serde(rename = "1d")]
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
        const RAW: i64 = 4 * HOUR_MS;
        const MINUTE: i64 = 36 * HOUR_MS;
        const TEN_MINUTES: i64 = 15 * DAY_MS;
        const HOUR: i64 = 90 * DAY_MS;
        match length_ms {
            ..=RAW => Self::Raw,
            ..=MINUTE => Self::Minute,
            ..=TEN_MINUTES => Self::TenMinutes,
            ..=HOUR => Self::Hour,
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
