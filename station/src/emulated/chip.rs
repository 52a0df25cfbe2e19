//! What the bus sees of a chip, what can ail one, and the arithmetic that several share.

use super::{Air, Bh1750Chip, Bme280Chip, Bmp180Chip, Bmp390Chip, Htu21dChip, Sht4xChip, Veml7700Chip};
use crate::sensors::Part;

/// A chip of a kind that can be emulated. Times are microseconds of any clock that does not go back.
pub trait Chip: Send {
    /// What the chip's conversions feel from now on.
    fn expose(&mut self, air: Air);

    /// The bytes of one write after the address.
    fn write(&mut self, bytes: &[u8], now_us: u64);

    /// The bytes of one read after the address; gives whether the address was acknowledged.
    fn read(&mut self, buffer: &mut [u8], now_us: u64) -> bool;

    /// Makes it ail, or well again.
    fn ail(&mut self, ailment: Option<Ailment>);

    /// Takes its supply away and gives it back: registers are as after a reset.
    fn power_cycle(&mut self);
}

impl dyn Chip {
    /// A chip of this kind, just powered.
    pub fn of(part: Part) -> Box<Self> {
        match part {
            Part::Bme280 => Box::<Bme280Chip>::default(),
            Part::Bmp280 => Box::new(Bme280Chip::bmp280()),
            Part::Bmp180 => Box::<Bmp180Chip>::default(),
            Part::Bmp390 => Box::<Bmp390Chip>::default(),
            Part::Htu21d => Box::<Htu21dChip>::default(),
            Part::Sht4x => Box::<Sht4xChip>::default(),
            Part::Bh1750 => Box::<Bh1750Chip>::default(),
            Part::Veml7700 => Box::<Veml7700Chip>::default(),
        }
    }
}

/// What can be wrong with a chip itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// It says that it is another part.
    WrongId,
    /// Its checksums are wrong.
    BadCrc,
    /// It takes commands and does not convert.
    Skips,
    /// It converts and gives the last result before it fell ill.
    Frozen,
}

/// Numbers within ± the given widths that depend on the seed alone: a conversion's noise.
pub(super) fn noise<const N: usize>(seed: u64, widths: [f64; N]) -> [f64; N] {
    let mut state = seed;
    widths.map(|width| {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let [a, b, c, d, ..] = (mixed ^ (mixed >> 31)).to_be_bytes();
        let unit = f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX);
        width * (2.0 * unit - 1.0)
    })
}

/// The root near `start` of a function given with its derivative. Compensations are nearly linear, so that a few
/// of Newton's steps reach far below one count.
pub(super) fn solve(start: f64, function: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut x = start;
    for _ in 0..4 {
        let (value, slope) = function(x);
        x -= value / slope;
    }
    x
}

/// The nearest count from 0 to `highest`; what no count can say becomes an end.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped; NaN becomes 0")]
pub(super) fn count(exact: f64, highest: u32) -> u32 {
    exact.round().clamp(0.0, f64::from(highest)) as u32
}

/// The same in 16 bits.
pub(super) fn count16(exact: f64) -> u16 {
    u16::try_from(count(exact, u16::MAX.into())).unwrap_or(u16::MAX)
}

/// Sensirion's and MEAS's checksum, x⁸ + x⁵ + x⁴ + 1, from a start of theirs, bit by bit over one register.
pub(super) fn crc(start: u8, bytes: [u8; 2]) -> u8 {
    let mut register = (u32::from(start) << 16) ^ (u32::from(u16::from_be_bytes(bytes)) << 8);
    for _ in 0..16 {
        register <<= 1;
        if register & 0x100_0000 != 0 {
            register ^= 0x131_0000;
        }
    }
    register.to_be_bytes()[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_datasheets() {
        assert_eq!(crc(0, [0x68, 0x3A]), 0x7C);
        assert_eq!(crc(0, [0x4E, 0x85]), 0x6B);
        assert_eq!(crc(0xFF, [0xBE, 0xEF]), 0x92);
    }

    #[test]
    fn noise_is_small_and_not_constant() {
        let of = |seed| noise(seed, [3.0])[0];
        assert!((0..1000).all(|seed| of(seed).abs() <= 3.0));
        assert!((of(1) - of(2)).abs() > 0.01);
    }
}
