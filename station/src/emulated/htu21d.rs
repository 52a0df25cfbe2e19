//! An HTU21D at command level, in no-hold mode, as slow as its datasheet allows.

use super::chip::{count16, crc, noise};
use super::{Ailment, Air, Chip};

const USER_AFTER_RESET: u8 = 0x02;
const TEMPERATURE_US: u64 = 50_000;
const HUMIDITY_US: u64 = 16_000;
const RESET_US: u64 = 15_000;
/// Conversion noise: °C and %.
const NOISE: [f64; 2] = [0.03, 0.1];

#[derive(Clone, Copy, Debug, Default)]
enum Answer {
    #[default]
    Nothing,
    /// A result, from a time on.
    Result(u64, u16),
    User,
}

/// The chip.
#[derive(Clone, Debug)]
pub struct Htu21dChip {
    air: Air,
    user: u8,
    awake_us: u64,
    answer: Answer,
    /// The results before it fell ill: temperature, humidity.
    frozen: [Option<u16>; 2],
    ailment: Option<Ailment>,
}

impl Default for Htu21dChip {
    fn default() -> Self {
        Self {
            air: Air::default(),
            user: USER_AFTER_RESET,
            awake_us: 0,
            answer: Answer::Nothing,
            frozen: [None; 2],
            ailment: None,
        }
    }
}

impl Chip for Htu21dChip {
    fn expose(&mut self, air: Air) {
        self.air = air;
    }

    fn ail(&mut self, ailment: Option<Ailment>) {
        self.ailment = ailment;
    }

    fn power_cycle(&mut self) {
        *self = Self { air: self.air, ailment: self.ailment, ..Self::default() };
    }

    fn write(&mut self, bytes: &[u8], now_us: u64) {
        if now_us < self.awake_us {
            return;
        }
        match *bytes {
            [0xF3] => self.convert(0, now_us),
            [0xF5] => self.convert(1, now_us),
            [0xE6, user] => self.user = user,
            [0xE7] => self.answer = Answer::User,
            [0xFE] => {
                let frozen = self.frozen;
                self.power_cycle();
                self.frozen = frozen;
                self.awake_us = now_us.saturating_add(RESET_US);
            }
            _ => self.answer = Answer::Nothing,
        }
    }

    fn read(&mut self, buffer: &mut [u8], now_us: u64) -> bool {
        let bytes = match self.answer {
            Answer::User => [self.user, 0xFF, 0xFF],
            Answer::Result(ready_us, raw) if now_us >= ready_us => {
                self.answer = Answer::Nothing;
                let [high, low] = raw.to_be_bytes();
                let wrong = u8::from(self.ailment == Some(Ailment::BadCrc));
                [high, low, crc(0, [high, low]) ^ wrong]
            }
            _ => return false,
        };
        for (byte, value) in buffer.iter_mut().zip(bytes.into_iter().chain(std::iter::repeat(0xFF))) {
            *byte = value;
        }
        true
    }
}

impl Htu21dChip {
    fn convert(&mut self, index: usize, now_us: u64) {
        if self.ailment == Some(Ailment::Skips) {
            self.answer = Answer::Nothing;
            return;
        }
        let [noise_t, noise_h] = noise(now_us, NOISE);
        let (duration_us, mut raw) = if index == 0 {
            let exact = (self.air.temperature_c + noise_t + 46.85) / 175.72 * 65536.0;
            (TEMPERATURE_US, count16(exact) & !0b11)
        } else {
            let exact = (self.air.humidity_pct + noise_h + 6.0) / 125.0 * 65536.0;
            (HUMIDITY_US, count16(exact) & !0b1111 | 0b10)
        };
        match (self.ailment, &mut self.frozen[index]) {
            (Some(Ailment::Frozen), Some(frozen)) => raw = *frozen,
            (_, kept) => *kept = Some(raw),
        }
        self.answer = Answer::Result(now_us.saturating_add(duration_us), raw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_acknowledge_before_it_is_done_and_gives_a_result_once() {
        let (mut chip, mut bytes) = (Htu21dChip::default(), [0; 3]);
        chip.write(&[0xF3], 0);
        assert!(!chip.read(&mut bytes, 49_999));
        assert!(chip.read(&mut bytes, 50_000));
        assert_eq!(bytes[1] & 0b11, 0);
        assert!(!chip.read(&mut bytes, 60_000));
        chip.write(&[0xF5], 60_000);
        assert!(chip.read(&mut bytes, 76_000));
        assert_eq!(bytes[1] & 0b11, 0b10);
        assert_eq!(crc(0, [bytes[0], bytes[1]]), bytes[2]);
    }
}
