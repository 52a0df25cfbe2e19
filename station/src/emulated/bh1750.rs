//! A BH1750 at opcode level, as slow as its datasheet allows, so that an impatient driver is found out.

use super::{Ailment, Air, Chip};

const MTREG_DEFAULT: u8 = 69;
const MTREG_MIN: u8 = 31;

/// Worst-case conversion times at the default measurement time register.
const HIGH_RESOLUTION_US: u64 = 180_000;
const LOW_RESOLUTION_US: u64 = 24_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolution {
    High,
    High2,
    Low,
}

#[derive(Clone, Copy, Debug)]
struct Conversion {
    resolution: Resolution,
    continuous: bool,
    done_us: u64,
    result: u16,
}

/// The chip.
#[derive(Clone, Debug)]
pub struct Bh1750Chip {
    air: Air,
    powered: bool,
    mtreg: u8,
    data: u16,
    conversion: Option<Conversion>,
    ailment: Option<Ailment>,
}

impl Default for Bh1750Chip {
    fn default() -> Self {
        Self {
            air: Air::default(),
            powered: false,
            mtreg: MTREG_DEFAULT,
            data: 0,
            conversion: None,
            ailment: None,
        }
    }
}

impl Chip for Bh1750Chip {
    fn expose(&mut self, air: Air) {
        self.air = air;
    }

    fn ail(&mut self, ailment: Option<Ailment>) {
        self.ailment = ailment;
    }

    fn power_cycle(&mut self) {
        *self = Self { air: self.air, ailment: self.ailment, ..Self::default() };
    }

    /// Opcodes, one a byte.
    fn write(&mut self, bytes: &[u8], now_us: u64) {
        self.settle(now_us);
        for &opcode in bytes {
            self.obey(opcode, now_us);
        }
    }

    /// The data register, high byte first; before a conversion ends it holds the one before.
    fn read(&mut self, buffer: &mut [u8], now_us: u64) -> bool {
        self.settle(now_us);
        for (byte, value) in buffer.iter_mut().zip(self.data.to_be_bytes().into_iter().cycle()) {
            *byte = value;
        }
        true
    }
}

impl Bh1750Chip {
    fn obey(&mut self, opcode: u8, now_us: u64) {
        match opcode {
            0x00 => self.power_down(),
            0x01 => self.powered = true,
            0x07 if self.powered => self.data = 0,
            0x10 => self.convert(Resolution::High, true, now_us),
            0x11 => self.convert(Resolution::High2, true, now_us),
            0x13 => self.convert(Resolution::Low, true, now_us),
            0x20 => self.convert(Resolution::High, false, now_us),
            0x21 => self.convert(Resolution::High2, false, now_us),
            0x23 => self.convert(Resolution::Low, false, now_us),
            0x40..=0x47 => self.mtreg = (self.mtreg & 0b0001_1111) | (opcode << 5),
            0x60..=0x7F => self.mtreg = (self.mtreg & 0b1110_0000) | (opcode & 0b0001_1111),
            _ => {}
        }
    }

    fn power_down(&mut self) {
        self.powered = false;
        self.conversion = None;
    }

    fn convert(&mut self, resolution: Resolution, continuous: bool, now_us: u64) {
        self.powered = true;
        let result = self.counts(resolution);
        let done_us = now_us.saturating_add(self.duration_us(resolution));
        self.conversion = Some(Conversion { resolution, continuous, done_us, result });
    }

    /// Takes over what is finished. In continuous mode the next conversion then runs, on the present light.
    fn settle(&mut self, now_us: u64) {
        let Some(conversion) = self.conversion.filter(|conversion| now_us >= conversion.done_us) else {
            return;
        };
        if !matches!(self.ailment, Some(Ailment::Skips | Ailment::Frozen)) {
            self.data = conversion.result;
        }
        if conversion.continuous {
            self.convert(conversion.resolution, true, now_us);
        } else {
            self.power_down();
        }
    }

    fn duration_us(&self, resolution: Resolution) -> u64 {
        let us = if resolution == Resolution::Low { LOW_RESOLUTION_US } else { HIGH_RESOLUTION_US };
        us * u64::from(self.mtreg.max(MTREG_MIN)) / u64::from(MTREG_DEFAULT)
    }

    fn counts(&self, resolution: Resolution) -> u16 {
        let sensitivity = f64::from(self.mtreg.max(MTREG_MIN)) / f64::from(MTREG_DEFAULT);
        let counts = self.air.illuminance_lx * 1.2 * sensitivity;
        match resolution {
            Resolution::High => saturating(counts),
            Resolution::High2 => saturating(counts * 2.0),
            Resolution::Low => saturating(counts) & !0b11,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an `as` from float saturates, as the chip does"
)]
fn saturating(counts: f64) -> u16 {
    counts.round() as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lit(illuminance_lx: f64) -> Bh1750Chip {
        let mut chip = Bh1750Chip::default();
        chip.expose(Air { illuminance_lx, ..Air::default() });
        chip
    }

    fn read(chip: &mut Bh1750Chip, now_us: u64) -> u16 {
        let mut bytes = [0; 2];
        chip.read(&mut bytes, now_us);
        u16::from_be_bytes(bytes)
    }

    #[test]
    fn a_reading_before_the_conversion_ends_is_the_one_before() {
        let mut chip = lit(100.0);
        chip.write(&[0x20], 0);
        assert_eq!(read(&mut chip, 179_999), 0);
        assert_eq!(read(&mut chip, 180_000), 120);
        chip.expose(Air { illuminance_lx: 1000.0, ..Air::default() });
        assert_eq!(read(&mut chip, 9_000_000), 120, "it powers down after a one-time measurement");
        chip.write(&[0x20], 9_000_000);
        assert_eq!(read(&mut chip, 9_000_001), 120);
        assert_eq!(read(&mut chip, 9_180_000), 1200);
    }

    #[test]
    fn modes_and_sensitivity_scale_as_in_the_datasheet() {
        let mut chip = lit(1001.0);
        chip.write(&[0x11], 0);
        assert_eq!(read(&mut chip, 180_000), 2402);
        chip.write(&[0x13], 200_000);
        assert_eq!(read(&mut chip, 224_000), 1200);
        chip.write(&[0x40, 0x7F, 0x20], 300_000);
        assert_eq!(read(&mut chip, 379_000), 1200);
        assert_eq!(read(&mut chip, 381_000), 540);
        chip.write(&[0x07], 400_000);
        assert_eq!(read(&mut chip, 400_000), 540, "a reset needs power");
        chip.write(&[0x01, 0x07], 400_000);
        assert_eq!(read(&mut chip, 400_000), 0);
    }

    #[test]
    fn continuous_mode_follows_the_light() {
        let mut chip = lit(10.0);
        chip.write(&[0x10], 0);
        assert_eq!(read(&mut chip, 180_000), 12);
        chip.expose(Air { illuminance_lx: 1e9, ..Air::default() });
        read(&mut chip, 360_000);
        assert_eq!(read(&mut chip, 540_000), u16::MAX);
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(writes: Vec<(Vec<u8>, u64, usize)>, illuminance_lx: f64) {
            let mut chip = lit(illuminance_lx);
            for (bytes, now_us, length) in writes {
                chip.write(&bytes, now_us);
                chip.read(&mut vec![0; length % 300], now_us);
            }
        }
    }
}
