//! BH1750: illuminance. Our own driver, since the published ones wait less than the datasheet's worst case and
//! so return the measurement before.
//!
//! At its usual sensitivity the part saturates at 54,612 lx, half a summer noon. A saturated measurement is
//! repeated at the lowest sensitivity (to 121,556 lx), which is kept until the light has clearly faded.
//!
//! The part has neither chip id nor checksum, and its result register holds the last measurement for ever. Light
//! may honestly repeat itself, so a repeated count is put to the proof: measured at another sensitivity it must
//! become another. A count of 0 or 1 need not: 0 is believed when the bus is able to say something else.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, Quantity};

use super::{Measurement, fault_of};

const POWER_ON: u8 = 0x01;
const ONE_TIME_HIGH_RESOLUTION: u8 = 0x20;
const SENSITIVITY_HIGH_BITS: u8 = 0b0100_0000;
const SENSITIVITY_LOW_BITS: u8 = 0b0110_0000;

/// Worst case of one high-resolution conversion at the usual sensitivity (datasheet: 120 ms typical).
const CONVERSION_NS: u32 = 180_000_000;
const SATURATED: u16 = u16::MAX;
/// Below this the usual sensitivity resolves better and is far from saturation.
const FADED_LX: f64 = 40_000.0;
/// From here on a proof halves the sensitivity; below it doubles it, where a single count makes a difference.
const BRIGHT: u16 = 1_000;
/// An address that I²C reserves: whoever acknowledges it is no part, but a data line that is held low.
const NOBODY: u8 = 0x78;

/// The measurement time register, by which the part's sensitivity is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sensitivity {
    Usual,
    Lowest,
    /// Twice the usual, for a proof.
    Double,
    /// Half the usual, for a proof.
    Half,
}

impl Sensitivity {
    const fn mtreg(self) -> u8 {
        match self {
            Self::Usual => 69,
            Self::Lowest => 31,
            Self::Double => 138,
            Self::Half => 35,
        }
    }

    fn conversion_ns(self) -> u32 {
        CONVERSION_NS / 69 * u32::from(self.mtreg()) + 1_000
    }
}

/// A BH1750 on a bus.
pub struct Bh1750<B> {
    bus: B,
    address: u8,
    sensitivity: Sensitivity,
    last: Option<(Sensitivity, u16)>,
}

impl<B: I2c> Bh1750<B> {
    /// A part at this address; nothing is sent until it is measured.
    pub fn new(bus: B, address: u8) -> Self {
        Self { bus, address, sensitivity: Sensitivity::Usual, last: None }
    }

    /// Measures now, or says why not.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        let mut measurement = Measurement::default();
        measurement.set(Quantity::Illuminance, self.attempt(delay));
        measurement
    }

    fn attempt<D: DelayNs>(&mut self, delay: &mut D) -> Result<f64, Fault> {
        let mut raw = self.convert_once(self.sensitivity, delay)?;
        if raw == SATURATED && self.sensitivity == Sensitivity::Usual {
            self.sensitivity = Sensitivity::Lowest;
            raw = self.convert_once(self.sensitivity, delay)?;
        }
        if self.last == Some((self.sensitivity, raw)) {
            self.prove(raw, delay)?;
        }
        self.last = Some((self.sensitivity, raw));
        let illuminance = convert(raw, self.sensitivity);
        if illuminance.is_ok_and(|lx| lx < FADED_LX) {
            self.sensitivity = Sensitivity::Usual;
        }
        illuminance
    }

    fn convert_once<D: DelayNs>(&mut self, sensitivity: Sensitivity, delay: &mut D) -> Result<u16, Fault> {
        let mtreg = sensitivity.mtreg();
        self.command(POWER_ON)?;
        // Each time, since the part forgets it in a brown-out and has no way to say so.
        self.command(SENSITIVITY_HIGH_BITS | (mtreg >> 5))?;
        self.command(SENSITIVITY_LOW_BITS | (mtreg & 0b1_1111))?;
        self.command(ONE_TIME_HIGH_RESOLUTION)?;
        delay.delay_ns(sensitivity.conversion_ns());
        let mut bytes = [0; 2];
        self.bus.read(self.address, &mut bytes).map_err(|error| fault_of(&error))?;
        let raw = u16::from_be_bytes(bytes);
        if raw == 0 && self.bus.read(NOBODY, &mut [0]).is_ok() {
            return Err(Fault::Bus);
        }
        Ok(raw)
    }

    /// Whether the part still measures: at another sensitivity its count must be another.
    fn prove<D: DelayNs>(&mut self, raw: u16, delay: &mut D) -> Result<(), Fault> {
        let other = match (self.sensitivity, raw) {
            // Darkness has no other count, and a rounded 1 may be one; saturation is a fault anyway.
            (_, 0 | 1 | SATURATED) => return Ok(()),
            (Sensitivity::Lowest, _) => Sensitivity::Half,
            (_, BRIGHT..) => Sensitivity::Half,
            _ => Sensitivity::Double,
        };
        if self.convert_once(other, delay)? == raw { Err(Fault::Frozen) } else { Ok(()) }
    }

    fn command(&mut self, opcode: u8) -> Result<(), Fault> {
        self.bus.write(self.address, &[opcode]).map_err(|error| fault_of(&error))
    }
}

/// Whether something answers at `address`. The part has no identity to ask for, so this is all there is; a read
/// disturbs neither a BH1750 that another program is using nor a part of another kind.
pub(super) fn answers<B: I2c>(bus: &mut B, address: u8) -> Result<(), Fault> {
    bus.read(address, &mut [0; 2]).map_err(|error| fault_of(&error))?;
    if bus.read(NOBODY, &mut [0]).is_ok() { Err(Fault::Bus) } else { Ok(()) }
}

/// Counts to lx: 1.2 counts a lx at the usual sensitivity.
pub(super) fn convert(raw: u16, sensitivity: Sensitivity) -> Result<f64, Fault> {
    if raw == SATURATED {
        return Err(Fault::Range);
    }
    Ok(f64::from(raw) / 1.2 * (69.0 / f64::from(sensitivity.mtreg())))
}
