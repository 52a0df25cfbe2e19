//! What a person found out about a sensor by comparing it: offset and scale.
//!
//! A value becomes value × scale + offset. A temperature that is corrected moves the same part's relative
//! humidity, whatever that one's own calibration: the water vapour around the sensor is what it is, and the
//! percentage of saturation at the true temperature follows from it (`humidity`). Its own scale and offset come
//! after.

use minuano_telemetry::{ByQuantity, Fault, Quantity};

use super::humidity::{at_other_temperature, credible};
use super::{Measurement, Part};

/// value × scale + offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// Multiplies.
    pub scale: f64,
    /// Is then added, in the quantity's unit.
    pub offset: f64,
}

impl Linear {
    fn apply(self, value: f64) -> f64 {
        value * self.scale + self.offset
    }
}

/// The calibration of one part, or of all that have none of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Calibration(pub ByQuantity<Linear>);

impl Calibration {
    /// This calibration, and the other one's for quantities that have none here.
    pub fn or(&self, other: &Self) -> Self {
        let mut both = *self;
        for (quantity, linear) in other.0.iter() {
            both.0.set(quantity, Some(self.0.get(quantity).unwrap_or(linear)));
        }
        both
    }

    /// What `part` measured, calibrated.
    pub fn apply(&self, part: Part, measured: &Measurement) -> Measurement {
        if self.0.is_empty() {
            return *measured;
        }
        let mut calibrated = *measured;
        for (quantity, found) in measured.iter() {
            let value = found.and_then(|value| self.value(part, quantity, value, measured));
            calibrated.set(quantity, value);
        }
        calibrated
    }

    fn value(
        &self,
        part: Part,
        quantity: Quantity,
        value: f64,
        measured: &Measurement,
    ) -> Result<f64, Fault> {
        let own = self.0.get(quantity);
        let corrected = |value: f64| own.map_or(value, |linear| linear.apply(value));
        match quantity {
            Quantity::Humidity => {
                let moved = match (self.0.get(Quantity::Temperature), measured.get(Quantity::Temperature)) {
                    (Some(linear), Some(temperature)) => {
                        let found_at = temperature?;
                        at_other_temperature(value, found_at, linear.apply(found_at))
                    }
                    _ => value,
                };
                credible(corrected(moved), part.accuracy(quantity, value))
            }
            // An offset for what the part sees in the dark must not make darkness a fault.
            Quantity::Illuminance => Ok(corrected(value).max(0.0)),
            Quantity::Temperature | Quantity::Pressure => Ok(corrected(value)),
        }
    }
}

/// The calibrations of a station.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibrations {
    /// For parts that have none of their own for a quantity.
    pub general: Calibration,
    /// Of parts at their addresses.
    pub own: Vec<(Part, u8, Calibration)>,
}

impl Calibrations {
    /// What holds for the part at the address.
    pub fn of(&self, part: Part, address: u8) -> Calibration {
        let own = self.own.iter().find(|(of, at, _)| (*of, *at) == (part, address));
        own.map_or(self.general, |(_, _, calibration)| calibration.or(&self.general))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration(pairs: &[(Quantity, f64, f64)]) -> Calibration {
        let mut calibration = Calibration::default();
        for &(quantity, scale, offset) in pairs {
            calibration.0.set(quantity, Some(Linear { scale, offset }));
        }
        calibration
    }

    fn measured(celsius: f64, percent: f64) -> Measurement {
        let mut measured = Measurement::default();
        measured.set(Quantity::Temperature, Ok(celsius));
        measured.set(Quantity::Humidity, Ok(percent));
        measured
    }

    #[test]
    fn a_temperature_offset_moves_the_humidity_as_physics_says() {
        let cooler = calibration(&[(Quantity::Temperature, 1.0, -1.0)]);
        let applied = cooler.apply(Part::Bme280, &measured(20.0, 50.0));
        assert_eq!(applied.get(Quantity::Temperature), Some(Ok(19.0)));
        let percent = applied.get(Quantity::Humidity).unwrap().unwrap();
        assert!((percent - 53.19).abs() < 0.02, "{percent}");

        let foggy = cooler.apply(Part::Bme280, &measured(20.0, 95.5));
        assert_eq!(foggy.get(Quantity::Humidity), Some(Ok(100.0)));
        let beyond = cooler.apply(Part::Bme280, &measured(20.0, 99.0));
        assert_eq!(beyond.get(Quantity::Humidity), Some(Err(Fault::Range)));
    }

    #[test]
    fn humidity_of_an_unknown_temperature_cannot_be_corrected() {
        let mut hot = measured(0.0, 50.0);
        hot.set(Quantity::Temperature, Err(Fault::Range));
        let cooler = calibration(&[(Quantity::Temperature, 1.0, -1.0)]);
        assert_eq!(cooler.apply(Part::Sht4x, &hot).get(Quantity::Humidity), Some(Err(Fault::Range)));
        let own = calibration(&[(Quantity::Humidity, 1.5, 2.0)]);
        assert_eq!(own.apply(Part::Sht4x, &hot).get(Quantity::Humidity), Some(Ok(77.0)));
    }

    #[test]
    fn a_parts_own_calibration_goes_before_the_general_one() {
        let calibrations = Calibrations {
            general: calibration(&[(Quantity::Temperature, 1.0, 1.0), (Quantity::Pressure, 1.0, -2.0)]),
            own: vec![(Part::Bme280, 0x76, calibration(&[(Quantity::Temperature, 1.0, 5.0)]))],
        };
        let of = calibrations.of(Part::Bme280, 0x76).0;
        assert_eq!(of.get(Quantity::Temperature).map(|linear| linear.offset), Some(5.0));
        assert_eq!(of.get(Quantity::Pressure).map(|linear| linear.offset), Some(-2.0));
        assert_eq!(calibrations.of(Part::Bme280, 0x77), calibrations.general);
        assert_eq!(Calibration::default().apply(Part::Bme280, &measured(1.0, 2.0)), measured(1.0, 2.0));
    }
}
