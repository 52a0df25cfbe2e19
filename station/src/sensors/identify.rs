//! What stands at an address: by chip id where a part has one, by what only it can answer where it has none.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::Fault;

use super::bme280::{self, Variant};
use super::{Part, Sensor, bh1750, bmp180, bmp390, candidates_at, htu21d, register, sht4x, veml7700};

/// The addresses where a known part can stand; the slow light sensors last, so that the others measure one air.
const ADDRESSES: [u8; 8] = [0x40, 0x44, 0x45, 0x76, 0x77, 0x10, 0x23, 0x5C];

/// What one address answered.
pub enum Answer<B> {
    /// A part we know.
    Sensor(Sensor<B>),
    /// Something else, in words.
    Stranger(String),
    /// No acknowledgement.
    Nothing,
    /// The transaction failed otherwise.
    Trouble(Fault),
}

/// Asks each address where a known part can stand.
pub fn scan<B: I2c + Clone, D: DelayNs>(bus: &B, delay: &mut D) -> Vec<(u8, Answer<B>)> {
    addresses().map(|address| (address, identify(bus, address, None, delay))).collect()
}

/// The addresses where a known part can stand.
pub(super) fn addresses() -> impl Iterator<Item = u8> {
    ADDRESSES.into_iter()
}

/// Asks one address. A named part is the only one that is taken there; without a name, any that we know.
pub fn identify<B: I2c + Clone, D: DelayNs>(
    bus: &B,
    address: u8,
    named: Option<Part>,
    delay: &mut D,
) -> Answer<B> {
    match (find(bus, address, delay), named) {
        (Ok(Found::Part(part)), Some(named)) if part != named => Answer::Stranger(format!(
            "at {address:#04x} is a {part}, where the configuration names a {named}",
            part = part.name(),
            named = named.name()
        )),
        (Ok(Found::Part(part)), _) => Answer::Sensor(Sensor::new(part, bus.clone(), address)),
        (Ok(Found::Stranger(id)), _) => Answer::Stranger(format!(
            "chip id {id:#04x} at {address:#04x} is {what}",
            what = describe_stranger(id)
        )),
        (Err(Fault::Absent), _) => Answer::Nothing,
        (Err(fault), _) => Answer::Trouble(fault),
    }
}

enum Found {
    Part(Part),
    Stranger(u8),
}

fn find<B: I2c + Clone, D: DelayNs>(bus: &B, address: u8, delay: &mut D) -> Result<Found, Fault> {
    let mut bus = bus.clone();
    let part = match address {
        0x76 | 0x77 => return barometer(&mut bus, address),
        _ => candidates_at(address).next().ok_or(Fault::Absent)?,
    };
    match part {
        Part::Htu21d => htu21d::prove(&mut bus, address, delay)?,
        Part::Sht4x => sht4x::prove(&bus, address, delay)?,
        Part::Veml7700 => veml7700::prove(&mut bus)?,
        Part::Bh1750 => bh1750::answers(&mut bus, address)?,
        Part::Bme280 | Part::Bmp280 | Part::Bmp180 | Part::Bmp390 => return barometer(&mut bus, address),
    }
    Ok(Found::Part(part))
}

/// Bosch's barometers share addresses, and have their id in one of two registers. A BMP390's is what a BME280's is,
/// elsewhere: 0xD0 is asked first, where a BMP390 has no register.
fn barometer<B: I2c>(bus: &mut B, address: u8) -> Result<Found, Fault> {
    let id = register(bus, address, bme280::REGISTER_ID)?;
    if let Some(variant) = Variant::by_chip_id(id) {
        return Ok(Found::Part(variant.part()));
    }
    match (id, register(bus, address, bmp390::REGISTER_ID)?) {
        (bmp180::CHIP_ID, _) => Ok(Found::Part(Part::Bmp180)),
        (_, bmp390::CHIP_ID) => Ok(Found::Part(Part::Bmp390)),
        (_, 0x50) => Ok(Found::Stranger(0x50)),
        // Nothing but zeros, or ones, is a line that is held, or a part that is half powered.
        (0x00, 0x00) | (0xFF, 0xFF) => Err(Fault::Bus),
        (id, _) => Ok(Found::Stranger(id)),
    }
}

fn describe_stranger(id: u8) -> &'static str {
    match id {
        0x56 | 0x57 => "a sample of the BMP280, which is not supported",
        0x61 => "a BME680 or BME688, which is not supported yet",
        0x50 => "a BMP388, which is not supported yet",
        _ => "no part that Minuano knows",
    }
}
