//! A BME280, or a BMP280, at register level, as slow as its datasheet allows, so that an impatient driver is found out.
//!
//! It turns the air around it into the raw counts that its calibration turns back into that air.

use super::chip::{noise, solve};
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

// The datasheet's example for temperature and pressure; for humidity, the values of an ordinary part.
const T1: u16 = 27504;
const T: [i16; 2] = [26435, -1000];
const P1: u16 = 36477;
const P: [i16; 8] = [-10685, 3024, 2855, 140, -7, 15500, -14600, 6000];
const H1: u8 = 75;
const H2: i16 = 370;
const H3: u8 = 0;
const H4: i16 = 313;
const H5: i16 = 50;
const H6: i8 = 30;

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

/// The datasheet's t_fine (8.1), in floating point.
fn t_fine(adc: f64) -> f64 {
    let x = adc / 16384.0 - f64::from(T1) / 1024.0;
    x * f64::from(T[0]) + x * x / 64.0 * f64::from(T[1])
}

fn raw_temperature(celsius: f64) -> f64 {
    let target = celsius * 5120.0;
    let [t2, t3] = T.map(f64::from);
    let x = solve(target / t2, |x| (x * t2 + x * x / 64.0 * t3 - target, t2 + x / 32.0 * t3));
    (x + f64::from(T1) / 1024.0) * 16384.0
}

fn raw_pressure(pascal: f64, fine: f64) -> f64 {
    let [p2, p3, p4, p5, p6, p7, p8, p9] = P.map(f64::from);
    let t = fine / 2.0 - 64000.0;
    let offset = (t * t * p6 / 32768.0 + t * p5 * 2.0) / 4.0 + p4 * 65536.0;
    let scale = (1.0 + (p3 * t * t / 524288.0 + p2 * t) / 524288.0 / 32768.0) * f64::from(P1);
    let first = solve(pascal, |p| {
        let value = p + (p9 * p * p / 2147483648.0 + p * p8 / 32768.0 + p7) / 16.0 - pascal;
        (value, 1.0 + (p9 * p / 1073741824.0 + p8 / 32768.0) / 16.0)
    });
    1048576.0 - offset / 4096.0 - first * scale / 6250.0
}

fn raw_humidity(percent: f64, fine: f64) -> f64 {
    let t = fine - 76800.0;
    let offset = f64::from(H4) * 64.0 + f64::from(H5) / 16384.0 * t;
    let dry = 1.0 + f64::from(H3) / 67108864.0 * t;
    let scale = f64::from(H2) / 65536.0 * dry * (1.0 + f64::from(H6) / 67108864.0 * t * dry);
    let bend = f64::from(H1) / 524288.0;
    let first = solve(percent, |y| (y - bend * y * y - percent, 1.0 - 2.0 * bend * y));
    first / scale + offset
}

/// Registers 0x88 to 0xA1.
fn calibration_tp() -> [u8; 26] {
    let mut bytes = [0; 26];
    let words = [T1.to_le_bytes()].into_iter().chain(T.map(i16::to_le_bytes));
    let words = words.chain([P1.to_le_bytes()]).chain(P.map(i16::to_le_bytes));
    for (slot, byte) in bytes.iter_mut().zip(words.flatten()) {
        *slot = byte;
    }
    bytes[25] = H1;
    bytes
}

/// Registers 0xE1 to 0xE7: H4 and H5 share a byte.
fn calibration_h() -> [u8; 7] {
    let [h2_low, h2_high] = H2.to_le_bytes();
    let [h4_high, _] = (H4 << 4).to_be_bytes();
    let [h5_high, _] = (H5 << 4).to_be_bytes();
    let [_, h4_low] = (H4 & 0xF).to_be_bytes();
    let [_, h5_low] = (H5 & 0xF).to_be_bytes();
    let [h6] = H6.to_be_bytes();
    [h2_low, h2_high, H3, h4_high, h4_low | (h5_low << 4), h5_high, h6]
}
