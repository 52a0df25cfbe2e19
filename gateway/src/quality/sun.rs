//! Where the sun stands.

/// The sun's elevation in degrees, without refraction; within 0.3 degrees from 1950 to 2050.
///
/// Source: The Astronomical Almanac's low-precision formulas for the sun's coordinates.
pub fn elevation(at_ms: i64, latitude: f64, longitude: f64) -> f64 {
    // Days since 2000-01-01 12:00.
    let days = at_ms as f64 / 86_400_000.0 - 10_957.5;
    let anomaly = (357.528 + 0.985_600_3 * days).to_radians();
    let longitude_of_sun =
        (280.460 + 0.985_647_4 * days + 1.915 * anomaly.sin() + 0.020 * (2.0 * anomaly).sin()).to_radians();
    let obliquity = (23.439 - 0.000_000_4 * days).to_radians();
    let declination = (obliquity.sin() * longitude_of_sun.sin()).asin();
    let ascension = (obliquity.cos() * longitude_of_sun.sin()).atan2(longitude_of_sun.cos());
    let sidereal = (280.460_618_4 + 360.985_647_4 * days + longitude).to_radians();
    let hour = sidereal - ascension;
    let latitude = latitude.to_radians();
    (latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * hour.cos())
        .clamp(-1.0, 1.0)
        .asin()
        .to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn it_stands_where_almanacs_have_it() {
        // On the equator at noon of an equinox, at the tropic at noon of a solstice, and at midnight.
        assert!((elevation(at("2024-03-20T12:07:00Z"), 0.0, 0.0) - 90.0).abs() < 0.5);
        assert!((elevation(at("2024-06-20T12:02:00Z"), 23.44, 0.0) - 90.0).abs() < 0.5);
        assert!((elevation(at("2024-06-20T00:02:00Z"), 50.0, 0.0) - -16.6).abs() < 0.5);
        assert!((elevation(at("2024-12-21T18:57:00Z"), 37.70, -105.92) - 28.9).abs() < 0.5);
    }
}
