//! HTU21D: temperature and humidity. Our own driver, in no-hold mode: the Pi's controller cannot stretch its
//! clock, and of the published drivers one skips the checksum and one panics on it.
//!
//! While it converts, the part does not acknowledge a read, so that a result is always a new one. The SHT21 and
//! the Si7021 speak the same language at the same address and are read as HTU21D.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, Quantity};

use super::freshness::Freshness;
use super::humidity::credible;
use super::{Measurement, Part, fault_of, inside};

const CONVERT_TEMPERATURE: u8 = 0xF3;
const CONVERT_HUMIDITY: u8 = 0xF5;
const READ_USER_REGISTER: u8 = 0xE7;
const SOFT_RESET: u8 = 0xFE;

/// The datasheet's maxima at the resolution after a reset (14 and 12 bits): 50 and 16 ms, and a tenth more.
const TEMPERATURE_US: u32 = 55_000;
const HUMIDITY_US: u32 = 17_600;
const RESET_US: u32 = 15_000;

/// The two low bits of a result are no part of the value: bit 1 says which quantity it is.
const STATUS: u16 = 0b11;
const IS_HUMIDITY: u16 = 0b10;
/// Resolution (bits 7 and 0) and heater (bit 2) as after a reset: 14 and 12 bits, off.
const USER_MASK: u8 = 0b1000_0101;

/// An HTU21D on a bus.
pub struct Htu21d<B> {
    bus: B,
    address: u8,
    ready: bool,
    fresh: Freshness<(u16, u16)>,
}

impl<B: I2c> Htu21d<B> {
    /// A part at this address; nothing is sent until it is measured.
    pub fn new(bus: B, address: u8) -> Self {
        Self { bus, address, ready: false, fresh: Freshness::new() }
    }

    /// Measures now, or says why not.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        let found = self.attempt(delay);
        self.ready = found.is_ok();
        let (temperature, humidity) = match found {
            Ok(raw) => raw,
            Err(fault) => return Measurement::failed(Part::Htu21d.quantities(), fault),
        };
        let mut measurement = Measurement::default();
        measurement.set(Quantity::Temperature, inside(celsius(temperature), -40.0, 125.0));
        let accuracy = Part::Htu21d.accuracy(Quantity::Humidity, 100.0);
        measurement.set(Quantity::Humidity, credible(percent(humidity), accuracy));
        measurement
    }

    fn attempt<D: DelayNs>(&mut self, delay: &mut D) -> Result<(u16, u16), Fault> {
        let Self { bus, address, ready, fresh } = self;
        let address = *address;
        // The resolution decides how long a conversion takes and which bits count. A brown-out resets it to what
        // is wanted; another program may have changed it.
        if !*ready || user_register(bus, address)? & USER_MASK != 0 {
            reset(bus, address, delay)?;
        }
        fresh.insist(|| {
            let raw = (
                conversion(bus, address, CONVERT_TEMPERATURE, TEMPERATURE_US, delay)?,
                conversion(bus, address, CONVERT_HUMIDITY, HUMIDITY_US, delay)?,
            );
            Ok((raw, raw))
        })
    }
}

/// Whether an HTU21D is there. It has no chip id: that it takes a reset and then measures with the right checksum
/// is the proof. A part of another kind with registers takes these single bytes for register numbers.
pub(super) fn prove<B: I2c, D: DelayNs>(bus: &mut B, address: u8, delay: &mut D) -> Result<(), Fault> {
    reset(bus, address, delay)?;
    conversion(bus, address, CONVERT_TEMPERATURE, TEMPERATURE_US, delay).map(|_| ())
}

fn reset<B: I2c, D: DelayNs>(bus: &mut B, address: u8, delay: &mut D) -> Result<(), Fault> {
    bus.write(address, &[SOFT_RESET]).map_err(|error| fault_of(&error))?;
    delay.delay_us(RESET_US);
    match user_register(bus, address)? {
        0x00 | 0xFF => Err(Fault::Bus),
        user if user & USER_MASK != 0 => Err(Fault::Absent),
        _ => Ok(()),
    }
}

fn user_register<B: I2c>(bus: &mut B, address: u8) -> Result<u8, Fault> {
    let mut user = [0];
    bus.write_read(address, &[READ_USER_REGISTER], &mut user).map_err(|error| fault_of(&error))?;
    Ok(u8::from_be_bytes(user))
}

/// One conversion: the raw value without its status bits.
fn conversion<B: I2c, D: DelayNs>(
    bus: &mut B,
    address: u8,
    command: u8,
    wait_us: u32,
    delay: &mut D,
) -> Result<u16, Fault> {
    bus.write(address, &[command]).map_err(|error| fault_of(&error))?;
    delay.delay_us(wait_us);
    let mut bytes = [0; 3];
    if let Err(error) = bus.read(address, &mut bytes) {
        let fault = fault_of(&error);
        // Nobody acknowledges: the part is gone, or it is there and has nothing to give.
        let is_there = fault == Fault::Absent && user_register(bus, address).is_ok();
        return Err(if is_there { Fault::Frozen } else { fault });
    }
    let [high, low, checksum] = bytes;
    if bytes == [0; 3] {
        // The checksum of nothing is nothing: this is a wire that is held low.
        return Err(Fault::Bus);
    }
    if crc([high, low]) != checksum {
        return Err(Fault::Crc);
    }
    let raw = u16::from_be_bytes([high, low]);
    let expected = if command == CONVERT_HUMIDITY { IS_HUMIDITY } else { 0 };
    if raw & IS_HUMIDITY != expected {
        // The other quantity's result.
        return Err(Fault::Frozen);
    }
    Ok(raw & !STATUS)
}

/// x⁸ + x⁵ + x⁴ + 1, from 0.
pub(super) fn crc(bytes: [u8; 2]) -> u8 {
    bytes.into_iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { (crc << 1) ^ 0x31 })
    })
}

/// Raw value to °C.
pub(super) fn celsius(raw: u16) -> f64 {
    -46.85 + 175.72 * f64::from(raw) / 65536.0
}

/// Raw value to %, as the part gives it: from −6 to 119.
pub(super) fn percent(raw: u16) -> f64 {
    -6.0 + 125.0 * f64::from(raw) / 65536.0
}
