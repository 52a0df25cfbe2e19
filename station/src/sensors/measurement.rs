//! What a look at the sensors gives: for each quantity a value, or a fault that is named.

use minuano_telemetry::{ByQuantity, Fault, Quantity};

/// What one look at a part, or at all of them, gave: a value or a fault for each quantity it covers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measurement(ByQuantity<Result<f64, Fault>>);

impl Measurement {
    /// The same fault for each of `quantities`.
    pub fn failed(quantities: &[Quantity], fault: Fault) -> Self {
        let mut measurement = Self::default();
        for &quantity in quantities {
            measurement.set(quantity, Err(fault));
        }
        measurement
    }

    /// Puts what was found for `quantity`.
    pub fn set(&mut self, quantity: Quantity, found: Result<f64, Fault>) {
        self.0.set(quantity, Some(found));
    }

    /// What was found for `quantity`; `None` when the part does not measure it.
    pub fn get(&self, quantity: Quantity) -> Option<Result<f64, Fault>> {
        self.0.get(quantity)
    }

    /// The covered quantities with what was found.
    pub fn iter(&self) -> impl Iterator<Item = (Quantity, Result<f64, Fault>)> + '_ {
        self.0.iter()
    }

    /// The quantities that have a value.
    pub fn values(&self) -> ByQuantity<f64> {
        let mut values = ByQuantity::default();
        for (quantity, found) in self.iter() {
            values.set(quantity, found.ok());
        }
        values
    }

    /// The quantities that have a fault instead.
    pub fn faults(&self) -> ByQuantity<Fault> {
        let mut faults = ByQuantity::default();
        for (quantity, found) in self.iter() {
            faults.set(quantity, found.err());
        }
        faults
    }

    /// The first fault, in the order of the quantities.
    pub fn first_fault(&self) -> Option<Fault> {
        self.iter().find_map(|(_, found)| found.err())
    }

    /// Whether every covered quantity has this fault.
    pub fn all_failed_with(&self, fault: Fault) -> bool {
        self.iter().all(|(_, found)| found == Err(fault))
    }

    /// Takes from `other` what is still missing here: values over faults, what came first over what came later.
    pub fn supplement(&mut self, other: &Self) {
        for (quantity, found) in other.iter() {
            match self.get(quantity) {
                Some(Ok(_)) => {}
                Some(Err(_)) if found.is_err() => {}
                _ => self.set(quantity, found),
            }
        }
    }
}
