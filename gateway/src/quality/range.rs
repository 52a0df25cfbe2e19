//! QARTOD gross range: what neither the air nor the sensor can give.

use minuano_telemetry::{ByQuantity, Flag, Quantity};

use super::limits::QuantityLimits;

/// The lowest and highest value that can be, whatever the configuration.
pub const fn limits(quantity: Quantity) -> (f64, f64) {
    QuantityLimits::of(quantity).range
}

/// Good within the limits, fail outside, missing without a value.
pub fn check(quantity: Quantity, value: Option<f64>) -> Flag {
    let (lowest, highest) = limits(quantity);
    match value {
        None => Flag::Missing,
        Some(value) if (lowest..=highest).contains(&value) => Flag::Good,
        Some(_) => Flag::Fail,
    }
}

/// The flags of a reading's values.
pub fn check_all(values: &ByQuantity<f64>) -> [Flag; 4] {
    Quantity::ALL.map(|quantity| check(quantity, values.get(quantity)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_themselves_are_good() {
        for quantity in Quantity::ALL {
            let (lowest, highest) = limits(quantity);
            assert_eq!(check(quantity, Some(lowest)), Flag::Good);
            assert_eq!(check(quantity, Some(highest)), Flag::Good);
            assert_eq!(check(quantity, Some(lowest - 0.01)), Flag::Fail);
            assert_eq!(check(quantity, Some(highest + 0.01)), Flag::Fail);
            assert_eq!(check(quantity, Some(f64::MAX)), Flag::Fail);
            assert_eq!(check(quantity, None), Flag::Missing);
        }
    }
}
