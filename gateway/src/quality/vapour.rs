//! Temperature and relative humidity move together while the vapour in the air stays the same: what of a
//! change is left over when the other one explains what it can.

/// Logarithm of the saturation vapour pressure over water, less a constant (Magnus, with the constants of
/// Alduchov and Eskridge 1996).
fn saturation(temperature: f64) -> f64 {
    17.625 * temperature / (243.04 + temperature)
}

/// The dew point over water in °C, for humidity above 0 %.
pub fn dew_point(temperature: f64, humidity: f64) -> f64 {
    let vapour = saturation(temperature) + (humidity / 100.0).ln();
    243.04 * vapour / (17.625 - vapour)
}

/// The humidity change that the change of temperature does not explain, in %.
pub fn humidity_left((t0, h0): (f64, f64), (t1, h1): (f64, f64)) -> f64 {
    h1 * (saturation(t1) - saturation(t0)).exp() - h0
}

/// The temperature change that the change of humidity does not explain, in °C.
pub fn temperature_left((t0, h0): (f64, f64), (t1, h1): (f64, f64)) -> f64 {
    let explained = saturation(t0) + (h0.max(1.0) / h1.max(1.0)).ln();
    t1 - 243.04 * explained / (17.625 - explained)
}

/// The smaller of two changes of one sign, zero where they differ in sign.
pub fn both(a: f64, b: f64) -> f64 {
    if a * b <= 0.0 {
        0.0
    } else if a.abs() < b.abs() {
        a
    } else {
        b
    }
}
