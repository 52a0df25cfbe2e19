//! BMP390: temperature and pressure. The `bmp390` crate (0.4.3) sets up and compensates; this guard measures.
//!
//! The crate clamps nothing, but it reads whatever the data registers hold: in normal mode the last result again,
//! before the first one zeros, and it never looks whether there is a new one. So the chip is kept asleep, each
//! measurement is a forced one, and the crate reads only after both data-ready bits have said so. A chip that lost
//! its settings is initialised again, so that the crate never compensates with another chip's calibration.

use bmp390::sync::Bmp390 as Chip;
use bmp390::{
    Address, Config, Configuration, Error, IirFilter, Odr, OdrSel, Osr, Oversampling, PowerControl, PowerMode,
};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, Quantity};

use super::freshness::Freshness;
use super::{Measurement, Part, fault_of, fault_of_id, inside, register};

/// What a BMP390 says of itself, and where: a BME280 says the same at 0xD0.
pub(super) const CHIP_ID: u8 = 0x60;

pub(super) const REGISTER_ID: u8 = 0x00;
const REGISTER_STATUS: u8 = 0x03;
const REGISTER_DATA: u8 = 0x04;
const REGISTER_PWR_CTRL: u8 = 0x1B;

const BOTH_READY: u8 = 0b0110_0000;
/// Pressure and temperature on; asleep, or measuring once.
const ASLEEP: u8 = 0b0000_0011;
const FORCED: u8 = 0b0001_0011;
/// Pressure ×8, temperature ×1.
const OSR: u8 = 0b0000_0011;
const FILTER_MASK: u8 = 0b0000_1110;

/// Datasheet 3.9.2, typical: 0.234 + (0.392 + 8 · 2.02) + (0.163 + 2.02) ms = 18.97 ms. No maximum is stated; a
/// third more, and then as much again for a chip that is not ready.
const WAIT_US: u32 = 25_000;

/// A BMP390 on a bus.
pub struct Bmp390<B> {
    bus: B,
    address: u8,
    chip: Option<Chip<B>>,
    fresh: Freshness<[u8; 6]>,
}

impl<B: I2c + Clone> Bmp390<B> {
    /// A part at this address; nothing is sent until it is measured.
    pub fn new(bus: B, address: u8) -> Self {
        Self { bus, address, chip: None, fresh: Freshness::new() }
    }

    /// Measures now, or says why not.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        let measurement =
            self.attempt(delay).unwrap_or_else(|fault| Measurement::failed(Part::Bmp390.quantities(), fault));
        if measurement.first_fault().is_some() {
            // Calibration that was misread falsifies every later value.
            self.chip = None;
        }
        measurement
    }

    fn attempt<D: DelayNs>(&mut self, delay: &mut D) -> Result<Measurement, Fault> {
        let id = register(&mut self.bus, self.address, REGISTER_ID)?;
        if id != CHIP_ID {
            return Err(fault_of_id(id));
        }
        let kept = self.chip.take();
        let mut chip = match kept {
            Some(chip) if self.is_as_configured()? => chip,
            _ => self.initialise(delay)?,
        };
        let Self { bus, address, fresh, .. } = self;
        let (celsius, pascal) = fresh.insist(|| {
            force(bus, *address, delay)?;
            let mut words = [0; 6];
            read(bus, *address, REGISTER_DATA, &mut words)?;
            let (temperature, pressure) = chip.temperature_pressure().map_err(|error| fault_in(&error))?;
            // uom's base units: K and Pa.
            Ok((words, (f64::from(temperature.value) - 273.15, f64::from(pressure.value))))
        })?;
        self.chip = Some(chip);
        let mut measurement = Measurement::default();
        measurement.set(Quantity::Temperature, inside(celsius, -40.0, 85.0));
        measurement.set(Quantity::Pressure, inside(pascal / 100.0, 300.0, 1250.0));
        Ok(measurement)
    }

    fn initialise<D: DelayNs>(&mut self, delay: &mut D) -> Result<Chip<B>, Fault> {
        let configuration = Configuration {
            power_control: PowerControl {
                enable_pressure: true,
                enable_temperature: true,
                mode: PowerMode::Sleep,
            },
            oversampling: Osr { pressure: Oversampling::X8, temperature: Oversampling::X1 },
            output_data_rate: Odr { odr_sel: OdrSel::ODR_25 },
            iir_filter: Config { iir_filter: IirFilter::coef_0 },
        };
        let address = if self.address == 0x76 { Address::Down } else { Address::Up };
        Chip::try_new(self.bus.clone(), address, delay, &configuration).map_err(|error| fault_in(&error))
    }

    fn is_as_configured(&mut self) -> Result<bool, Fault> {
        let mut bytes = [0; 5];
        read(&mut self.bus, self.address, REGISTER_PWR_CTRL, &mut bytes)?;
        let [power, osr, _, _, config] = bytes;
        Ok(power == ASLEEP && osr == OSR && config & FILTER_MASK == 0)
    }
}

/// One conversion, waited for.
fn force<B: I2c, D: DelayNs>(bus: &mut B, address: u8, delay: &mut D) -> Result<(), Fault> {
    bus.write(address, &[REGISTER_PWR_CTRL, FORCED]).map_err(|error| fault_of(&error))?;
    for _ in 0..2 {
        delay.delay_us(WAIT_US);
        let ready = register(bus, address, REGISTER_STATUS)? & BOTH_READY == BOTH_READY;
        if ready && register(bus, address, REGISTER_PWR_CTRL)? == ASLEEP {
            return Ok(());
        }
    }
    Err(Fault::Frozen)
}

fn read<B: I2c>(bus: &mut B, address: u8, register: u8, into: &mut [u8]) -> Result<(), Fault> {
    bus.write_read(address, &[register], into).map_err(|error| fault_of(&error))
}

fn fault_in<E: embedded_hal::i2c::Error>(error: &Error<E>) -> Fault {
    match error {
        Error::I2c(error) => fault_of(error),
        Error::WrongChip(id) => fault_of_id(*id),
        Error::Fatal | Error::Command | Error::Configuration => Fault::Bus,
    }
}
