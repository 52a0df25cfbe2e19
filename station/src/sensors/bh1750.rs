//! BH1750: illuminance. Our own driver, since the published ones wait less than the datasheet's worst case and
//! so return the measurement before.
//!
//! At its usual sensitivity the part saturates at 54,612 lx, half a summer noon. A saturated measurement is
//! repeated at the lowest sensitivity (to 121,556 lx), which is kept until the light has clearly faded.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, Quantity};

use super::{Measurement, fault_of};

pub(super) const QUANTITIES: [Quantity; 1] = [Quantity::Illuminance];

const POWER_ON: u8 = 0x01;
const ONE_TIME_HIGH_RESOLUTION: u8 = 0x20;
const SENSITIVITY_HIGH_BITS: u8 = 0b0100_0000;
const SENSITIVITY_LOW_BITS: u8 = 0b0110_0000;

/// Worst case of one high-resolution conversion at the usual sensitivity (datasheet: 120 ms typical).
const CONVERSION_NS: u32 = 180_000_000;
const SATURATED: u16 = u16::MAX;
/// Below this the usual sensitivity resolves better and is far from saturation.
const FADED_LX: f64 = 40_000.0;

/// The measurement time register, by which the part's sensitivity is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sensitivity {
    Usual,
    Lowest,
}

impl Sensitivity {
    const fn mtreg(self) -> u8 {
        match self {
            Self::Usual => 69,
            Self::Lowest => 31,
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
}

impl<B: I2c> Bh1750<B> {
    /// A part at this address; nothing is sent until it is measured.
    pub fn new(bus: B, address: u8) -> Self {
        Self { bus, address, sensitivity: Sensitivity::Usual }
    }

    /// Its 7-bit address.
    pub fn address(&self) -> u8 {
        self.address
    }

    /// Measures now, or says why not.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        let mut measurement = Measurement::default();
        measurement.set(Quantity::Illuminance, self.attempt(delay));
        measurement
    }

    fn attempt<D: DelayNs>(&mut self, delay: &mut D) -> Result<f64, Fault> {
        let mut raw = self.convert_once(delay)?;
        if raw == SATURATED && self.sensitivity == Sensitivity::Usual {
            self.sensitivity = Sensitivity::Lowest;
            raw = self.convert_once(delay)?;
        }
        let illuminance = convert(raw, self.sensitivity);
        if illuminance.is_ok_and(|lx| lx < FADED_LX) {
            self.sensitivity = Sensitivity::Usual;
        }
        illuminance
    }

    fn convert_once<D: DelayNs>(&mut self, delay: &mut D) -> Result<u16, Fault> {
        let mtreg = self.sensitivity.mtreg();
        self.command(POWER_ON)?;
        // Each time, since the part forgets it in a brown-out and has no way to say so.
        self.command(SENSITIVITY_HIGH_BITS | (mtreg >> 5))?;
        self.command(SENSITIVITY_LOW_BITS | (mtreg & 0b1_1111))?;
        self.command(ONE_TIME_HIGH_RESOLUTION)?;
        delay.delay_ns(self.sensitivity.conversion_ns());
        let mut bytes = [0; 2];
        self.bus.read(self.address, &mut bytes).map_err(|error| fault_of(&error))?;
        Ok(u16::from_be_bytes(bytes))
    }

    fn command(&mut self, opcode: u8) -> Result<(), Fault> {
        self.bus.write(self.address, &[opcode]).map_err(|error| fault_of(&error))
    }
}

/// Whether something answers at `address`. The part has no identity to ask for, so this is all there is; a read
/// disturbs neither a BH1750 that another program is using nor a part of another kind.
pub(super) fn answers<B: I2c>(bus: &mut B, address: u8) -> Result<(), Fault> {
    bus.read(address, &mut [0; 2]).map_err(|error| fault_of(&error))
}

/// Counts to lx: 1.2 counts a lx at the usual sensitivity.
pub(super) fn convert(raw: u16, sensitivity: Sensitivity) -> Result<f64, Fault> {
    if raw == SATURATED {
        return Err(Fault::Range);
    }
    Ok(f64::from(raw) / 1.2 * (69.0 / f64::from(sensitivity.mtreg())))
}
