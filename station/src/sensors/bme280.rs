//! BME280: temperature, pressure, humidity. The `bme280` crate compensates; this guard decides what to believe.
//!
//! The crate alone returns plausible numbers for things that were never measured: 26.46 °C, 820 hPa, 64 % for
//! a skipped measurement, the nearest end of the range for anything beyond it, the last measurement when it
//! did not wait long enough, and 0 % humidity for a BMP280. Each of these is a fault here.
//!
//! Fog: the chip's compensated humidity runs past 100 % when it is wet, and the crate clamps it, so a 100.0
//! stands for anything from a true 97 % to a short circuit by dew. The quantity is reported as out of range
//! until the sensor dries below 100 %; temperature and pressure are unaffected.

use ::bme280::i2c::BME280;
use ::bme280::{Configuration, Error, IIRFilter, Oversampling};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, Quantity};

use super::{Measurement, fault_of, inside};

pub(super) const QUANTITIES: [Quantity; 3] = [Quantity::Temperature, Quantity::Pressure, Quantity::Humidity];

/// What a BME280 says of itself.
pub(super) const CHIP_ID: u8 = 0x60;

const REGISTER_ID: u8 = 0xD0;
const REGISTER_CTRL_HUM: u8 = 0xF2;

// Oversampling ×1 for humidity; ×2 (010) for temperature, ×16 (101) for pressure, asleep (00). No filter, which
// would make a reading partly one of the past.
const CTRL_HUM: u8 = 0b001;
const CTRL_MEAS: u8 = 0b0101_0100;
const CTRL_HUM_MASK: u8 = 0b111;
const FILTER_MASK: u8 = 0b0001_1100;
const STATUS_MEASURING: u8 = 0b1000;

/// Datasheet appendix B, worst case for the oversampling above: 1.25 + 2.3·2 + (2.3·16 + 0.575) + (2.3·1 + 0.575) ms.
const CONVERSION_NS: u32 = 46_100_000;
/// A tenth more, for a chip whose oscillator is slower than its datasheet.
const WAIT_NS: u32 = CONVERSION_NS / 10 * 11;

/// The data registers of a measurement that was skipped: pressure, temperature, humidity.
const SKIPPED: [u8; 8] = [0x80, 0, 0, 0x80, 0, 0, 0x80, 0];

/// A BME280 on a bus.
pub struct Bme280<B> {
    bus: B,
    chip: BME280<B>,
    address: u8,
    ready: bool,
}

impl<B: I2c + Clone> Bme280<B> {
    /// A part at this address; nothing is sent until it is measured.
    pub fn new(bus: B, address: u8) -> Self {
        Self { chip: BME280::new(bus.clone(), address), bus, address, ready: false }
    }

    /// Its 7-bit address.
    pub fn address(&self) -> u8 {
        self.address
    }

    /// Measures now, or says why not.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        let measurement = match self.attempt(&mut Padded(delay)) {
            Ok(measurement) => measurement,
            Err(fault) => Measurement::failed(&QUANTITIES, fault),
        };
        // Calibration that was misread falsifies every later value, so any fault is a reason to read it again.
        self.ready = measurement.first_fault().is_none();
        measurement
    }

    fn attempt<D: DelayNs>(&mut self, delay: &mut D) -> Result<Measurement, Fault> {
        if !self.ready || !self.control()?.as_configured() {
            self.initialise(delay)?;
        }
        let measured = self.chip.measure(delay).map_err(|error| fault_in(&error))?;

        // The data registers stay until the next measurement, so this is what the crate has compensated.
        let after = self.control()?;
        if !after.as_configured() || after.measuring() || after.data == SKIPPED {
            return Err(Fault::Frozen);
        }
        let mut measurement = Measurement::default();
        measurement.set(Quantity::Temperature, inside(measured.temperature.into(), -40.0, 85.0));
        let pressure_hpa = f64::from(measured.pressure) / 100.0;
        measurement.set(Quantity::Pressure, inside(pressure_hpa, 300.0, 1100.0));
        measurement.set(Quantity::Humidity, inside(measured.humidity.into(), 0.0, 100.0));
        Ok(measurement)
    }

    fn initialise<D: DelayNs>(&mut self, delay: &mut D) -> Result<(), Fault> {
        if identify(&mut self.bus, self.address)? != CHIP_ID {
            return Err(Fault::Absent);
        }
        let configuration = Configuration::default()
            .with_humidity_oversampling(Oversampling::Oversampling1X)
            .with_temperature_oversampling(Oversampling::Oversampling2X)
            .with_pressure_oversampling(Oversampling::Oversampling16X)
            .with_iir_filter(IIRFilter::Off);
        self.chip.init_with_config(delay, configuration).map_err(|error| fault_in(&error))
    }

    fn control(&mut self) -> Result<Control, Fault> {
        let mut bytes = [0; 13];
        self.bus
            .write_read(self.address, &[REGISTER_CTRL_HUM], &mut bytes)
            .map_err(|error| fault_of(&error))?;
        let [ctrl_hum, status, ctrl_meas, config, _, data @ ..] = bytes;
        Ok(Control { ctrl_hum, status, ctrl_meas, config, data })
    }
}

/// The registers 0xF2 to 0xFE, read as one.
struct Control {
    ctrl_hum: u8,
    status: u8,
    ctrl_meas: u8,
    config: u8,
    data: [u8; 8],
}

impl Control {
    /// Whether the chip is asleep with our settings: a brown-out or another program leaves it otherwise.
    fn as_configured(&self) -> bool {
        self.ctrl_hum & CTRL_HUM_MASK == CTRL_HUM
            && self.ctrl_meas == CTRL_MEAS
            && self.config & FILTER_MASK == 0
    }

    fn measuring(&self) -> bool {
        self.status & STATUS_MEASURING != 0
    }
}

/// The chip id at `address`, whatever part it is.
pub(super) fn identify<B: I2c>(bus: &mut B, address: u8) -> Result<u8, Fault> {
    let mut id = [0];
    bus.write_read(address, &[REGISTER_ID], &mut id).map_err(|error| fault_of(&error))?;
    Ok(u8::from_be_bytes(id))
}

/// The name of a part that stands where a BME280 could, by its chip id.
pub(super) fn describe_stranger(id: u8) -> &'static str {
    match id {
        0x55 => "a BMP180 or BMP085, which is not supported yet",
        0x56..=0x58 => "a BMP280: it has no humidity, and is not supported",
        0x61 => "a BME680 or BME688, which is not supported yet",
        0x50 => "a BMP388, which is not supported yet",
        0x00 | 0xFF => "nothing that identifies itself: check the wiring",
        _ => "a part that is not a BME280",
    }
}

fn fault_in<E: embedded_hal::i2c::Error>(error: &Error<E>) -> Fault {
    match error {
        Error::Bus(error) => fault_of(error),
        Error::UnsupportedChip => Fault::Absent,
        Error::CompensationFailed | Error::InvalidData => Fault::Range,
        Error::NoCalibrationData | Error::Delay => Fault::Bus,
    }
}

/// Lengthens the crate's waits: its 40 ms is less than the conversion may take, its 2 ms just the start-up time.
struct Padded<'a, D>(&'a mut D);

impl<D: DelayNs> DelayNs for Padded<'_, D> {
    fn delay_ns(&mut self, ns: u32) {
        let longer = if ns >= 40_000_000 { ns.max(WAIT_NS) } else { ns.saturating_mul(2) };
        self.0.delay_ns(longer);
    }
}
