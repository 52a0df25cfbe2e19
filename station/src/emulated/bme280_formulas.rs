//! A BME280's calibration, and its compensation solved for the raw counts (datasheet, appendix A).

use super::chip::solve;

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

/// The datasheet's t_fine (8.1), in floating point.
pub(super) fn t_fine(adc: f64) -> f64 {
    let x = adc / 16384.0 - f64::from(T1) / 1024.0;
    x * f64::from(T[0]) + x * x / 64.0 * f64::from(T[1])
}

pub(super) fn raw_temperature(celsius: f64) -> f64 {
    let target = celsius * 5120.0;
    let [t2, t3] = T.map(f64::from);
    let x = solve(target / t2, |x| (x * t2 + x * x / 64.0 * t3 - target, t2 + x / 32.0 * t3));
    (x + f64::from(T1) / 1024.0) * 16384.0
}

pub(super) fn raw_pressure(pascal: f64, fine: f64) -> f64 {
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

pub(super) fn raw_humidity(percent: f64, fine: f64) -> f64 {
    let t = fine - 76800.0;
    let offset = f64::from(H4) * 64.0 + f64::from(H5) / 16384.0 * t;
    let dry = 1.0 + f64::from(H3) / 67108864.0 * t;
    let scale = f64::from(H2) / 65536.0 * dry * (1.0 + f64::from(H6) / 67108864.0 * t * dry);
    let bend = f64::from(H1) / 524288.0;
    let first = solve(percent, |y| (y - bend * y * y - percent, 1.0 - 2.0 * bend * y));
    first / scale + offset
}

/// Registers 0x88 to 0xA1.
pub(super) fn calibration_tp() -> [u8; 26] {
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
pub(super) fn calibration_h() -> [u8; 7] {
    let [h2_low, h2_high] = H2.to_le_bytes();
    let [h4_high, _] = (H4 << 4).to_be_bytes();
    let [h5_high, _] = (H5 << 4).to_be_bytes();
    let [_, h4_low] = (H4 & 0xF).to_be_bytes();
    let [_, h5_low] = (H5 & 0xF).to_be_bytes();
    let [h6] = H6.to_be_bytes();
    [h2_low, h2_high, H3, h4_high, h4_low | (h5_low << 4), h5_high, h6]
}
