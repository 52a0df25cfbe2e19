//! What the checks hold readings to. The defaults are for readings 10 s to 10 min apart.

use minuano_telemetry::Quantity;

use super::check::Check;

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
}

/// Limits of every quantity, and which checks run.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// In the order of [`Quantity::ALL`].
    pub quantities: [QuantityLimits; 4],
    enabled: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self { quantities: Quantity::ALL.map(QuantityLimits::of), enabled: u16::MAX }
    }
}

impl QuantityLimits {
    /// The defaults.
    ///
    /// Ranges and steps of temperature, pressure and humidity are those usually quoted from Zahumenský,
    /// "Guidelines on Quality Control Procedures for Data from Automatic Weather Stations" (WMO, 2004).
    /// Illuminance: full sun in clear air at altitude stays below 150,000 lx; clouds make any step.
    pub const fn of(quantity: Quantity) -> Self {
        let flat_s = Some(5400.0);
        let saturated = f64::INFINITY;
        match quantity {
            Quantity::Temperature => Self { range: (-80.0, 60.0), step: Some(3.0), flat_s, saturated },
            Quantity::Pressure => Self { range: (500.0, 1100.0), step: Some(0.5), flat_s, saturated },
            Quantity::Humidity => Self { range: (0.0, 100.0), step: Some(10.0), flat_s, saturated: 99.0 },
            Quantity::Illuminance => Self { range: (0.0, 150_000.0), step: None, flat_s: None, saturated },
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
        self.enabled = checks.iter().fold(0, |bits, check| bits | 1 << (*check as u16));
        self
    }

    /// Whether `check` runs.
    pub const fn runs(&self, check: Check) -> bool {
        self.enabled & (1 << (check as u16)) != 0
    }
}
