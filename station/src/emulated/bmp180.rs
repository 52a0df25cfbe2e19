//! A BMP180 at register level, as slow as its datasheet allows, so that an impatient driver is found out.
//!
//! Its calibration is that of the datasheet's example.

use super::chip::{count, noise};
use super::{Ailment, Air, Chip};

const ID: u8 = 0x55;
const WRONG_ID: u8 = 0x61;
const RESET: u8 = 0xB6;
const CONVERTING: u8 = 0b10_0000;
const RESULT_AFTER_RESET: [u8; 3] = [0x80, 0, 0];
/// Conversion noise in raw counts: 0.01 °C, 0.02 hPa.
const NOISE: [f64; 2] = [2.0, 5.0];

const AC: [f64; 6] = [408.0, -72.0, -14383.0, 32741.0, 32757.0, 23153.0];
const B1: f64 = 6190.0;
const B2: f64 = 4.0;
const MC: f64 = -8711.0;
const MD: f64 = 2868.0;
const CALIBRATION: [u8; 22] = [
    0x01, 0x98, 0xFF, 0xB8, 0xC7, 0xD1, 0x7F, 0xE5, 0x7F, 0xF5, 0x5A, 0x71, 0x18, 0x2E, 0x00, 0x04, 0x80,
    0x00, 0xDD, 0xF9, 0x0B, 0x34,
];

#[derive(Clone, Copy, Debug)]
struct Conversion {
    ends_us: u64,
    result: [u8; 3],
}

/// The chip.
#[derive(Clone, Debug)]
pub struct Bmp180Chip {
    air: Air,
    pointer: u8,
    control: u8,
    result: [u8; 3],
    conversion: Option<Conversion>,
    /// The results before it fell ill, by their last byte's register: temperature, pressure.
    frozen: [Option<[u8; 3]>; 2],
    ailment: Option<Ailment>,
}

impl Default for Bmp180Chip {
    fn default() -> Self {
        Self {
            air: Air::default(),
            pointer: 0,
            control: 0,
            result: RESULT_AFTER_RESET,
            conversion: None,
            frozen: [None; 2],
            ailment: None,
        }
    }
}

impl Chip for Bmp180Chip {
    fn expose(&mut self, air: Air) {
        self.air = air;
    }

    fn ail(&mut self, ailment: Option<Ailment>) {
        self.ailment = ailment;
    }

    fn power_cycle(&mut self) {
        *self = Self { air: self.air, ailment: self.ailment, ..Self::default() };
    }

    /// A register, and its value if there is one.
    fn write(&mut self, bytes: &[u8], now_us: u64) {
        self.settle(now_us);
        match *bytes {
            [register] => self.pointer = register,
            [0xE0, RESET] => self.power_cycle(),
            [0xF4, command] => self.command(command, now_us),
            _ => {}
        }
    }

    fn read(&mut self, buffer: &mut [u8], now_us: u64) -> bool {
        self.settle(now_us);
        for byte in buffer {
            *byte = self.register(self.pointer);
            self.pointer = self.pointer.wrapping_add(1);
        }
        true
    }
}

impl Bmp180Chip {
    fn register(&self, register: u8) -> u8 {
        let of =
            |bytes: &[u8], first: u8| bytes.get(usize::from(register - first)).copied().unwrap_or_default();
        match register {
            0xAA..=0xBF => of(&CALIBRATION, 0xAA),
            0xD0 if self.ailment == Some(Ailment::WrongId) => WRONG_ID,
            0xD0 => ID,
            0xF4 => self.control,
            0xF6..=0xF8 => of(&self.result, 0xF6),
            _ => 0,
        }
    }

    fn command(&mut self, command: u8, now_us: u64) {
        let oss = command >> 6;
        let (index, duration_us) = match command & 0b11_1111 {
            0x2E => (0, 4_500),
            0x34 => (1, [4_500, 7_500, 13_500, 25_500][usize::from(oss)]),
            _ => return,
        };
        if self.ailment == Some(Ailment::Skips) {
            return;
        }
        let [noise_t, noise_p] = noise(now_us, NOISE);
        let ut = raw_temperature(self.air.temperature_c, noise_t);
        let mut result = if index == 0 {
            let [_, _, high, low] = ut.to_be_bytes();
            [high, low, 0]
        } else {
            let up = raw_pressure(self.air.pressure_hpa * 100.0, b5(f64::from(ut)), oss, noise_p);
            let [_, high, middle, low] = (up << (8 - oss)).to_be_bytes();
            [high, middle, low]
        };
        match (self.ailment, &mut self.frozen[index]) {
            (Some(Ailment::Frozen), Some(frozen)) => result = *frozen,
            (_, kept) => *kept = Some(result),
        }
        self.control = command | CONVERTING;
        self.conversion = Some(Conversion { ends_us: now_us.saturating_add(duration_us), result });
    }

    fn settle(&mut self, now_us: u64) {
        if let Some(conversion) = self.conversion.filter(|conversion| now_us >= conversion.ends_us) {
            self.result = conversion.result;
            self.control &= !CONVERTING;
            self.conversion = None;
        }
    }
}

/// The datasheet's formulas in floating point, without their roundings.
fn b5(ut: f64) -> f64 {
    let x1 = (ut - AC[5]) * AC[4] / 32768.0;
    x1 + MC * 2048.0 / (x1 + MD)
}

fn pascal(up: f64, b5: f64, oss: u8) -> f64 {
    let scale = f64::from(1_u32 << oss);
    let b6 = b5 - 4000.0;
    let b3 = (AC[0] * 4.0 + B2 * b6 * b6 / 4096.0 / 2048.0 + AC[1] * b6 / 2048.0) * scale / 4.0;
    let b4 = AC[3] * ((AC[2] * b6 / 8192.0 + B1 * b6 * b6 / 4096.0 / 65536.0) / 4.0 + 32768.0) / 32768.0;
    let p = (up - b3) * 50_000.0 / scale * 2.0 / b4;
    p + (p / 256.0 * p / 256.0 * 3038.0 / 65536.0 - 7357.0 * p / 65536.0 + 3791.0) / 16.0
}

fn raw_temperature(celsius: f64, noise: f64) -> u32 {
    // Below this the formula has its pole; the chip cannot be that cold.
    let ut = bisect(16_000.0, 65_535.0, |ut| b5(ut) / 160.0 < celsius);
    count(ut + noise, 0xFFFF)
}

fn raw_pressure(pascals: f64, b5: f64, oss: u8, noise: f64) -> u32 {
    let highest = (1_u32 << (16 + oss)) - 1;
    let up = bisect(0.0, f64::from(highest), |up| pascal(up, b5, oss) < pascals);
    count(up + noise, highest)
}

/// Where a function that is below first no longer is.
fn bisect(low: f64, high: f64, is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        if is_below(middle) { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(chip: &mut Bmp180Chip, register: u8, now_us: u64) -> [u8; N] {
        let mut bytes = [0; N];
        chip.write(&[register], now_us);
        chip.read(&mut bytes, now_us);
        bytes
    }

    #[test]
    fn the_formulas_are_the_datasheets() {
        assert!((b5(27898.0) / 160.0 - 15.0).abs() < 0.1);
        assert!((pascal(23843.0, b5(27898.0), 0) - 69964.0).abs() < 10.0);
        assert_eq!(raw_temperature(b5(27898.0) / 160.0, 0.0), 27898);
        assert_eq!(raw_pressure(pascal(23843.0, 2400.0, 0), 2400.0, 0, 0.0), 23843);
    }

    #[test]
    fn it_takes_the_datasheets_maximum_and_keeps_the_result_before_until_then() {
        let mut chip = Bmp180Chip::default();
        assert_eq!(read(&mut chip, 0xD0, 0), [0x55]);
        chip.write(&[0xF4, 0x34 | 0x80], 0);
        assert_eq!(read(&mut chip, 0xF6, 13_499), RESULT_AFTER_RESET);
        assert_eq!(read::<1>(&mut chip, 0xF4, 13_499)[0] & CONVERTING, CONVERTING);
        assert_ne!(read(&mut chip, 0xF6, 13_500), RESULT_AFTER_RESET);
        assert_eq!(read::<1>(&mut chip, 0xF4, 13_500)[0] & CONVERTING, 0);
    }
}
