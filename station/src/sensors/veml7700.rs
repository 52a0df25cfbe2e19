//! VEML7700: illuminance, by the `veml6030` crate (1.0.0; the two parts differ in their package).
//!
//! The crate writes settings and converts counts; when a count is worth converting is decided here. The result
//! register has no data-ready bit and keeps the last result, so each measurement begins with the part shut down,
//! is waited for twice the integration time, and a repeated count is put to the proof: integrated for twice as
//! long it must become another. The part has a chip id and its settings can be read back; both are, each time.
//!
//! The crate's polynomial for bright light (Vishay's application note) runs away beyond the part's range: what it
//! gives above 120,000 lx is a fault. Its resolution is that of the application note; calibrate by `scale` where
//! a better reference is at hand.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, Quantity};
use veml6030::{Error, Gain, IntegrationTime, SlaveAddr, Veml6030};

use super::{Measurement, fault_of};

/// Where the part always stands.
pub(super) const ADDRESS: u8 = 0x10;

const REGISTER_CONFIGURATION: u8 = 0x00;
const REGISTER_ID: u8 = 0x07;
/// The low byte of the id; the high one is the address option.
const ID: u8 = 0x81;

const HIGHEST_LX: f64 = 120_000.0;
/// The gain of 1 is linear to here.
const DIM_LX: f64 = 1_000.0;
/// And the gain of ⅛ is left below this.
const FADED_LX: f64 = 800.0;
/// From shut-down to the first integration: 2.5 ms (datasheet), and some more.
const START_US: u32 = 4_000;

/// Gain and integration time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// Gain 1, 100 ms: steps of 0.06 lx.
    Dim,
    /// Gain ⅛, 25 ms: steps of 1.8 lx.
    Bright,
}

impl Range {
    const fn gain(self) -> Gain {
        match self {
            Self::Dim => Gain::One,
            Self::Bright => Gain::OneEighth,
        }
    }

    const fn time(self, twice: bool) -> IntegrationTime {
        match (self, twice) {
            (Self::Dim, false) => IntegrationTime::Ms100,
            (Self::Dim, true) => IntegrationTime::Ms200,
            (Self::Bright, false) => IntegrationTime::Ms25,
            (Self::Bright, true) => IntegrationTime::Ms50,
        }
    }

    /// What the settings register then holds.
    const fn bits(self, twice: bool) -> u16 {
        let gain = match self {
            Self::Dim => 0,
            Self::Bright => 0b10 << 11,
        };
        let time = match (self, twice) {
            (Self::Dim, false) => 0b0000,
            (Self::Dim, true) => 0b0001,
            (Self::Bright, false) => 0b1100,
            (Self::Bright, true) => 0b1000,
        };
        gain | (time << 6)
    }
}

/// A VEML7700 on a bus.
pub struct Veml7700<B> {
    bus: B,
    chip: Veml6030<B>,
    range: Range,
    last: Option<(Range, u16)>,
}

impl<B: I2c + Clone> Veml7700<B> {
    /// A part at its address; nothing is sent until it is measured.
    pub fn new(bus: B) -> Self {
        let chip = Veml6030::new(bus.clone(), SlaveAddr::default());
        // Bright first: the dim range says little of full sun.
        Self { bus, chip, range: Range::Bright, last: None }
    }

    /// Measures now, or says why not.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        let mut measurement = Measurement::default();
        measurement.set(Quantity::Illuminance, self.attempt(delay));
        measurement
    }

    fn attempt<D: DelayNs>(&mut self, delay: &mut D) -> Result<f64, Fault> {
        prove(&mut self.bus)?;
        let mut raw = self.convert(self.range, false, delay)?;
        if self.range == Range::Dim && lux(self.range, raw).is_none_or(|lx| lx > DIM_LX) {
            self.range = Range::Bright;
            raw = self.convert(self.range, false, delay)?;
        }
        let repeated = self.last == Some((self.range, raw));
        if repeated && raw > 1 && self.convert(self.range, true, delay)? == raw {
            return Err(Fault::Frozen);
        }
        self.last = Some((self.range, raw));
        let lx = lux(self.range, raw).ok_or(Fault::Range)?;
        if self.range == Range::Bright && lx < FADED_LX {
            self.range = Range::Dim;
        }
        Ok(lx)
    }

    /// One integration: shut down, set, begun, waited for, read.
    fn convert<D: DelayNs>(&mut self, range: Range, twice: bool, delay: &mut D) -> Result<u16, Fault> {
        let time = range.time(twice);
        let Self { chip, bus, .. } = self;
        let mut begin = || {
            chip.disable()?;
            chip.disable_power_saving()?;
            chip.set_gain(range.gain())?;
            chip.set_integration_time(time)?;
            chip.enable()
        };
        begin().map_err(|error| fault_in(&error))?;
        delay.delay_us(START_US + 2 * time.as_us());
        if read(bus, REGISTER_CONFIGURATION)? != range.bits(twice) {
            // It restarted meanwhile, or does not take what it is told.
            return Err(Fault::Bus);
        }
        chip.read_raw().map_err(|error| fault_in(&error))
    }
}

/// Whether a VEML7700 is there, by its id.
pub(super) fn prove<B: I2c>(bus: &mut B) -> Result<(), Fault> {
    match read(bus, REGISTER_ID)?.to_le_bytes() {
        [ID, _] => Ok(()),
        [0, 0] | [0xFF, 0xFF] => Err(Fault::Bus),
        _ => Err(Fault::Absent),
    }
}

/// Registers have two bytes, the low one first.
fn read<B: I2c>(bus: &mut B, register: u8) -> Result<u16, Fault> {
    let mut bytes = [0; 2];
    bus.write_read(ADDRESS, &[register], &mut bytes).map_err(|error| fault_of(&error))?;
    Ok(u16::from_le_bytes(bytes))
}

/// Counts to lx; `None` when the counter or the part's range is full.
pub(super) fn lux(range: Range, raw: u16) -> Option<f64> {
    let lx = f64::from(veml6030::convert_raw_als_to_lux(range.time(false), range.gain(), raw));
    (raw != u16::MAX && lx <= HIGHEST_LX).then_some(lx)
}

fn fault_in<E: embedded_hal::i2c::Error>(error: &Error<E>) -> Fault {
    let Error::I2C(error) = error;
    fault_of(error)
}
