//! Sensor chips at register level, in weather from a file, on a bus and a clock in this process.
//!
//! The real drivers run against these chips and cannot tell the difference. A chip knows nothing of how its
//! bytes travel: it takes writes, reads, the time and the air around it, so that the same models can stand
//! behind this process's bus, a test's, or a guest machine's.

mod bh1750;
mod bme280;
mod bus;
mod clock;
mod series;
#[cfg(test)]
mod tests;
mod weather;

pub use self::bh1750::Bh1750Chip;
pub use self::bme280::Bme280Chip;
pub use self::bus::EmulatedBus;
pub use self::clock::Clock;
pub use self::series::{Series, SeriesError};
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

/// A chip of a kind that can be emulated. Times are microseconds of any clock that does not go back.
pub enum Chip {
    /// Temperature, pressure, humidity.
    Bme280(Box<Bme280Chip>),
    /// Illuminance.
    Bh1750(Bh1750Chip),
}

impl Chip {
    /// What the chip's conversions feel from now on.
    pub fn expose(&mut self, air: Air) {
        match self {
            Self::Bme280(chip) => chip.expose(air),
            Self::Bh1750(chip) => chip.expose(air),
        }
    }

    /// The bytes of one write after the address.
    pub fn write(&mut self, bytes: &[u8], now_us: u64) {
        match self {
            Self::Bme280(chip) => chip.write(bytes, now_us),
            Self::Bh1750(chip) => chip.write(bytes, now_us),
        }
    }

    /// The bytes of one read after the address.
    pub fn read(&mut self, buffer: &mut [u8], now_us: u64) {
        match self {
            Self::Bme280(chip) => chip.read(buffer, now_us),
            Self::Bh1750(chip) => chip.read(buffer, now_us),
        }
    }
}
