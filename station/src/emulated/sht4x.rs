//! An SHT40 at command level, as slow as its datasheet allows.

use super::chip::{count16, crc, noise};
use super::{Ailment, Air, Chip};

const SERIAL: [u16; 2] = [0x0F1E, 0x2D3C];
const SERIAL_US: u64 = 1_000;
/// Conversion noise: °C and %.
const NOISE: [f64; 2] = [0.02, 0.05];

/// The chip.
#[derive(Clone, Debug, Default)]
pub struct Sht4xChip {
    air: Air,
    /// Two words, from a time on.
    answer: Option<(u64, [u16; 2])>,
    /// The result before it fell ill.
    frozen: Option<[u16; 2]>,
    ailment: Option<Ailment>,
}

impl Chip for Sht4xChip {
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
        self.answer = match *bytes {
            [0xFD] => self.convert(8_300, now_us),
            [0xF6] => self.convert(4_500, now_us),
            [0xE0] => self.convert(1_600, now_us),
            [0x89] => Some((now_us.saturating_add(SERIAL_US), SERIAL)),
            _ => None,
        };
    }

    fn read(&mut self, buffer: &mut [u8], now_us: u64) -> bool {
        let Some((_, words)) = self.answer.filter(|(ready_us, _)| now_us >= *ready_us) else {
            return false;
        };
        self.answer = None;
        let wrong = u8::from(self.ailment == Some(Ailment::BadCrc));
        let bytes = words.into_iter().flat_map(|word| {
            let [high, low] = word.to_be_bytes();
            [high, low, crc(0xFF, [high, low]) ^ wrong]
        });
        for (byte, value) in buffer.iter_mut().zip(bytes.chain(std::iter::repeat(0xFF))) {
            *byte = value;
        }
        true
    }
}

impl Sht4xChip {
    fn convert(&mut self, duration_us: u64, now_us: u64) -> Option<(u64, [u16; 2])> {
        if self.ailment == Some(Ailment::Skips) {
            return None;
        }
        let [noise_t, noise_h] = noise(now_us, NOISE);
        let mut words = [
            count16((self.air.temperature_c + noise_t + 45.0) / 175.0 * 65535.0),
            count16((self.air.humidity_pct + noise_h + 6.0) / 125.0 * 65535.0),
        ];
        match (self.ailment, &mut self.frozen) {
            (Some(Ailment::Frozen), Some(frozen)) => words = *frozen,
            (_, kept) => *kept = Some(words),
        }
        Some((now_us.saturating_add(duration_us), words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_acknowledge_before_it_is_done_and_gives_a_result_once() {
        let (mut chip, mut bytes) = (Sht4xChip::default(), [0; 6]);
        chip.write(&[0xFD], 0);
        assert!(!chip.read(&mut bytes, 8_299));
        assert!(chip.read(&mut bytes, 8_300));
        assert!(!chip.read(&mut bytes, 8_301));
        chip.write(&[0x89], 9_000);
        assert!(chip.read(&mut bytes, 10_000));
        assert_eq!(bytes[..2], [0x0F, 0x1E]);
        assert_eq!(crc(0xFF, [0x2D, 0x3C]), bytes[5]);
    }
}
