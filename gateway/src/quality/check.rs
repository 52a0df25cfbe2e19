//! Every check there is, and what one of them found. How a finding is told is in [`super::evidence`].

use minuano_telemetry::{AnomalyKind, Flag};
use serde::{Deserialize, Serialize};

/// A check of readings; the words are those of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Outside what the air or the sensor can give (QARTOD gross range).
    Range,
    /// Temperature and humidity are exactly zero: a dead bus or part.
    Zeros,
    /// Pressure that does not belong to the station's altitude.
    Altitude,
    /// Temperature and humidity that make a dew point which the air does not have.
    DewPoint,
    /// Light in the night, or none by day.
    Light,
    /// Outside what is configured for the season (QARTOD climatology).
    Climatology,
    /// One reading stands off both beside it.
    Spike,
    /// A jump that the air does not make and that stays (QARTOD rate of change).
    Step,
    /// The same value for too long.
    FlatLine,
    /// Values that vary too little over hours (QARTOD attenuated signal).
    Attenuated,
    /// Outside what most of the last days' values lay between (QARTOD percentile range).
    Percentile,
    /// Far from the median of the last readings.
    Hampel,
    /// Further from the day before than the weather has been of late.
    Drift,
    /// Differences from the day before that add up.
    Cusum,
    /// The station goes its own way while its neighbours agree.
    Neighbours,
    /// Far from what its neighbours measure, whatever is usual between them.
    Buddy,
    /// Every quantity of a station is wrong while its neighbours agree.
    Byzantine,
    /// Too few neighbours to confirm a value: it is not called good.
    Isolation,
    /// A part of a station that another part of it does not confirm.
    CrossCheck,
    /// Nothing was measured for too long.
    Gap,
    /// Readings that arrive long after they were taken (QARTOD data reception).
    Late,
    /// A clock far from the gateway's.
    ClockSkew,
    /// A station that was heard and is not any more.
    Silent,
    /// Two stations under one name.
    DuplicateStation,
}

impl Check {
    /// Every check, in the order in which they run.
    pub const ALL: [Self; 24] = [
        Self::Range,
        Self::Zeros,
        Self::Altitude,
        Self::DewPoint,
        Self::Light,
        Self::Climatology,
        Self::Spike,
        Self::Step,
        Self::FlatLine,
        Self::Attenuated,
        Self::Percentile,
        Self::Hampel,
        Self::Drift,
        Self::Cusum,
        Self::Neighbours,
        Self::Buddy,
        Self::Byzantine,
        Self::Isolation,
        Self::CrossCheck,
        Self::Gap,
        Self::Late,
        Self::ClockSkew,
        Self::Silent,
        Self::DuplicateStation,
    ];

    /// Whether it runs where the configuration names no checks. What is off either flags good weather more often
    /// than half a time a day (docs/quality.md has the figures) or says nothing new.
    pub const fn by_default(self) -> bool {
        !matches!(
            self,
            Self::Attenuated | Self::Percentile | Self::Hampel | Self::Cusum | Self::Isolation | Self::Late
        )
    }

    /// The kind of the episodes that it opens.
    pub const fn kind(self) -> AnomalyKind {
        match self {
            Self::Range => AnomalyKind::Range,
            Self::Zeros => AnomalyKind::Zeros,
            Self::Altitude => AnomalyKind::Altitude,
            Self::DewPoint => AnomalyKind::DewPoint,
            Self::Light => AnomalyKind::Light,
            Self::Climatology => AnomalyKind::Climatology,
            Self::Spike => AnomalyKind::Spike,
            Self::Step => AnomalyKind::Step,
            Self::FlatLine => AnomalyKind::FlatLine,
            Self::Attenuated => AnomalyKind::Attenuated,
            Self::Percentile => AnomalyKind::Percentile,
            Self::Hampel => AnomalyKind::Hampel,
            Self::Drift => AnomalyKind::Drift,
            Self::Cusum => AnomalyKind::Cusum,
            Self::Neighbours => AnomalyKind::Neighbours,
            Self::Buddy => AnomalyKind::Buddy,
            Self::Byzantine => AnomalyKind::Byzantine,
            Self::Isolation => AnomalyKind::Isolation,
            Self::CrossCheck => AnomalyKind::CrossCheck,
            Self::Gap => AnomalyKind::Gap,
            Self::Late => AnomalyKind::Late,
            Self::ClockSkew => AnomalyKind::ClockSkew,
            Self::Silent => AnomalyKind::Silent,
            Self::DuplicateStation => AnomalyKind::DuplicateStation,
        }
    }

    /// Whether weather that the neighbours share explains what it found. What they say is of the last ten minutes that
    /// are complete, so it explains what comes slowly and no jump.
    pub const fn yields_to_neighbours(self) -> bool {
        matches!(self, Self::Drift | Self::Cusum | Self::Percentile | Self::Climatology)
    }
}

/// What a check says against one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// Not evaluated, suspect or fail.
    pub flag: Flag,
    /// The value.
    pub value: f64,
    /// How far it went, in the quantity's unit.
    pub change: f64,
    /// In how many seconds.
    pub seconds: f64,
    /// What would have been well.
    pub limit: f64,
}
