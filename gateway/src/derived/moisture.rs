//! Water in the air.

/// Where the vapour pressure over water is known: WMO-No. 8 gives it for −45 to 60 °C.
const OVER_WATER_C: (f64, f64) = (-45.0, 60.0);
/// How far beyond saturation a sensor may stand in saturated air: the ±3 % that the parts which are usual here state.
pub const ACCURACY_PCT: f64 = 3.0;
/// The air pressures of the Earth's surface, with room to spare.
const SURFACE_HPA: (f64, f64) = (500.0, 1100.0);
/// The molar mass of water over that of dry air.
const MASS_RATIO: f64 = 0.621_945;

/// Saturation vapour pressure over water in hPa, below 0 °C over supercooled water as relative humidity is
/// defined and sensors are calibrated.
///
/// Magnus form of WMO-No. 8, "Guide to Instruments and Methods of Observation", volume I, annex 4.B
/// (after Sonntag 1990), without the enhancement factor of moist air (0.4 %). −45 to 60 °C.
pub fn saturation_vapour_pressure_hpa(temperature_c: f64) -> Option<f64> {
    within(temperature_c, OVER_WATER_C).then(|| over_water(temperature_c))
}

/// The humidity that a sensor means: up to its accuracy beyond 100 % is saturation, as in fog.
pub const fn up_to_saturation(humidity_pct: f64) -> f64 {
    if humidity_pct > 100.0 && humidity_pct <= 100.0 + ACCURACY_PCT { 100.0 } else { humidity_pct }
}

/// Vapour pressure in hPa from relative humidity in % (above 0, at most 100).
pub fn vapour_pressure_hpa(temperature_c: f64, humidity_pct: f64) -> Option<f64> {
    let is_humidity = humidity_pct > 0.0 && humidity_pct <= 100.0;
    is_humidity.then_some(())?;
    Some(humidity_pct / 100.0 * saturation_vapour_pressure_hpa(temperature_c)?)
}

/// Dew point in °C: where the air would be saturated over water, below 0 °C too (not the frost point).
///
/// The inverse of [`saturation_vapour_pressure_hpa`], source as there. Temperature and dew point −45 to 60 °C,
/// humidity above 0 to 100 %.
pub fn dew_point_c(temperature_c: f64, humidity_pct: f64) -> Option<f64> {
    let ratio = (vapour_pressure_hpa(temperature_c, humidity_pct)? / 6.112).ln();
    let dew_point = 243.12 * ratio / (17.62 - ratio);
    // At 100 % the two roundings may differ by the last bit.
    within(dew_point, OVER_WATER_C).then_some(dew_point.min(temperature_c))
}

/// Thermodynamic wet-bulb temperature in °C.
///
/// ASHRAE Handbook: Fundamentals (2017), chapter 1, equations 33 (bulb of water) and 35 (bulb of ice) solved
/// for the bulb; vapour pressure after WMO-No. 8 over water or ice. The bulb is water wherever that gives
/// 0 °C or more, else ice. −20 to 60 °C, humidity above 0 to 100 %, 500 to 1100 hPa.
pub fn wet_bulb_c(temperature_c: f64, humidity_pct: f64, pressure_hpa: f64) -> Option<f64> {
    let holds = temperature_c >= -20.0 && within(pressure_hpa, SURFACE_HPA);
    holds.then_some(())?;
    let wetness = mixing_ratio(vapour_pressure_hpa(temperature_c, humidity_pct)?, pressure_hpa)?;
    let water = |bulb: f64| {
        let saturated = mixing_ratio(over_water(bulb), pressure_hpa)?;
        Some(
            ((2501.0 - 2.326 * bulb) * saturated - 1.006 * (temperature_c - bulb))
                / (2501.0 + 1.86 * temperature_c - 4.186 * bulb),
        )
    };
    let ice = |bulb: f64| {
        let saturated = mixing_ratio(over_ice(bulb), pressure_hpa)?;
        Some(
            ((2830.0 - 0.24 * bulb) * saturated - 1.006 * (temperature_c - bulb))
                / (2830.0 + 1.86 * temperature_c - 2.1 * bulb),
        )
    };
    if temperature_c >= 0.0 && wetness >= water(0.0)? {
        bisect(0.0, temperature_c, wetness, water)
    } else {
        // Air between saturation over ice and over water would make the bulb warmer than itself.
        bisect(-60.0, temperature_c.min(0.0), wetness, ice)
    }
}

/// Where `rising` reaches `goal`, to a thousandth.
fn bisect(mut low: f64, mut high: f64, goal: f64, rising: impl Fn(f64) -> Option<f64>) -> Option<f64> {
    while high - low > 0.001 {
        let middle = f64::midpoint(low, high);
        if rising(middle)? < goal {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(f64::midpoint(low, high))
}

/// Mass of water over mass of dry air.
fn mixing_ratio(vapour_hpa: f64, pressure_hpa: f64) -> Option<f64> {
    (vapour_hpa < pressure_hpa / 2.0).then(|| MASS_RATIO * vapour_hpa / (pressure_hpa - vapour_hpa))
}

fn over_water(temperature_c: f64) -> f64 {
    6.112 * (17.62 * temperature_c / (243.12 + temperature_c)).exp()
}

/// WMO-No. 8, volume I, annex 4.B: −65 to 0 °C.
fn over_ice(temperature_c: f64) -> f64 {
    6.112 * (22.46 * temperature_c / (272.62 + temperature_c)).exp()
}

/// NaN is nowhere.
pub(super) fn within(value: f64, (lowest, highest): (f64, f64)) -> bool {
    value >= lowest && value <= highest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saturated_air_is_at_its_dew_point_and_wet_bulb() {
        for tenths in -400..=600 {
            let temperature = f64::from(tenths) / 10.0;
            let dew_point = dew_point_c(temperature, 100.0).unwrap();
            assert!((dew_point - temperature).abs() < 1e-9 && dew_point <= temperature);
        }
        for tenths in 0..=500 {
            let temperature = f64::from(tenths) / 10.0;
            assert!((wet_bulb_c(temperature, 100.0, 1013.25).unwrap() - temperature).abs() < 0.002);
        }
    }

    #[test]
    fn the_wet_bulb_lies_between_dew_point_and_air_above_freezing_and_never_jumps_back() {
        for temperature in (1..=50).map(f64::from) {
            let mut last = f64::NEG_INFINITY;
            for humidity in (10..=100).map(f64::from) {
                let bulb = wet_bulb_c(temperature, humidity, 900.0).unwrap();
                assert!(bulb > last, "{temperature} °C {humidity} %: {bulb} after {last}");
                assert!(bulb <= temperature);
                if bulb > 0.0 {
                    assert!(bulb + 0.002 > dew_point_c(temperature, humidity).unwrap());
                }
                last = bulb;
            }
        }
    }

    #[test]
    fn outside_the_domain_there_is_nothing() {
        assert_eq!(dew_point_c(20.0, 0.0), None);
        assert_eq!(dew_point_c(20.0, 100.01), None);
        assert_eq!(dew_point_c(60.1, 50.0), None);
        assert_eq!(dew_point_c(-45.1, 50.0), None);
        assert_eq!(dew_point_c(-40.0, 10.0), None, "the dew point lies below −45 °C");
        assert_eq!(wet_bulb_c(20.0, 50.0, 499.0), None);
        assert_eq!(wet_bulb_c(-20.1, 50.0, 1000.0), None);
    }
}
