//! What a gateway says: acknowledged, anomaly.

use heapless::{String, Vec};
use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::name::{GatewayName, StationName};
use crate::quantity::Quantity;
use crate::stream::{SeqError, StreamId};
use crate::time::Millis;

/// The most streams in one acknowledgement: the most recently touched.
pub const MAX_ACKNOWLEDGED: usize = 8;

/// On `acknowledged`: up to where the gateway has a station's readings on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The gateway that owns the station.
    pub gateway: GatewayName,
    /// At most [`MAX_ACKNOWLEDGED`].
    pub streams: Vec<Through, MAX_ACKNOWLEDGED>,
}

/// Every `seq` up to `through` is stored, lost, or acknowledged elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WireThrough")]
pub struct Through {
    /// Which stream.
    pub stream: StreamId,
    /// Up to and including which `seq`.
    pub through: u64,
}

#[derive(Deserialize)]
struct WireThrough {
    stream: StreamId,
    through: u64,
}

impl TryFrom<WireThrough> for Through {
    type Error = SeqError;

    fn try_from(wire: WireThrough) -> Result<Self, SeqError> {
        SeqError::check(wire.through)?;
        Ok(Self { stream: wire.stream, through: wire.through })
    }
}

/// A quality flag, by QARTOD's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flag {
    /// 1: passed every check that was made.
    Good,
    /// 2: no check could be made.
    NotEvaluated,
    /// 3: of uncertain value, a person should look.
    Suspect,
    /// 4: known to be wrong.
    Fail,
    /// 9: there is no value.
    Missing,
}

impl Flag {
    /// QARTOD's number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Good => 1,
            Self::NotEvaluated => 2,
            Self::Suspect => 3,
            Self::Fail => 4,
            Self::Missing => 9,
        }
    }

    /// The flag with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Good,
            2 => Self::NotEvaluated,
            3 => Self::Suspect,
            4 => Self::Fail,
            9 => Self::Missing,
            _ => return None,
        })
    }
}

impl Serialize for Flag {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        Self::from_number(number).ok_or_else(|| serde::de::Error::custom("a flag is 1, 2, 3, 4 or 9"))
    }
}

/// On `anomaly`, and in `GET /anomalies`: an episode as it opens, changes and closes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// Unique within the gateway's store.
    pub id: i64,
    /// Whose readings.
    pub station: StationName,
    /// Which quantity; none where the whole station is meant.
    pub quantity: Option<Quantity>,
    /// Which check found it.
    pub kind: AnomalyKind,
    /// Time of the first reading in it.
    pub from: Millis,
    /// Time of the last reading in it so far.
    pub to: Millis,
    /// The worst flag in it.
    pub flag: Flag,
    /// Whether it goes on.
    pub state: AnomalyState,
    /// One sentence with numbers that a person can check.
    pub evidence: String<256>,
    /// The numbers of it; absent where an earlier release found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

/// Which check found an anomaly: every check that there is, under the name that it has in the gateway's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyKind {
    /// Outside what the air or the sensor can give (QARTOD gross range).
    Range,
    /// Temperature and humidity exactly zero together: a dead bus or part.
    Zeros,
    /// Pressure that does not belong to the station's altitude.
    Altitude,
    /// Light in the night, or none by day.
    Light,
    /// One reading off both beside it.
    Spike,
    /// A jump that the air does not make and that stays (QARTOD rate of change).
    Step,
    /// The same value for too long.
    FlatLine,
    /// Further from the day before than the weather has been of late.
    Drift,
    /// A station that goes its own way while its neighbours agree.
    Neighbours,
    /// Temperature and humidity that make a dew point which the air does not have.
    DewPoint,
    /// Outside what is configured for the season (QARTOD climatology).
    Climatology,
    /// Values that vary too little over hours (QARTOD attenuated signal).
    Attenuated,
    /// Outside what most of the last days' values lay between (QARTOD percentile range).
    Percentile,
    /// Far from the median of the readings before it.
    Hampel,
    /// Differences from the day before that add up.
    Cusum,
    /// Far from what its neighbours measure, whatever is usual between them.
    Buddy,
    /// Every quantity of a station is wrong while its neighbours agree.
    Byzantine,
    /// Too few neighbours to confirm a value.
    Isolation,
    /// A part of a station that another part of it does not confirm.
    CrossCheck,
    /// Nothing was measured for too long.
    Gap,
    /// Readings that arrive long after they were taken (QARTOD data reception).
    Late,
    /// A station that was heard and is not any more.
    Silent,
    /// A station whose clock is far from the gateway's, though it calls it synchronised.
    ClockSkew,
    /// Two live streams in turn under one name: two stations have it.
    DuplicateStation,
}

impl AnomalyKind {
    /// Every kind.
    pub const ALL: [Self; 24] = [
        Self::Range,
        Self::Zeros,
        Self::Altitude,
        Self::Light,
        Self::Spike,
        Self::Step,
        Self::FlatLine,
        Self::Drift,
        Self::Neighbours,
        Self::DewPoint,
        Self::Climatology,
        Self::Attenuated,
        Self::Percentile,
        Self::Hampel,
        Self::Cusum,
        Self::Buddy,
        Self::Byzantine,
        Self::Isolation,
        Self::CrossCheck,
        Self::Gap,
        Self::Late,
        Self::Silent,
        Self::ClockSkew,
        Self::DuplicateStation,
    ];

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Zeros => "zeros",
            Self::Altitude => "altitude",
            Self::Light => "light",
            Self::Spike => "spike",
            Self::Step => "step",
            Self::FlatLine => "flat_line",
            Self::Drift => "drift",
            Self::Neighbours => "neighbours",
            Self::DewPoint => "dew_point",
            Self::Climatology => "climatology",
            Self::Attenuated => "attenuated",
            Self::Percentile => "percentile",
            Self::Hampel => "hampel",
            Self::Cusum => "cusum",
            Self::Buddy => "buddy",
            Self::Byzantine => "byzantine",
            Self::Isolation => "isolation",
            Self::CrossCheck => "cross_check",
            Self::Gap => "gap",
            Self::Late => "late",
            Self::Silent => "silent",
            Self::ClockSkew => "clock_skew",
            Self::DuplicateStation => "duplicate_station",
        }
    }
}

/// Whether an anomaly goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnomalyState {
    /// It does.
    Open,
    /// A good reading ended it.
    Closed,
}

impl AnomalyState {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}
