//! What the checks hold readings to. The defaults are for readings 10 s to 10 min apart.

use minuano_telemetry::Quantity;

use super::check::{Check, runs_by_default};
use crate::derived::moisture::ACCURACY_PCT;

/// Limits of one quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantityLimits {
    /// The lowest and highest value that can be; fail outside.
    pub range: (f64, f64),
    /// The change within a minute that is suspect: the scale of spikes, steps and drifts. None: not judged.
    pub step: Option<f64>,
    /// How long a value may stay the same, in seconds. None: as long as it likes.
    pub flat_s: Option<f64>,
    /// From here on the quantity may stay the same eight times as long: air saturated with vapour.
    pub saturated: f64,
    /// How far from the middle of its neighbours a value may be. None: it is not compared so.
    pub buddy: Option<f64>,
}

/// What is usual in some months, for QARTOD's climatology test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Season {
    /// Of what.
    pub quantity: Quantity,
    /// The first and the last month, 1 to 12; from November to February is (11, 2).
    pub months: (i8, i8),
    /// Suspect outside.
    pub suspect: (f64, f64),
    /// Fail outside.
    pub fail: Option<(f64, f64)>,
}

/// What the checks look back on, and how far is too far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Readings whose median a value is held to.
    pub hampel_readings: usize,
    /// How many times their usual distance from it is too far.
    pub hampel_times: f64,
    /// The lowest and highest percentile of the past.
    pub percentiles: (f64, f64),
    /// How far beyond them is well, in suspect minute steps.
    pub percentile_pad: f64,
    /// What each hour's difference from the day before may be, in suspect minute steps, without adding up.
    pub cusum_slack: f64,
    /// The sum that is too much, in suspect minute steps times hours.
    pub cusum_limit: f64,
    /// Over how many hours a signal must vary.
    pub attenuated_hours: f64,
    /// By how much at least, in suspect minute steps.
    pub attenuated_least: f64,
    /// How far apart readings may lie of which the last is to explain the step to the one before it, in seconds.
    pub second_look_s: f64,
    /// The longest time without a reading, in seconds.
    pub gap_s: f64,
    /// The latest that a reading may arrive, in seconds.
    pub late_s: f64,
    /// How far a clock may be from the gateway's, in seconds.
    pub skew_s: f64,
}

/// Limits of every quantity, and which checks run.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// In the order of [`Quantity::ALL`].
    pub quantities: [QuantityLimits; 4],
    /// What is usual in which months.
    pub seasons: Vec<Season>,
    /// Windows and distances of single checks.
    pub tuning: Tuning,
    enabled: u32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            hampel_readings: 11,
            hampel_times: 6.0,
            percentiles: (1.0, 99.0),
            percentile_pad: 1.0,
            cusum_slack: 0.5,
            cusum_limit: 12.0,
            attenuated_hours: 3.0,
            attenuated_least: 0.05,
            second_look_s: 660.0,
            gap_s: 7200.0,
            late_s: 21_600.0,
            skew_s: 600.0,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let limits = Self {
            quantities: Quantity::ALL.map(QuantityLimits::of),
            seasons: Vec::new(),
            tuning: Tuning::default(),
            enabled: 0,
        };
        limits.only(&Check::ALL.into_iter().filter(|check| runs_by_default(*check)).collect::<Vec<_>>())
    }
}

impl QuantityLimits {
    /// The defaults.
    ///
    /// Ranges and steps of temperature, pressure and humidity are those usually quoted from Zahumenský,
    /// "Guidelines on Quality Control Procedures for Data from Automatic Weather Stations" (WMO, 2004).
    /// Humidity up to a sensor's accuracy beyond 100 % is saturation: a good reading in fog.
    /// Illuminance: full sun in clear air at altitude stays below 150,000 lx; clouds make any step.
    pub const fn of(quantity: Quantity) -> Self {
        let flat_s = Some(5400.0);
        let saturated = f64::INFINITY;
        match quantity {
            Quantity::Temperature => {
                Self { range: (-80.0, 60.0), step: Some(3.0), flat_s, saturated, buddy: Some(12.0) }
            }
            Quantity::Pressure => {
                Self { range: (500.0, 1100.0), step: Some(0.5), flat_s, saturated, buddy: Some(6.0) }
            }
            Quantity::Humidity => Self {
                range: (0.0, 100.0 + ACCURACY_PCT),
                step: Some(10.0),
                flat_s,
                saturated: 99.0,
                buddy: Some(50.0),
            },
            Quantity::Illuminance => {
                Self { range: (0.0, 150_000.0), step: None, flat_s: None, saturated, buddy: None }
            }
        }
    }
}

impl Limits {
    /// The limits of `quantity`.
    pub const fn of(&self, quantity: Quantity) -> &QuantityLimits {
        &self.quantities[quantity as usize]
    }

    /// Runs these checks only.
    pub fn only(mut self, checks: &[Check]) -> Self {
        self.enabled = checks.iter().fold(0, |bits, check| bits | 1 << (*check as u32));
        self
    }

    /// Whether `check` runs.
    pub const fn runs(&self, check: Check) -> bool {
        self.enabled & (1 << (check as u32)) != 0
    }
}

impl Season {
    /// Whether a month is one of its.
    pub const fn has(&self, month: i8) -> bool {
        let (first, last) = self.months;
        if first <= last { first <= month && month <= last } else { first <= month || month <= last }
    }
}
