//! SHT40, SHT41 and SHT45: temperature and humidity, by the `sht4x` crate (0.2.0).
//!
//! The crate checks both checksums, waits for the datasheet's maximum (8.3 ms, rounded up) and clamps nothing,
//! so that this adapter is thin: it tells a part that is gone from one that does not convert, and bounds.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, Quantity};
use sht4x::{Address, Error, Precision};

use super::freshness::Freshness;
use super::humidity::credible;
use super::{Measurement, Part, fault_of, inside};

/// An SHT4x on a bus.
pub struct Sht4x<B> {
    bus: B,
    address: u8,
    fresh: Freshness<(u16, u16)>,
}

impl<B: I2c + Clone> Sht4x<B> {
    /// A part at this address; nothing is sent until it is measured.
    pub fn new(bus: B, address: u8) -> Self {
        Self { bus, address, fresh: Freshness::new() }
    }

    /// Measures now, or says why not.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        self.attempt(delay).unwrap_or_else(|fault| Measurement::failed(Part::Sht4x.quantities(), fault))
    }

    fn attempt<D: DelayNs>(&mut self, delay: &mut D) -> Result<Measurement, Fault> {
        // The driver holds no state of the part: making one costs nothing.
        let mut chip = driver::<B, D>(&self.bus, self.address);
        let measured = self.fresh.insist(|| match chip.measure_raw(Precision::High, delay) {
            Ok(raw) => Ok(((raw.temperature, raw.humidity), sht4x::Measurement::from(raw))),
            Err(error) => Err(match fault_in(error) {
                Fault::Absent if chip.serial_number(delay).is_ok() => Fault::Frozen,
                fault => fault,
            }),
        })?;
        let mut measurement = Measurement::default();
        let celsius = measured.temperature_celsius().to_num::<f64>();
        measurement.set(Quantity::Temperature, inside(celsius, -40.0, 125.0));
        let accuracy = Part::Sht4x.accuracy(Quantity::Humidity, 100.0);
        let percent = measured.humidity_percent().to_num::<f64>();
        measurement.set(Quantity::Humidity, credible(percent, accuracy));
        Ok(measurement)
    }
}

/// Whether an SHT4x is there: its serial number with the right checksums is the proof.
pub(super) fn prove<B: I2c + Clone, D: DelayNs>(bus: &B, address: u8, delay: &mut D) -> Result<(), Fault> {
    driver::<B, D>(bus, address).serial_number(delay).map(|_| ()).map_err(fault_in)
}

fn driver<B: I2c + Clone, D: DelayNs>(bus: &B, address: u8) -> sht4x::Sht4x<B, D> {
    let address = if address == 0x45 { Address::Address0x45 } else { Address::Address0x44 };
    sht4x::Sht4x::new_with_address(bus.clone(), address)
}

fn fault_in<E: embedded_hal::i2c::Error>(error: Error<E>) -> Fault {
    match error {
        Error::I2c(error) => fault_of(&error),
        Error::Crc => Fault::Crc,
        _ => Fault::Bus,
    }
}
