//! A BME280, or a BMP280, at register level, as slow as its datasheet allows, so that an impatient driver is found out.
//!
//! It turns the air around it into the raw counts that its calibration turns back into that air.

use super::bme280_formulas::{
    calibration_h, calibration_tp, raw_humidity, raw_pressure, raw_temperature, t_fine,
};
use super::chip::noise;
use super::{Ailment, Air, Chip};

const ID: u8 = 0x60;
const ID_WITHOUT_HUMIDITY: u8 = 0x58;
const WRONG_ID: u8 = 0x61;
const RESET: u8 = 0xB6;
/// Pressure, temperature and humidity after a reset, and for whatever a measurement skips.
const SKIPPED: u32 = 0x8_0000;
const SKIPPED_DATA: [u8; 8] = [0x80, 0, 0, 0x80, 0, 0, 0x80, 0];

/// Conversion noise at the usual oversampling, in raw counts: about 0.004 °C, 0.005 hPa, 0.01 %.
const NOISE: [f64; 3] = [12.0, 3.0, 1.5];

const MODE: u8 = 0b11;
const SLEEP: u8 = 0b00;
const NORMAL: u8 = 0b11;

#[derive(Clone, Copy, Debug)]
struct Conversion {
    begins_us: u64,
    ends_us: u64,
    data: [u8; 8],
}

/// The chip.
#[derive(Clone, Debug)]
pub struct Bme280Chip {
    air: Air,
    pointer: u8,
    ctrl_hum: u8,
    /// What the last write to ctrl_meas made of ctrl_hum; only this takes effect.
    ctrl_hum_latched: u8,
    ctrl_meas: u8,
    config: u8,
    data: [u8; 8],
    /// Raw temperature and pressure in the low-pass filter.
    filtered: Option<[f64; 2]>,
    conversion: Option<Conversion>,
    has_humidity: bool,
    /// The result before it fell ill.
    frozen: Option<[u8; 8]>,
    ailment: Option<Ailment>,
}

impl Default for Bme280Chip {
    fn default() -> Self {
        Self {
            air: Air::default(),
            pointer: 0,
            ctrl_hum: 0,
            ctrl_hum_latched: 0,
            ctrl_meas: 0,
            config: 0,
            data: SKIPPED_DATA,
            filtered: None,
            conversion: None,
            has_humidity: true,
            frozen: None,
            ailment: None,
        }
    }
}

impl Chip for Bme280Chip {
    fn expose(&mut self, air: Air) {
        self.air = air;
    }

    fn ail(&mut self, ailment: Option<Ailment>) {
        self.ailment = ailment;
    }

    fn power_cycle(&mut self) {
        let Self { air, has_humidity, frozen, ailment, .. } = *self;
        *self = Self { air, has_humidity, frozen, ailment, ..Self::default() };
    }

    /// Register and value in turn; a last register without a value is where the next read begins.
    fn write(&mut self, bytes: &[u8], now_us: u64) {
        self.settle(now_us);
        for pair in bytes.chunks(2) {
            match *pair {
                [register, value] => self.set(register, value, now_us),
                [register] => self.pointer = register,
                _ => {}
            }
        }
    }

    /// Registers from the pointer on.
    fn read(&mut self, buffer: &mut [u8], now_us: u64) -> bool {
        self.settle(now_us);
        for byte in buffer {
            *byte = self.register(self.pointer, now_us);
            self.pointer = self.pointer.wrapping_add(1);
        }
        true
    }
}

impl Bme280Chip {
    /// The same without humidity.
    pub fn bmp280() -> Self {
        Self { has_humidity: false, ..Self::default() }
    }

    fn register(&self, register: u8, now_us: u64) -> u8 {
        let of = |bytes: &[u8], first: u8| {
            bytes.get(usize::from(register.wrapping_sub(first))).copied().unwrap_or_default()
        };
        match register {
            0x88..=0xA1 => of(&calibration_tp(), 0x88),
            0xD0 if self.ailment == Some(Ailment::WrongId) => WRONG_ID,
            0xD0 if self.has_humidity => ID,
            0xD0 => ID_WITHOUT_HUMIDITY,
            0xE1..=0xE7 | 0xF2 if !self.has_humidity => 0,
            0xE1..=0xE7 => of(&calibration_h(), 0xE1),
            0xF2 => self.ctrl_hum,
            0xF3 => {
                let measuring = self.conversion.is_some_and(|conversion| conversion.begins_us <= now_us);
                u8::from(measuring) << 3
            }
            0xF4 => self.ctrl_meas,
            0xF5 => self.config,
            0xF7..=0xFE => of(&self.data, 0xF7),
            _ => 0,
        }
    }

    fn set(&mut self, register: u8, value: u8, now_us: u64) {
        self.pointer = register;
        match register {
            0xE0 if value == RESET => self.power_cycle(),
            0xF2 => self.ctrl_hum = value & 0b111,
            0xF4 => {
                self.ctrl_meas = value;
                self.ctrl_hum_latched = self.ctrl_hum;
                self.conversion = None;
                if value & MODE != SLEEP {
                    self.convert(now_us);
                }
            }
            0xF5 => self.config = value,
            _ => {}
        }
    }

    /// Takes over what is finished; in normal mode the next conversion then follows the stand-by time.
    fn settle(&mut self, now_us: u64) {
        let Some(conversion) = self.conversion.filter(|conversion| now_us >= conversion.ends_us) else {
            return;
        };
        match self.ailment {
            Some(Ailment::Skips) => self.data = SKIPPED_DATA,
            // A chip that never measured has nothing to repeat.
            Some(Ailment::Frozen) => self.data = self.frozen.unwrap_or(conversion.data),
            _ => {
                self.data = conversion.data;
                self.frozen = Some(conversion.data);
            }
        }
        if self.ctrl_meas & MODE == NORMAL {
            self.convert(now_us.saturating_add(self.stand_by_us()));
        } else {
            self.conversion = None;
            self.ctrl_meas &= !MODE;
        }
    }

    fn convert(&mut self, begins_us: u64) {
        let ends_us = begins_us.saturating_add(self.conversion_us());
        self.conversion = Some(Conversion { begins_us, ends_us, data: self.sense(begins_us) });
    }

    const fn osrs(&self) -> [u8; 3] {
        [self.ctrl_meas >> 5, (self.ctrl_meas >> 2) & 0b111, self.ctrl_hum_latched & 0b111]
    }

    /// Datasheet appendix B, worst case.
    fn conversion_us(&self) -> u64 {
        let [temperature, pressure, humidity] = self.osrs().map(samples);
        let part = |samples: u64| if samples == 0 { 0 } else { 2_300 * samples + 575 };
        1_250 + 2_300 * temperature + part(pressure) + part(humidity)
    }

    const fn stand_by_us(&self) -> u64 {
        match self.config >> 5 {
            0 => 500,
            1 => 62_500,
            2 => 125_000,
            3 => 250_000,
            4 => 500_000,
            5 => 1_000_000,
            6 => 10_000,
            _ => 20_000,
        }
    }

    /// The data registers for the air of this moment.
    fn sense(&mut self, at_us: u64) -> [u8; 8] {
        let [osrs_t, osrs_p, osrs_h] = self.osrs();
        let [noise_t, noise_p, noise_h] = noise(at_us, NOISE);
        let coefficient = match (self.config >> 2) & 0b111 {
            0 => 1.0,
            step => f64::from(1_u8 << step.min(4)),
        };
        let bits = |osrs: u8| if coefficient > 1.0 { 20 } else { 15 + u32::from(osrs.clamp(1, 5)) };

        let exact = raw_temperature(self.air.temperature_c) + noise_t;
        let filtered_t = filter(self.filtered.map(|[t, _]| t), exact, coefficient);
        let adc_t = counts(filtered_t, 20, bits(osrs_t));
        // What the reader will compensate with, so that pressure and humidity come out right for it.
        let fine = t_fine(f64::from(adc_t));

        let exact = raw_pressure(self.air.pressure_hpa * 100.0, fine) + noise_p;
        let filtered_p = filter(self.filtered.map(|[_, p]| p), exact, coefficient);
        let adc_p = counts(filtered_p, 20, bits(osrs_p));
        self.filtered = Some([filtered_t, filtered_p]);

        let adc_h = counts(raw_humidity(self.air.humidity_pct, fine) + noise_h, 16, 16);
        let [_, p0, p1, p2] = (if osrs_p == 0 { SKIPPED } else { adc_p } << 4).to_be_bytes();
        let [_, t0, t1, t2] = (if osrs_t == 0 { SKIPPED } else { adc_t } << 4).to_be_bytes();
        let [_, _, h0, h1] =
            (if osrs_h == 0 || !self.has_humidity { SKIPPED >> 4 } else { adc_h }).to_be_bytes();
        [p0, p1, p2, t0, t1, t2, h0, h1]
    }
}

const fn samples(osrs: u8) -> u64 {
    match osrs {
        0 => 0,
        1..=4 => 1 << (osrs - 1),
        _ => 16,
    }
}

fn filter(before: Option<f64>, now: f64, coefficient: f64) -> f64 {
    before.map_or(now, |before| (before * (coefficient - 1.0) + now) / coefficient)
}

/// Rounds to the resolution: `bits` of `width`, the rest zero; saturates at the ends.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped; NaN becomes 0")]
fn counts(exact: f64, width: u32, bits: u32) -> u32 {
    let step = f64::from(1_u32 << (width - bits));
    let highest = f64::from((1_u32 << width) - 1);
    ((exact / step).round() * step).clamp(0.0, highest) as u32 & !((1 << (width - bits)) - 1)
}
