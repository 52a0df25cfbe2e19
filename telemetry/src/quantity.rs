//! The four quantities a station measures, and why one may be missing.

use serde::{Deserialize, Serialize};

/// A measured quantity. Its wire key carries its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Quantity {
    /// Air temperature in °C (CF `air_temperature`).
    #[serde(rename = "temperature_c")]
    Temperature,
    /// Air pressure at the station's level in hPa (CF `surface_air_pressure`).
    #[serde(rename = "pressure_hpa")]
    Pressure,
    /// Relative humidity over water in % (CF `relative_humidity`).
    #[serde(rename = "humidity_pct")]
    Humidity,
    /// Illuminance in lx (no CF name).
    #[serde(rename = "illuminance_lx")]
    Illuminance,
}

impl Quantity {
    /// Every quantity, in the order in which payloads, tables and files list them.
    pub const ALL: [Self; 4] = [Self::Temperature, Self::Pressure, Self::Humidity, Self::Illuminance];

    /// The key in payloads, columns and routes, unit included.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Temperature => "temperature_c",
            Self::Pressure => "pressure_hpa",
            Self::Humidity => "humidity_pct",
            Self::Illuminance => "illuminance_lx",
        }
    }

    /// The quantity with this wire key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quantity| quantity.key() == key)
    }

    /// The unit as people write it.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Temperature => "°C",
            Self::Pressure => "hPa",
            Self::Humidity => "%",
            Self::Illuminance => "lx",
        }
    }

    /// The name in the Climate and Forecast standard name table, where it has one.
    pub const fn cf_standard_name(self) -> Option<&'static str> {
        match self {
            Self::Temperature => Some("air_temperature"),
            Self::Pressure => Some("surface_air_pressure"),
            Self::Humidity => Some("relative_humidity"),
            Self::Illuminance => None,
        }
    }

    /// How many steps of the wire's resolution make one unit: 100 for 0.01, 10 for 0.1.
    pub const fn steps_per_unit(self) -> u32 {
        match self {
            Self::Temperature | Self::Pressure | Self::Humidity => 100,
            Self::Illuminance => 10,
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// Why a quantity is missing from a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The bus did not carry the transaction (no acknowledgement, arbitration lost, time-out).
    Bus,
    /// The part answered with a wrong checksum.
    Crc,
    /// The part gave a value that it cannot have measured.
    Range,
    /// The part repeats one answer, or skipped the measurement.
    Frozen,
    /// The part does not answer at its address, or another part does.
    Absent,
}

impl Fault {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bus => "bus",
            Self::Crc => "crc",
            Self::Range => "range",
            Self::Frozen => "frozen",
            Self::Absent => "absent",
        }
    }
}

/// One slot for each quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByQuantity<T>(pub [Option<T>; 4]);

impl<T> Default for ByQuantity<T> {
    fn default() -> Self {
        Self([None, None, None, None])
    }
}

impl<T: Copy> ByQuantity<T> {
    /// What stands for `quantity`, if anything does.
    pub fn get(&self, quantity: Quantity) -> Option<T> {
        self.0[quantity.index()]
    }

    /// Puts `value` for `quantity`; `None` clears it.
    pub fn set(&mut self, quantity: Quantity, value: Option<T>) {
        self.0[quantity.index()] = value;
    }

    /// The quantities that have something, with it.
    pub fn iter(&self) -> impl Iterator<Item = (Quantity, T)> + '_ {
        Quantity::ALL.into_iter().filter_map(|quantity| Some((quantity, self.get(quantity)?)))
    }

    /// Whether no quantity has anything.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}
