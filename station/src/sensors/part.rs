//! What is known of each part: its name, what it measures, where it can stand, how exact its maker says it is.
//!
//! `docs/sensors.md` has the same as a table, with the sources.

use minuano_telemetry::{ByQuantity, Quantity};
use serde::Deserialize;

/// A kind of part that Minuano knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Temperature, humidity.
    Sht4x,
    /// Temperature, humidity.
    Htu21d,
    /// Temperature, pressure.
    Bmp390,
    /// Temperature, pressure, humidity.
    Bme280,
    /// A BME280 without humidity.
    Bmp280,
    /// Temperature, pressure.
    Bmp180,
    /// Illuminance.
    Veml7700,
    /// Illuminance.
    Bh1750,
}

impl Part {
    /// Every part, the most exact first: without a configured preference, this is whose value counts.
    ///
    /// By the makers' figures at room temperature; for illuminance Vishay states none, and the BH1750's is ±20 %.
    pub const ALL: [Self; 8] = [
        Self::Sht4x,
        Self::Htu21d,
        Self::Bmp390,
        Self::Bme280,
        Self::Bmp280,
        Self::Bmp180,
        Self::Veml7700,
        Self::Bh1750,
    ];

    /// The part's number in lower case, as it stands in configuration, `about` and `health`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sht4x => "sht4x",
            Self::Htu21d => "htu21d",
            Self::Bmp390 => "bmp390",
            Self::Bme280 => "bme280",
            Self::Bmp280 => "bmp280",
            Self::Bmp180 => "bmp180",
            Self::Veml7700 => "veml7700",
            Self::Bh1750 => "bh1750",
        }
    }

    /// What it measures.
    pub const fn quantities(self) -> &'static [Quantity] {
        use Quantity::{Humidity, Illuminance, Pressure, Temperature};
        match self {
            Self::Sht4x | Self::Htu21d => &[Temperature, Humidity],
            Self::Bme280 => &[Temperature, Pressure, Humidity],
            Self::Bmp390 | Self::Bmp280 | Self::Bmp180 => &[Temperature, Pressure],
            Self::Veml7700 | Self::Bh1750 => &[Illuminance],
        }
    }

    /// The 7-bit addresses where it can stand, the usual one first.
    pub const fn addresses(self) -> &'static [u8] {
        match self {
            Self::Sht4x => &[0x44, 0x45],
            Self::Htu21d => &[0x40],
            Self::Bme280 | Self::Bmp280 => &[0x76, 0x77],
            Self::Bmp390 => &[0x77, 0x76],
            Self::Bmp180 => &[0x77],
            Self::Veml7700 => &[0x10],
            Self::Bh1750 => &[0x23, 0x5C],
        }
    }

    /// By how much a value may be off, as the maker states it, in the quantity's unit. Where the maker states
    /// several figures, the widest that holds between −20 and 65 °C.
    pub fn accuracy(self, quantity: Quantity, value: f64) -> f64 {
        match (quantity, self) {
            (Quantity::Temperature, Self::Sht4x) => 0.2,
            (Quantity::Temperature, Self::Htu21d) => 0.4,
            (Quantity::Temperature, Self::Bmp390) => 1.5,
            (Quantity::Temperature, Self::Bme280 | Self::Bmp280) => 1.25,
            (Quantity::Temperature, _) => 2.0,
            (Quantity::Pressure, Self::Bmp390) => 0.5,
            (Quantity::Pressure, Self::Bme280 | Self::Bmp280) => 1.7,
            (Quantity::Pressure, _) => 4.0,
            (Quantity::Humidity, Self::Sht4x) => 1.8,
            (Quantity::Humidity, _) => 3.0,
            // Of the value, and the step of a dim measurement.
            (Quantity::Illuminance, Self::Veml7700) => 0.15 * value.abs() + 2.0,
            (Quantity::Illuminance, _) => 0.2 * value.abs() + 2.0,
        }
    }
}

/// The parts that can stand at an address.
pub fn candidates_at(address: u8) -> impl Iterator<Item = Part> {
    Part::ALL.into_iter().filter(move |part| part.addresses().contains(&address))
}

/// Whose value counts where several parts measure one quantity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preference(ByQuantity<[Part; Part::ALL.len()]>);

impl Preference {
    /// Prefers these parts, in this order, for the quantity; the others follow, the most exact first.
    pub fn prefer(&mut self, quantity: Quantity, parts: &[Part]) {
        let rest = Part::ALL.into_iter().filter(|part| !parts.contains(part));
        let mut order = Part::ALL;
        for (slot, part) in order.iter_mut().zip(parts.iter().copied().chain(rest)) {
            *slot = part;
        }
        self.0.set(quantity, Some(order));
    }

    /// How far back a part stands for the quantity: 0 is the first.
    pub fn rank(&self, quantity: Quantity, part: Part) -> usize {
        let order = self.0.get(quantity).unwrap_or(Part::ALL);
        order.iter().position(|&other| other == part).unwrap_or(order.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_order_goes_by_the_stated_accuracy() {
        for quantity in [Quantity::Temperature, Quantity::Pressure, Quantity::Humidity] {
            let stated: Vec<f64> = Part::ALL
                .iter()
                .filter(|part| part.quantities().contains(&quantity))
                .map(|part| part.accuracy(quantity, 20.0))
                .collect();
            let in_doubt = quantity == Quantity::Temperature;
            // A barometer's own temperature: the BMP390 is better at 25 °C and stated wider over the range.
            assert!(in_doubt || stated.is_sorted(), "{quantity:?} {stated:?}");
        }
    }

    #[test]
    fn a_preference_goes_before_the_default_order() {
        let mut preference = Preference::default();
        assert_eq!(preference.rank(Quantity::Temperature, Part::Sht4x), 0);
        preference.prefer(Quantity::Temperature, &[Part::Bmp180, Part::Bme280]);
        let rank = |part| preference.rank(Quantity::Temperature, part);
        assert_eq!([Part::Bmp180, Part::Bme280, Part::Sht4x, Part::Bh1750].map(rank), [0, 1, 2, 7]);
        assert_eq!(preference.rank(Quantity::Humidity, Part::Sht4x), 0);
    }

    #[test]
    fn the_shared_addresses_are_known() {
        let at = |address| candidates_at(address).map(Part::name).collect::<Vec<_>>();
        assert_eq!(at(0x77), ["bmp390", "bme280", "bmp280", "bmp180"]);
        assert_eq!(at(0x76), ["bmp390", "bme280", "bmp280"]);
        assert_eq!(at(0x40), ["htu21d"]);
        assert!(at(0x50).is_empty());
    }
}
