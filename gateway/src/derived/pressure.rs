//! Pressure at sea level.

use super::moisture::{vapour_pressure_hpa, within};

/// Air pressure at mean sea level in hPa, as it is drawn on weather maps.
///
/// WMO-No. 8, volume I, chapter 3, the method for stations at low level: `log10(p0 / p) = Kp H / Tv`, Kp =
/// 0.0148275 K/m, Tv = T + 0.0065 H / 2 + 0.12 e with T in K and vapour pressure e in hPa. Altitude stands for
/// geopotential altitude (0.3 m apart at 2 km). WMO advises it below 750 m. Higher up, where it has to imagine
/// more air than there is, the station's daily swing of temperature shows in it; it is given to 3000 m all the same,
/// since people compare it with what their weather service says. Without humidity the vapour's share is left out: at
/// 500 m and e = 20 hPa that is 0.5 hPa too much. −45 to 60 °C, −430 m (the Dead Sea) to 3000 m, 500 to 1100 hPa.
pub fn sea_level_pressure_hpa(
    pressure_hpa: f64,
    temperature_c: f64,
    humidity_pct: Option<f64>,
    altitude_m: f64,
) -> Option<f64> {
    let holds = within(pressure_hpa, (500.0, 1100.0))
        && within(temperature_c, (-45.0, 60.0))
        && within(altitude_m, (-430.0, 3000.0));
    holds.then_some(())?;
    let vapour = humidity_pct.and_then(|humidity| vapour_pressure_hpa(temperature_c, humidity));
    let column_k = temperature_c + 273.15 + 0.0065 * altitude_m / 2.0 + 0.12 * vapour.unwrap_or(0.0);
    let reduced = pressure_hpa * 10_f64.powf(0.014_827_5 * altitude_m / column_k);
    // A station that gives the wrong altitude shows nothing rather than a storm that is none: the lowest
    // pressure at sea level ever measured is 870 hPa, the highest 1084.
    within(reduced, (850.0, 1100.0)).then_some(reduced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_atmosphere_comes_down_to_1013_25() {
        // ICAO's: 15 °C at sea level, 6.5 K less for each km.
        for (altitude, pressure) in [(0.0, 1013.25), (500.0, 954.61), (1000.0, 898.74), (2000.0, 794.95)] {
            let temperature = 15.0 - 0.0065 * altitude;
            let reduced = sea_level_pressure_hpa(pressure, temperature, None, altitude).unwrap();
            assert!((reduced - 1013.25).abs() < 0.25, "{altitude} m: {reduced}");
        }
    }

    #[test]
    fn the_share_of_the_vapour_is_as_stated() {
        let dry = sea_level_pressure_hpa(955.0, 25.0, None, 500.0).unwrap();
        let moist = sea_level_pressure_hpa(955.0, 25.0, Some(63.1), 500.0).unwrap();
        assert!((dry - moist - 0.5).abs() < 0.1, "{}", dry - moist);
    }

    #[test]
    fn outside_the_domain_there_is_nothing() {
        assert_eq!(sea_level_pressure_hpa(499.0, 20.0, None, 0.0), None);
        assert_eq!(sea_level_pressure_hpa(700.0, 20.0, None, 3001.0), None);
        assert_eq!(sea_level_pressure_hpa(1000.0, 61.0, None, 0.0), None);
        assert_eq!(sea_level_pressure_hpa(1000.0, 20.0, None, 2000.0), None, "that is no station at 2000 m");
    }
}
