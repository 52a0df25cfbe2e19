//! QARTOD gross range: what neither the air nor the sensor can give.

use minuano_telemetry::{Flag, Quantity};

/// The lowest and highest value that can be.
///
/// Temperature, pressure and humidity are the limits usually quoted from Zahumenský, "Guidelines on
/// Quality Control Procedures for Data from Automatic Weather Stations" (WMO, 2004). Illuminance: full
/// sun in clear air at altitude stays below 150,000 lx.
pub const fn limits(quantity: Quantity) -> (f64, f64) {
    match quantity {
        Quantity::Temperature => (-80.0, 60.0),
        Quantity::Pressure => (500.0, 1100.0),
        Quantity::Humidity => (0.0, 100.0),
        Quantity::Illuminance => (0.0, 150_000.0),
    }
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
