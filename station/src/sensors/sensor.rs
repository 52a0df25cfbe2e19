//! A part at its place on the bus, whatever its kind.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use super::{Bh1750, Bme280, Bmp180, Bmp390, Htu21d, Measurement, Part, Sht4x, Variant, Veml7700};

/// A part at its place on the bus.
pub enum Sensor<B> {
    /// A BME280, or a BMP280.
    Bme280(Bme280<B>),
    /// A BMP180.
    Bmp180(Bmp180<B>),
    /// A BMP390.
    Bmp390(Bmp390<B>),
    /// An HTU21D.
    Htu21d(Htu21d<B>),
    /// An SHT40, SHT41 or SHT45.
    Sht4x(Sht4x<B>),
    /// A BH1750.
    Bh1750(Bh1750<B>),
    /// A VEML7700.
    Veml7700(Veml7700<B>),
}

impl<B: I2c + Clone> Sensor<B> {
    /// The driver for this part; nothing is sent until it is measured.
    pub fn new(part: Part, bus: B, address: u8) -> Self {
        match part {
            Part::Bme280 => Self::Bme280(Bme280::new(bus, address, Variant::Bme280)),
            Part::Bmp280 => Self::Bme280(Bme280::new(bus, address, Variant::Bmp280)),
            Part::Bmp180 => Self::Bmp180(Bmp180::new(bus, address)),
            Part::Bmp390 => Self::Bmp390(Bmp390::new(bus, address)),
            Part::Htu21d => Self::Htu21d(Htu21d::new(bus, address)),
            Part::Sht4x => Self::Sht4x(Sht4x::new(bus, address)),
            Part::Bh1750 => Self::Bh1750(Bh1750::new(bus, address)),
            Part::Veml7700 => Self::Veml7700(Veml7700::new(bus)),
        }
    }

    /// What kind it is.
    pub fn part(&self) -> Part {
        match self {
            Self::Bme280(sensor) => sensor.part(),
            Self::Bmp180(_) => Part::Bmp180,
            Self::Bmp390(_) => Part::Bmp390,
            Self::Htu21d(_) => Part::Htu21d,
            Self::Sht4x(_) => Part::Sht4x,
            Self::Bh1750(_) => Part::Bh1750,
            Self::Veml7700(_) => Part::Veml7700,
        }
    }

    /// Measures now. Blocks for the conversion time.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        match self {
            Self::Bme280(sensor) => sensor.measure(delay),
            Self::Bmp180(sensor) => sensor.measure(delay),
            Self::Bmp390(sensor) => sensor.measure(delay),
            Self::Htu21d(sensor) => sensor.measure(delay),
            Self::Sht4x(sensor) => sensor.measure(delay),
            Self::Bh1750(sensor) => sensor.measure(delay),
            Self::Veml7700(sensor) => sensor.measure(delay),
        }
    }
}
