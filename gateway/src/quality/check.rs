//! Every check there is, and what one of them found.

use std::fmt::Write;

use minuano_telemetry::{AnomalyKind, Flag, Quantity, StationName};
use serde::{Deserialize, Serialize};

/// A check of readings; the words are those of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Outside what the air or the sensor can give.
    Range,
    /// Temperature and humidity, or all quantities, are exactly zero: a dead bus or part.
    Zeros,
    /// Pressure that does not belong to the station's altitude.
    Altitude,
    /// Light in the night, or none by day.
    Light,
    /// One reading stands off both beside it.
    Spike,
    /// A jump that the air does not make and that stays.
    Step,
    /// The same value for too long.
    FlatLine,
    /// Further from the day before than the weather has been of late.
    Drift,
    /// The station goes its own way while its neighbours agree.
    Neighbours,
}

impl Check {
    /// Every check, in the order in which they run.
    pub const ALL: [Self; 9] = [
        Self::Range,
        Self::Zeros,
        Self::Altitude,
        Self::Light,
        Self::Spike,
        Self::Step,
        Self::FlatLine,
        Self::Drift,
        Self::Neighbours,
    ];

    /// The kind of the episodes that it opens.
    pub const fn kind(self) -> AnomalyKind {
        match self {
            Self::Range => AnomalyKind::Range,
            Self::Zeros => AnomalyKind::Zeros,
            Self::Altitude => AnomalyKind::Altitude,
            Self::Light => AnomalyKind::Light,
            Self::Spike => AnomalyKind::Spike,
            Self::Step => AnomalyKind::Step,
            Self::FlatLine => AnomalyKind::FlatLine,
            Self::Drift => AnomalyKind::Drift,
            Self::Neighbours => AnomalyKind::Neighbours,
        }
    }
}

/// What a check says against one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// Suspect or fail.
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

impl Finding {
    /// One sentence with numbers that a person can check.
    pub fn evidence(&self, station: &StationName, quantity: Quantity) -> String {
        let Self { value, change, limit, .. } = *self;
        let (key, unit, over) = (quantity.key(), quantity.unit(), span(self.seconds));
        let went = if change < 0.0 { "fell" } else { "rose" };
        let far = change.abs();
        let mut text = format!("{station} {key} {value:.2} {unit} ");
        // Writing to a String cannot fail.
        let _ = match self.check {
            Check::Range => write!(text, "is outside what can be"),
            Check::Zeros => write!(text, "is exactly zero together with the others"),
            Check::Altitude => write!(
                text,
                "is {far:.1} hPa {} the {limit:.1} hPa of its altitude",
                if change < 0.0 { "below" } else { "above" }
            ),
            Check::Light => write!(text, "with the sun at {change:.1} degrees"),
            Check::Spike => {
                write!(
                    text,
                    "stood {far:.2} {unit} off the readings before and after it, limit {limit:.2} {unit}"
                )
            }
            Check::Step => write!(text, "{went} {far:.2} {unit} in {over}, limit {limit:.2} {unit}"),
            Check::FlatLine => write!(text, "has not changed for {over}, limit {}", span(limit)),
            Check::Drift => write!(
                text,
                "{went} {far:.2} {unit} against the same hour of the day before, limit {limit:.2} {unit}"
            ),
            Check::Neighbours => {
                write!(
                    text,
                    "went {far:.2} {unit} away from its neighbours, which agree; limit {limit:.2} {unit}"
                )
            }
        };
        text
    }
}

/// A duration as people say it.
fn span(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else if seconds < 7200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}
