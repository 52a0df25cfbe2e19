//! The parts that measure, one file a part.
//!
//! A wrong reading is worse than none: what comes out of here is, for each quantity of a part, either a
//! value that the part measured just now or a named fault. Stale, clamped and defaulted values are faults.

mod bh1750;
mod bme280;
mod detect;
#[cfg(test)]
mod tests;

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{ErrorKind, I2c, NoAcknowledgeSource};
use minuano_telemetry::{ByQuantity, Fault, Quantity};

pub use self::bh1750::Bh1750;
pub use self::bme280::Bme280;
pub use self::detect::{Answer, PartReading, SensorStatus, Sensors, scan};

/// What one look at a part, or at all of them, gave: a value or a fault for each quantity it covers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measurement(ByQuantity<Result<f64, Fault>>);

impl Measurement {
    /// The same fault for each of `quantities`.
    pub fn failed(quantities: &[Quantity], fault: Fault) -> Self {
        let mut measurement = Self::default();
        for &quantity in quantities {
            measurement.set(quantity, Err(fault));
        }
        measurement
    }

    /// Puts what was found for `quantity`.
    pub fn set(&mut self, quantity: Quantity, found: Result<f64, Fault>) {
        self.0.set(quantity, Some(found));
    }

    /// What was found for `quantity`; `None` when the part does not measure it.
    pub fn get(&self, quantity: Quantity) -> Option<Result<f64, Fault>> {
        self.0.get(quantity)
    }

    /// The covered quantities with what was found.
    pub fn iter(&self) -> impl Iterator<Item = (Quantity, Result<f64, Fault>)> + '_ {
        self.0.iter()
    }

    /// The quantities that have a value.
    pub fn values(&self) -> ByQuantity<f64> {
        let mut values = ByQuantity::default();
        for (quantity, found) in self.iter() {
            values.set(quantity, found.ok());
        }
        values
    }

    /// The quantities that have a fault instead.
    pub fn faults(&self) -> ByQuantity<Fault> {
        let mut faults = ByQuantity::default();
        for (quantity, found) in self.iter() {
            faults.set(quantity, found.err());
        }
        faults
    }

    /// The first fault, in the order of the quantities.
    pub fn first_fault(&self) -> Option<Fault> {
        self.iter().find_map(|(_, found)| found.err())
    }

    /// Whether every covered quantity has this fault.
    pub fn all_failed_with(&self, fault: Fault) -> bool {
        self.iter().all(|(_, found)| found == Err(fault))
    }

    /// Takes from `other` what is still missing here: values over faults, what came first over what came later.
    pub fn supplement(&mut self, other: &Self) {
        for (quantity, found) in other.iter() {
            match self.get(quantity) {
                Some(Ok(_)) => {}
                Some(Err(_)) if found.is_err() => {}
                _ => self.set(quantity, found),
            }
        }
    }
}

/// A kind of part that Minuano knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Temperature, pressure, humidity.
    Bme280,
    /// Illuminance.
    Bh1750,
}

impl Part {
    /// Every part, in the order in which the bus is searched.
    pub const ALL: [Self; 2] = [Self::Bme280, Self::Bh1750];

    /// The part's number in lower case, as it stands in `about` and `health`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bme280 => "bme280",
            Self::Bh1750 => "bh1750",
        }
    }

    /// What it measures.
    pub const fn quantities(self) -> &'static [Quantity] {
        match self {
            Self::Bme280 => &bme280::QUANTITIES,
            Self::Bh1750 => &bh1750::QUANTITIES,
        }
    }

    /// The 7-bit addresses that its address pin chooses from.
    pub const fn addresses(self) -> &'static [u8] {
        match self {
            Self::Bme280 => &[0x76, 0x77],
            Self::Bh1750 => &[0x23, 0x5C],
        }
    }
}

/// A part at its place on the bus.
pub enum Sensor<B> {
    /// Temperature, pressure, humidity.
    Bme280(Bme280<B>),
    /// Illuminance.
    Bh1750(Bh1750<B>),
}

impl<B: I2c + Clone> Sensor<B> {
    /// What kind it is.
    pub fn part(&self) -> Part {
        match self {
            Self::Bme280(_) => Part::Bme280,
            Self::Bh1750(_) => Part::Bh1750,
        }
    }

    /// Its 7-bit address.
    pub fn address(&self) -> u8 {
        match self {
            Self::Bme280(sensor) => sensor.address(),
            Self::Bh1750(sensor) => sensor.address(),
        }
    }

    /// What it measures.
    pub fn quantities(&self) -> &'static [Quantity] {
        self.part().quantities()
    }

    /// Measures now. Blocks for the conversion time.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        match self {
            Self::Bme280(sensor) => sensor.measure(delay),
            Self::Bh1750(sensor) => sensor.measure(delay),
        }
    }
}

/// What a failed transaction says about a part.
fn fault_of<E: embedded_hal::i2c::Error>(error: &E) -> Fault {
    match error.kind() {
        // A part that refuses a byte in the middle is there: only an address nobody answers means absence.
        ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address | NoAcknowledgeSource::Unknown) => {
            Fault::Absent
        }
        _ => Fault::Bus,
    }
}

/// The value when it lies inside the part's range. The ends are outside: a value at an end was clamped there.
fn inside(value: f64, low: f64, high: f64) -> Result<f64, Fault> {
    if value > low && value < high { Ok(value) } else { Err(Fault::Range) }
}
