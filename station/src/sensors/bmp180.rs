//! BMP180: temperature and pressure. Our own driver: the published ones wait less than the datasheet's maximum
//! at one oversampling or another, or hold the raw temperature in 16 signed bits, which wrap near 51 °C.
//!
//! The chip has one result register for both conversions and no way to say whose result it holds, nor that it
//! lost its supply in between. So the chip id and the calibration are read again for each measurement (24
//! bytes, 3 ms), and a conversion that left the result of the one before is found out.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, Quantity};

use super::freshness::Freshness;
use super::{Measurement, Part, fault_of, fault_of_id, inside, register};

/// What a BMP180 says of itself; a BMP085 says the same and is the same.
pub(super) const CHIP_ID: u8 = 0x55;

const REGISTER_CALIBRATION: u8 = 0xAA;
const REGISTER_ID: u8 = 0xD0;
const REGISTER_CONTROL: u8 = 0xF4;
const REGISTER_RESULT: u8 = 0xF6;

const CONVERT_TEMPERATURE: u8 = 0x2E;
const CONVERT_PRESSURE: u8 = 0x34;
const CONVERTING: u8 = 0b10_0000;
/// The result register after a reset.
const SKIPPED: [u8; 2] = [0x80, 0x00];

/// How often the chip samples a pressure: 1, 2, 4 or 8 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Oversampling(u8);

impl Oversampling {
    /// Eight times: the least noise.
    pub(super) const MOST: Self = Self(3);
    #[cfg(test)]
    pub(super) const ALL: [Self; 4] = [Self(0), Self(1), Self(2), Self(3)];

    /// The datasheet's maximum, and a tenth more for a chip whose oscillator is slower than its datasheet.
    pub(super) const fn wait_us(self) -> u32 {
        let maximum_us = match self.0 {
            0 => 4_500,
            1 => 7_500,
            2 => 13_500,
            _ => 25_500,
        };
        maximum_us / 10 * 11
    }

    const fn command(self) -> u8 {
        CONVERT_PRESSURE | (self.0 << 6)
    }
}

/// A BMP180 on a bus.
pub struct Bmp180<B> {
    bus: B,
    address: u8,
    fresh: Freshness<(u16, u32)>,
}

impl<B: I2c> Bmp180<B> {
    /// A part at this address; nothing is sent until it is measured.
    pub fn new(bus: B, address: u8) -> Self {
        Self { bus, address, fresh: Freshness::new() }
    }

    /// Measures now, or says why not.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        self.attempt(delay).unwrap_or_else(|fault| Measurement::failed(Part::Bmp180.quantities(), fault))
    }

    fn attempt<D: DelayNs>(&mut self, delay: &mut D) -> Result<Measurement, Fault> {
        let calibration = self.calibration()?;
        let Self { bus, address, fresh } = self;
        let (ut, up) = fresh.insist(|| {
            let raw = convert(bus, *address, delay)?;
            Ok((raw, raw))
        })?;
        let (celsius, pascal) = calibration.compensate(ut, up, Oversampling::MOST)?;
        let mut measurement = Measurement::default();
        measurement.set(Quantity::Temperature, inside(celsius, -40.0, 85.0));
        measurement.set(Quantity::Pressure, inside(pascal / 100.0, 300.0, 1100.0));
        Ok(measurement)
    }

    fn calibration(&mut self) -> Result<Calibration, Fault> {
        let id = register(&mut self.bus, self.address, REGISTER_ID)?;
        if id != CHIP_ID {
            return Err(fault_of_id(id));
        }
        let mut bytes = [0; 22];
        read(&mut self.bus, self.address, REGISTER_CALIBRATION, &mut bytes)?;
        Calibration::parse(&bytes)
    }
}

fn convert<B: I2c, D: DelayNs>(bus: &mut B, address: u8, delay: &mut D) -> Result<(u16, u32), Fault> {
    let once = Oversampling(0);
    let mut before = [0; 2];
    read(bus, address, REGISTER_RESULT, &mut before)?;
    let temperature: [u8; 2] = conversion(bus, address, CONVERT_TEMPERATURE, once, delay)?;
    let pressure: [u8; 3] =
        conversion(bus, address, Oversampling::MOST.command(), Oversampling::MOST, delay)?;
    // One honest sample in 65,536 looks like a conversion that left the result of the one before.
    if temperature == SKIPPED || temperature == before || pressure.starts_with(&temperature) {
        return Err(Fault::Frozen);
    }
    let [high, middle, low] = pressure;
    let up = u32::from_be_bytes([0, high, middle, low]) >> (8 - Oversampling::MOST.0);
    Ok((u16::from_be_bytes(temperature), up))
}

fn conversion<const N: usize, B: I2c, D: DelayNs>(
    bus: &mut B,
    address: u8,
    command: u8,
    oversampling: Oversampling,
    delay: &mut D,
) -> Result<[u8; N], Fault> {
    bus.write(address, &[REGISTER_CONTROL, command]).map_err(|error| fault_of(&error))?;
    delay.delay_us(oversampling.wait_us());
    if register(bus, address, REGISTER_CONTROL)? & CONVERTING != 0 {
        return Err(Fault::Frozen);
    }
    let mut result = [0; N];
    read(bus, address, REGISTER_RESULT, &mut result)?;
    Ok(result)
}

fn read<B: I2c>(bus: &mut B, address: u8, register: u8, into: &mut [u8]) -> Result<(), Fault> {
    bus.write_read(address, &[register], into).map_err(|error| fault_of(&error))
}

/// The factory's numbers, in the datasheet's order and names. Wide, so that nothing below can overflow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Calibration {
    ac: [i64; 6],
    b1: i64,
    b2: i64,
    mc: i64,
    md: i64,
}

impl Calibration {
    /// From the registers. None of the words of a sound chip is 0 or 0xFFFF, says the datasheet.
    pub(super) fn parse(bytes: &[u8; 22]) -> Result<Self, Fault> {
        let (words, _) = bytes.as_chunks::<2>();
        if words.iter().any(|word| matches!(word, [0, 0] | [0xFF, 0xFF])) {
            return Err(Fault::Bus);
        }
        let signed = |index: usize| words.get(index).map_or(0, |word| i64::from(i16::from_be_bytes(*word)));
        let unsigned = |index: usize| words.get(index).map_or(0, |word| i64::from(u16::from_be_bytes(*word)));
        Ok(Self {
            ac: [signed(0), signed(1), signed(2), unsigned(3), unsigned(4), unsigned(5)],
            b1: signed(6),
            b2: signed(7),
            mc: signed(9),
            md: signed(10),
        })
    }

    /// Section 3.5 of the datasheet: °C and Pa.
    pub(super) fn compensate(
        &self,
        ut: u16,
        up: u32,
        oversampling: Oversampling,
    ) -> Result<(f64, f64), Fault> {
        let [ac1, ac2, ac3, ac4, ac5, ac6] = self.ac;
        let oss = u32::from(oversampling.0);

        let x1 = ((i64::from(ut) - ac6) * ac5) >> 15;
        let x2 = (self.mc << 11).checked_div(x1 + self.md).ok_or(Fault::Range)?;
        let b5 = x1 + x2;
        let decicelsius = (b5 + 8) >> 4;

        let b6 = b5 - 4000;
        let x1 = (self.b2 * ((b6 * b6) >> 12)) >> 11;
        let x2 = (ac2 * b6) >> 11;
        let b3 = (((ac1 * 4 + x1 + x2) << oss) + 2) / 4;
        let x1 = (ac3 * b6) >> 13;
        let x2 = (self.b1 * ((b6 * b6) >> 12)) >> 16;
        let b4 = (ac4 * (((x1 + x2 + 2) >> 2) + 32768)) >> 15;
        let b7 = (i64::from(up) - b3) * (50_000 >> oss);
        let p = (b7 * 2).checked_div(b4).ok_or(Fault::Range)?;
        let x1 = ((p >> 8) * (p >> 8)).saturating_mul(3038) >> 16;
        let x2 = p.saturating_mul(-7357) >> 16;
        let pascal = p.saturating_add(x1.saturating_add(x2).saturating_add(3791) >> 4);
        Ok((exact(decicelsius) / 10.0, exact(pascal)))
    }
}

/// Beyond 32 bits there is no temperature and no pressure, only something far outside the range.
fn exact(number: i64) -> f64 {
    i32::try_from(number).map_or(f64::INFINITY, f64::from)
}
