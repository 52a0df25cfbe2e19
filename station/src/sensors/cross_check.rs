//! Two parts for one quantity: the one whose value counts is held against the other.
//!
//! They disagree when their difference is more than both may be off together by what their makers state, for long
//! enough that a gust or a passing shadow is no matter.

use minuano_telemetry::Quantity;

use super::Part;

/// Samples in a row that raise a warning, or end it.
const PATIENCE: u8 = 10;

/// That a part does not confirm another one's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// In what.
    pub quantity: Quantity,
    /// The part whose value counts.
    pub part: Part,
    /// And its address.
    pub address: u8,
}

impl std::fmt::Display for Disagreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (quantity, part, address) = (self.quantity.key(), self.part.name(), self.address);
        write!(f, "{quantity} differs from {part} at {address:#04x} by more than both may be off")
    }
}

/// Whether two values can both be right.
pub(super) fn agree(quantity: Quantity, (one, value): (Part, f64), (other, second): (Part, f64)) -> bool {
    (value - second).abs() <= one.accuracy(quantity, value) + other.accuracy(quantity, second)
}

/// The standing verdict on one quantity of one part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Verdict {
    standing: Option<Disagreement>,
    against: u8,
}

impl Verdict {
    /// Takes one comparison into account.
    pub(super) fn hear(&mut self, found: Option<Disagreement>) {
        if found.is_some() == self.standing.is_some() {
            self.against = 0;
            return;
        }
        self.against += 1;
        if self.against >= PATIENCE {
            *self = Self { standing: found, against: 0 };
        }
    }

    pub(super) fn standing(&self) -> Option<Disagreement> {
        self.standing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_makers_allow_is_agreement() {
        let celsius = |other| agree(Quantity::Temperature, (Part::Sht4x, 20.0), (Part::Htu21d, other));
        assert!(celsius(20.59) && celsius(19.41));
        assert!(!celsius(20.61) && !celsius(19.39));
        let lux = |other| agree(Quantity::Illuminance, (Part::Veml7700, 10_000.0), (Part::Bh1750, other));
        assert!(lux(14_000.0) && !lux(15_000.0));
    }

    #[test]
    fn a_verdict_takes_patience_both_ways() {
        let found = Disagreement { quantity: Quantity::Temperature, part: Part::Sht4x, address: 0x44 };
        let mut verdict = Verdict::default();
        for _ in 1..PATIENCE {
            verdict.hear(Some(found));
        }
        verdict.hear(None);
        verdict.hear(Some(found));
        assert_eq!(verdict.standing(), None, "one agreement begins the count anew");
        for _ in 0..PATIENCE {
            verdict.hear(Some(found));
        }
        assert_eq!(verdict.standing(), Some(found));
        for _ in 0..PATIENCE {
            verdict.hear(None);
        }
        assert_eq!(verdict.standing(), None);
        let said = "temperature_c differs from sht4x at 0x44 by more than both may be off";
        assert_eq!(found.to_string(), said);
    }
}
