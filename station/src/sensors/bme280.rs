//! BME280: temperature, pressure, humidity. The `bme280` crate compensates; this guard decides what to believe.
//!
//! The crate alone returns plausible numbers for things that were never measured: 26.46 °C, 820 hPa, 64 % for
//! a skipped measurement, the nearest end of the range for anything beyond it, the last measurement when it
//! did not wait long enough, and 0 % humidity for a BMP280. Each of these is a fault here.
//!
//! Fog: the chip's compensated humidity runs past 100 % when it is wet, and the crate clamps it. Where it did,
//! the raw words are compensated again without the clamp: up to the stated accuracy beyond saturation is
//! saturation, and anything further is dew on the element and out of range.
//!
//! A BMP280 is the same chip without humidity, told by its id.

use ::bme280::i2c::BME280;
use ::bme280::{Configuration, Error, IIRFilter, Oversampling};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, Quantity};

use super::bme280_humidity::Calibration;
use super::freshness::Freshness;
use super::{Measurement, Part, fault_of, fault_of_id, inside, register};

pub(super) const REGISTER_ID: u8 = 0xD0;
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

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// With humidity.
    Bme280,
    /// Without.
    Bmp280,
}

impl Variant {
    /// By what the chip says of itself. The BMP280's samples (0x56, 0x57) are not taken: the crate refuses them.
    pub(super) const fn by_chip_id(id: u8) -> Option<Self> {
        match id {
            0x60 => Some(Self::Bme280),
            0x58 => Some(Self::Bmp280),
            _ => None,
        }
    }

    pub(super) const fn part(self) -> Part {
        match self {
            Self::Bme280 => Part::Bme280,
            Self::Bmp280 => Part::Bmp280,
        }
    }
}

/// A BME280 or BMP280 on a bus.
pub struct Bme280<B> {
    bus: B,
    chip: BME280<B>,
    address: u8,
    variant: Variant,
    /// While the chip is as it was set up.
    ready: Option<Calibration>,
    fresh: Freshness<[u8; 8]>,
}

impl<B: I2c + Clone> Bme280<B> {
    /// A part at this address; nothing is sent until it is measured.
    pub fn new(bus: B, address: u8, variant: Variant) -> Self {
        let chip = BME280::new(bus.clone(), address);
        Self { chip, bus, address, variant, ready: None, fresh: Freshness::new() }
    }

    /// Which of the two it is.
    pub fn part(&self) -> Part {
        self.variant.part()
    }

    /// Measures now, or says why not.
    pub fn measure<D: DelayNs>(&mut self, delay: &mut D) -> Measurement {
        let measurement = self
            .attempt(&mut Padded(delay))
            .unwrap_or_else(|fault| Measurement::failed(self.part().quantities(), fault));
        if measurement.first_fault().is_some() {
            // Calibration that was misread falsifies every later value.
            self.ready = None;
        }
        measurement
    }

    fn attempt<D: DelayNs>(&mut self, delay: &mut D) -> Result<Measurement, Fault> {
        let id = register(&mut self.bus, self.address, REGISTER_ID)?;
        if Variant::by_chip_id(id) != Some(self.variant) {
            return Err(fault_of_id(id));
        }
        let kept = self.ready;
        let calibration = match kept {
            Some(calibration) if self.control()?.as_configured(self.variant) => calibration,
            _ => self.initialise(delay)?,
        };
        let mut fresh = self.fresh;
        let measured = fresh.insist(|| {
            let measured = self.chip.measure(delay).map_err(|error| fault_in(&error))?;
            // The data registers stay until the next measurement, so this is what the crate has compensated.
            let after = self.control()?;
            if !after.as_configured(self.variant) || after.measuring() || after.skipped(self.variant) {
                return Err(Fault::Frozen);
            }
            Ok((after.words(self.variant), (measured, after.data)))
        });
        self.fresh = fresh;
        let (measured, data) = measured?;
        self.ready = Some(calibration);

        let mut measurement = Measurement::default();
        measurement.set(Quantity::Temperature, inside(measured.temperature.into(), -40.0, 85.0));
        let pressure_hpa = f64::from(measured.pressure) / 100.0;
        measurement.set(Quantity::Pressure, inside(pressure_hpa, 300.0, 1100.0));
        if self.variant == Variant::Bme280 {
            let humidity = calibration.unclamped(measured.humidity.into(), data);
            measurement.set(Quantity::Humidity, humidity);
        }
        Ok(measurement)
    }

    fn initialise<D: DelayNs>(&mut self, delay: &mut D) -> Result<Calibration, Fault> {
        let configuration = Configuration::default()
            .with_humidity_oversampling(Oversampling::Oversampling1X)
            .with_temperature_oversampling(Oversampling::Oversampling2X)
            .with_pressure_oversampling(Oversampling::Oversampling16X)
            .with_iir_filter(IIRFilter::Off);
        self.chip.init_with_config(delay, configuration).map_err(|error| fault_in(&error))?;
        Calibration::read(&mut self.bus, self.address)
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
    fn as_configured(&self, variant: Variant) -> bool {
        // A BMP280 has no register there.
        let humidity = variant == Variant::Bmp280 || self.ctrl_hum & CTRL_HUM_MASK == CTRL_HUM;
        humidity && self.ctrl_meas == CTRL_MEAS && self.config & FILTER_MASK == 0
    }

    fn measuring(&self) -> bool {
        self.status & STATUS_MEASURING != 0
    }

    fn skipped(&self, variant: Variant) -> bool {
        self.words(variant) == Self { data: SKIPPED, ..*self }.words(variant)
    }

    /// The data registers that the chip has.
    fn words(&self, variant: Variant) -> [u8; 8] {
        let [p0, p1, p2, t0, t1, t2, h0, h1] = self.data;
        match variant {
            Variant::Bme280 => [p0, p1, p2, t0, t1, t2, h0, h1],
            Variant::Bmp280 => [p0, p1, p2, t0, t1, t2, 0, 0],
        }
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
