//! A BME280's humidity without the `bme280` crate's clamp: whether a 100.0 is fog, or dew on the element.
//!
//! The crate clamps to 0…100 % and does not say that it did. Where it did, this computes what the chip measured
//! (datasheet, appendix A, in floating point) from the same registers.

use embedded_hal::i2c::I2c;
use minuano_telemetry::Fault;

use super::fault_of;
use super::humidity::credible;

const REGISTER_T: u8 = 0x88;
const REGISTER_H1: u8 = 0xA1;
const REGISTER_H2: u8 = 0xE1;

/// The datasheet's ±3 %: how far beyond saturation a reading still is saturation.
const ACCURACY_PCT: f64 = 3.0;

/// The numbers that humidity is compensated with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calibration {
    t: [f64; 3],
    h: [f64; 6],
}

impl Calibration {
    pub(super) fn read<B: I2c>(bus: &mut B, address: u8) -> Result<Self, Fault> {
        let (mut t, mut h1, mut h) = ([0; 6], [0], [0; 7]);
        let pairs = [(REGISTER_T, t.as_mut_slice()), (REGISTER_H1, &mut h1), (REGISTER_H2, &mut h)];
        for (register, bytes) in pairs {
            bus.write_read(address, &[register], bytes).map_err(|error| fault_of(&error))?;
        }
        Ok(Self::parse(t, h1, h))
    }

    fn parse(t: [u8; 6], [h1]: [u8; 1], h: [u8; 7]) -> Self {
        let [a, b, c, d, e, f] = t;
        let t = [
            f64::from(u16::from_le_bytes([a, b])),
            f64::from(i16::from_le_bytes([c, d])),
            f64::from(i16::from_le_bytes([e, f])),
        ];
        let [h2_low, h2_high, h3, h4, shared, h5, h6] = h;
        // H4 and H5 have 12 bits; the shared byte holds the low four of each.
        let twelve = |high: u8, low: u8| f64::from(i16::from_be_bytes([high, low << 4]) >> 4);
        let h = [
            f64::from(h1),
            f64::from(i16::from_le_bytes([h2_low, h2_high])),
            f64::from(h3),
            twelve(h4, shared & 0x0F),
            twelve(h5, shared >> 4),
            f64::from(i8::from_be_bytes([h6])),
        ];
        Self { t, h }
    }

    /// The humidity in %: the crate's where it did not clamp, else what the chip measured, if that is credible.
    pub(super) fn unclamped(&self, crates: f64, data: [u8; 8]) -> Result<f64, Fault> {
        if crates > 0.0 && crates < 100.0 { Ok(crates) } else { credible(self.percent(data), ACCURACY_PCT) }
    }

    pub(super) fn percent(&self, data: [u8; 8]) -> f64 {
        let [_, _, _, t_high, t_middle, t_low, h_high, h_low] = data;
        let [t1, t2, t3] = self.t;
        let [h1, h2, h3, h4, h5, h6] = self.h;
        let x = f64::from(u32::from_be_bytes([0, t_high, t_middle, t_low]) >> 4) / 16384.0 - t1 / 1024.0;
        let t = (x * t2 + x * x / 64.0 * t3).trunc() - 76800.0;
        let wet = f64::from(u16::from_be_bytes([h_high, h_low])) - (h4 * 64.0 + h5 / 16384.0 * t);
        let dry = 1.0 + h3 / 67_108_864.0 * t;
        let percent = wet * h2 / 65536.0 * dry * (1.0 + h6 / 67_108_864.0 * t * dry);
        percent * (1.0 - h1 * percent / 524_288.0)
    }
}
