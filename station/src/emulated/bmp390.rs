//! A BMP390 at register level, a fifth slower than its datasheet's typical times.
//!
//! Its calibration is a real chip's, from the `bmp390` crate's tests.

use super::chip::{count, noise, solve};
use super::{Ailment, Air, Chip};

const ID: u8 = 0x60;
const WRONG_ID: u8 = 0x50;
const RESET: u8 = 0xB6;
const BOTH_READY: u8 = 0b0110_0000;
const COMMAND_READY: u8 = 0b0001_0000;
const OSR_AFTER_RESET: u8 = 0b0000_0010;
/// Conversion noise in raw counts: 0.003 °C, 0.005 hPa.
const NOISE: [f64; 2] = [300.0, 80.0];

/// Registers 0x31 to 0x45.
const CALIBRATION: [u8; 21] = [
    0x98, 0x6C, 0xA9, 0x4A, 0xF9, 0xE3, 0x1C, 0x61, 0x16, 0x06, 0x01, 0x51, 0x4A, 0xDE, 0x5D, 0x03, 0xFA,
    0xF9, 0x0E, 0x06, 0xF5,
];
// The same as the datasheet scales them (8.4).
const T: [f64; 3] = [27800.0 * 256.0, 19113.0 / 1_073_741_824.0, -7.0 / 281_474_976_710_656.0];
const P: [f64; 11] = [
    (7395.0 - 16384.0) / 1_048_576.0,
    (5729.0 - 16384.0) / 536_870_912.0,
    6.0 / 4_294_967_296.0,
    1.0 / 137_438_953_472.0,
    19025.0 * 8.0,
    24030.0 / 64.0,
    3.0 / 256.0,
    -6.0 / 32768.0,
    3833.0 / 281_474_976_710_656.0,
    6.0 / 281_474_976_710_656.0,
    -11.0 / 36_893_488_147_419_103_232.0,
];

/// The chip.
#[derive(Clone, Debug)]
pub struct Bmp390Chip {
    air: Air,
    pointer: u8,
    power: u8,
    osr: u8,
    odr: u8,
    config: u8,
    ready: u8,
    data: [u8; 6],
    conversion: Option<(u64, [u8; 6])>,
    ailment: Option<Ailment>,
}

impl Default for Bmp390Chip {
    fn default() -> Self {
        Self {
            air: Air::default(),
            pointer: 0,
            power: 0,
            osr: OSR_AFTER_RESET,
            odr: 0,
            config: 0,
            ready: 0,
            data: [0, 0, 0x80, 0, 0, 0x80],
            conversion: None,
            ailment: None,
        }
    }
}

impl Chip for Bmp390Chip {
    fn expose(&mut self, air: Air) {
        self.air = air;
    }

    fn ail(&mut self, ailment: Option<Ailment>) {
        self.ailment = ailment;
    }

    fn power_cycle(&mut self) {
        *self = Self { air: self.air, ailment: self.ailment, ..Self::default() };
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

    fn read(&mut self, buffer: &mut [u8], now_us: u64) -> bool {
        self.settle(now_us);
        for byte in buffer {
            *byte = self.register(self.pointer);
            match self.pointer {
                0x04..=0x06 => self.ready &= !0b0010_0000,
                0x07..=0x09 => self.ready &= !0b0100_0000,
                _ => {}
            }
            self.pointer = self.pointer.wrapping_add(1);
        }
        true
    }
}

impl Bmp390Chip {
    fn register(&self, register: u8) -> u8 {
        let of =
            |bytes: &[u8], first: u8| bytes.get(usize::from(register - first)).copied().unwrap_or_default();
        match register {
            0x00 if self.ailment == Some(Ailment::WrongId) => WRONG_ID,
            0x00 => ID,
            0x01 => 0x01,
            0x03 => COMMAND_READY | self.ready,
            0x04..=0x09 => of(&self.data, 0x04),
            0x1B => self.power,
            0x1C => self.osr,
            0x1D => self.odr,
            0x1F => self.config,
            0x31..=0x45 => of(&CALIBRATION, 0x31),
            _ => 0,
        }
    }

    fn set(&mut self, register: u8, value: u8, now_us: u64) {
        match register {
            0x1B => {
                self.power = value & 0b0011_0011;
                // Only the forced mode is emulated: no driver here uses the other.
                let forced = matches!((value >> 4) & 0b11, 0b01 | 0b10);
                self.conversion =
                    forced.then(|| (now_us.saturating_add(self.duration_us()), self.sense(now_us)));
            }
            0x1C => self.osr = value,
            0x1D => self.odr = value,
            0x1F => self.config = value,
            0x7E if value == RESET => self.power_cycle(),
            _ => {}
        }
    }

    fn settle(&mut self, now_us: u64) {
        let Some((_, data)) = self.conversion.filter(|(ends_us, _)| now_us >= *ends_us) else { return };
        self.conversion = None;
        self.power &= 0b11;
        match self.ailment {
            Some(Ailment::Skips) => return,
            Some(Ailment::Frozen) if self.data != Self::default().data => {}
            _ => self.data = data,
        }
        self.ready = BOTH_READY;
    }

    fn duration_us(&self) -> u64 {
        let samples = |bits: u8| 1_u64 << (bits & 0b111).min(5);
        let typical = 234 + 392 + 2_020 * samples(self.osr) + 163 + 2_020 * samples(self.osr >> 3);
        typical / 5 * 6
    }

    fn sense(&self, at_us: u64) -> [u8; 6] {
        let [noise_t, noise_p] = noise(at_us, NOISE);
        let t = count(raw_temperature(self.air.temperature_c) + noise_t, 0xFF_FFFF);
        // What the reader will compensate with, so that the pressure comes out right for it.
        let felt = celsius(f64::from(t));
        let p = count(raw_pressure(self.air.pressure_hpa * 100.0, felt) + noise_p, 0xFF_FFFF);
        let ([t0, t1, t2, _], [p0, p1, p2, _]) = (t.to_le_bytes(), p.to_le_bytes());
        [p0, p1, p2, t0, t1, t2]
    }
}

fn celsius(raw: f64) -> f64 {
    let x = raw - T[0];
    x * T[1] + x * x * T[2]
}

fn raw_temperature(wanted: f64) -> f64 {
    let x = solve(wanted / T[1], |x| (x * T[1] + x * x * T[2] - wanted, T[1] + 2.0 * x * T[2]));
    x + T[0]
}

fn raw_pressure(wanted: f64, t: f64) -> f64 {
    let [p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11] = P;
    let offset = p5 + p6 * t + p7 * t * t + p8 * t * t * t;
    let slope = p1 + p2 * t + p3 * t * t + p4 * t * t * t;
    let bend = p9 + p10 * t;
    solve(7_058_379.0, |u| {
        let value = offset + u * slope + u * u * bend + u * u * u * p11 - wanted;
        (value, slope + 2.0 * u * bend + 3.0 * u * u * p11)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formulas_are_the_crates() {
        // Raw words and results of the crate's own test, from a real chip.
        assert!((celsius(8_567_505.0) - 25.770_746).abs() < 1e-4);
        assert!((raw_pressure(98_370.55, 25.770_746) - 7_058_379.0).abs() < 10.0);
        assert!((celsius(raw_temperature(-39.0)) + 39.0).abs() < 1e-6);
    }

    #[test]
    fn data_is_ready_once_and_in_its_time() {
        let mut chip = Bmp390Chip::default();
        let status = |now_us, chip: &mut Bmp390Chip| {
            let mut byte = [0];
            chip.write(&[0x03], now_us);
            chip.read(&mut byte, now_us);
            byte[0] & BOTH_READY
        };
        chip.write(&[0x1B, 0x13, 0x1C, 0x03], 0);
        chip.write(&[0x1B, 0x13], 0);
        assert_eq!(status(22_000, &mut chip), 0);
        assert_eq!(status(23_000, &mut chip), BOTH_READY);
        chip.write(&[0x04], 23_000);
        chip.read(&mut [0; 6], 23_000);
        assert_eq!(status(24_000, &mut chip), 0);
    }
}
