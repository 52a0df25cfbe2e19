//! The parts that measure, one file a part.
//!
//! A wrong reading is worse than none: what comes out of here is, for each quantity of a part, either a
//! value that the part measured just now or a named fault. Stale, clamped and defaulted values are faults.
//!
//! # Layout
//!
//! [`Sensors`] keeps a slot for each address and merges what they measure. A slot identifies what stands
//! there ([`identify`]), measures it through its driver (`bme280`, `bmp180`, …, by way of [`Sensor`]), applies
//! the [`Calibration`] and is cross-checked against the others. What is known of each part is in [`Part`].

mod back_off;
mod bh1750;
mod bme280;
mod bme280_humidity;
mod bmp180;
mod bmp390;
mod calibration;
mod cross_check;
mod detect;
mod freshness;
mod htu21d;
mod humidity;
mod identify;
mod measurement;
mod part;
mod sensor;
mod sht4x;
mod slot;
#[cfg(test)]
mod tests;
mod veml7700;

pub use self::bh1750::Bh1750;
pub use self::bme280::{Bme280, Variant};
pub use self::bmp180::Bmp180;
pub use self::bmp390::Bmp390;
pub use self::calibration::{Calibration, Calibrations, Linear};
pub use self::cross_check::Disagreement;
pub use self::detect::{PartReading, SensorStatus, Sensors, Settings};
pub use self::htu21d::Htu21d;
pub use self::humidity::{at_other_temperature, saturation_hpa};
pub use self::identify::{Answer, identify, scan};
pub use self::measurement::Measurement;
pub use self::part::{Part, Preference, candidates_at};
pub use self::sensor::Sensor;
pub use self::sht4x::Sht4x;
pub use self::veml7700::Veml7700;

use embedded_hal::i2c::{ErrorKind, I2c, NoAcknowledgeSource};
use minuano_telemetry::Fault;

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

/// What a wrong chip id says. Nothing but zeros or ones is no chip's answer: a wire is held, or floats.
fn fault_of_id(id: u8) -> Fault {
    match id {
        0x00 | 0xFF => Fault::Bus,
        _ => Fault::Absent,
    }
}

/// The value when it lies inside the part's range. The ends are outside: a value at an end was clamped there.
fn inside(value: f64, low: f64, high: f64) -> Result<f64, Fault> {
    if value > low && value < high { Ok(value) } else { Err(Fault::Range) }
}

/// One register of a part whose registers have one byte.
fn register<B: I2c>(bus: &mut B, address: u8, register: u8) -> Result<u8, Fault> {
    let mut value = [0];
    bus.write_read(address, &[register], &mut value).map_err(|error| fault_of(&error))?;
    Ok(u8::from_be_bytes(value))
}
