//! Sensor chips at register level, in weather from a file, on a bus and a clock in this process.
//!
//! The real drivers run against these chips and cannot tell the difference. A chip knows nothing of how its
//! bytes travel: it takes writes, reads, the time and the air around it, so that the same models can stand
//! behind this process's bus, a test's, or a guest machine's.

mod bh1750;
mod bme280;
mod bme280_formulas;
mod bmp180;
mod bmp390;
mod bus;
mod chip;
mod clock;
mod htu21d;
mod series;
mod sht4x;
#[cfg(test)]
mod tests;
mod veml7700;
mod weather;

pub use self::bh1750::Bh1750Chip;
pub use self::bme280::Bme280Chip;
pub use self::bmp180::Bmp180Chip;
pub use self::bmp390::Bmp390Chip;
pub use self::bus::{EmulatedBus, Trouble};
pub use self::chip::{Ailment, Chip};
pub use self::clock::Clock;
pub use self::htu21d::Htu21dChip;
pub use self::series::{Series, SeriesError};
pub use self::sht4x::Sht4xChip;
pub use self::veml7700::Veml7700Chip;
pub use self::weather::Weather;

/// What surrounds a chip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Air {
    /// Temperature in °C.
    pub temperature_c: f64,
    /// Pressure at the station's level in hPa.
    pub pressure_hpa: f64,
    /// Relative humidity in %.
    pub humidity_pct: f64,
    /// Illuminance in lx.
    pub illuminance_lx: f64,
}

impl Default for Air {
    /// The standard atmosphere at sea level, half dry, in the dark.
    fn default() -> Self {
        Self { temperature_c: 15.0, pressure_hpa: 1013.25, humidity_pct: 50.0, illuminance_lx: 0.0 }
    }
}
