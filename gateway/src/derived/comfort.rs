//! How warm the air feels.

use super::moisture::{dew_point_c, vapour_pressure_hpa, within};

/// Heat index in °C: what the shade feels like in a light wind.
///
/// The United States National Weather Service's algorithm: Rothfusz, "The heat index equation", NWS Southern
/// Region Technical Attachment SR 90-23 (1990), with the adjustments for very dry and very humid air and
/// Steadman's simple form near its lower end, in the order of Anderson et al. (2013) as MetPy has it. From 80 °F (26.67 °C), below which it is not defined, to 50 °C.
/// The regression was made for the table of Steadman (1979), within ±0.7 °C of it; very hot air near saturation,
/// which no one has measured, lies beyond that table.
pub fn heat_index_c(temperature_c: f64, humidity_pct: f64) -> Option<f64> {
    let t = temperature_c * 1.8 + 32.0;
    let rh = humidity_pct;
    let holds = t >= 80.0 && temperature_c <= 50.0 && within(rh, (0.0, 100.0));
    holds.then_some(())?;
    let simple = -10.3 + 1.1 * t + 0.047 * rh;
    let mut index = if simple < 79.0 {
        simple
    } else {
        -42.379 + 2.049_015_23 * t + 10.143_331_27 * rh
            - 0.224_755_41 * t * rh
            - 6.837_83e-3 * t * t
            - 5.481_717e-2 * rh * rh
            + 1.228_74e-3 * t * t * rh
            + 8.528_2e-4 * t * rh * rh
            - 1.99e-6 * t * t * rh * rh
    };
    if rh <= 13.0 && t <= 112.0 {
        index -= (13.0 - rh) / 4.0 * ((17.0 - (t - 95.0).abs()) / 17.0).sqrt();
    } else if rh > 85.0 && t <= 87.0 {
        index += (rh - 85.0) / 10.0 * (87.0 - t) / 5.0;
    }
    Some((index - 32.0) / 1.8)
}

/// Humidex in °C, as in Canada's forecasts.
///
/// Masterton and Richardson, "Humidex: a method of quantifying human discomfort due to excessive heat and
/// humidity", Environment Canada CLI 1-79 (1979). It is given for 20 to 55 °C with a dew point of at least 0 °C.
pub fn humidex_c(temperature_c: f64, humidity_pct: f64) -> Option<f64> {
    let dew_point = dew_point_c(temperature_c, humidity_pct)?;
    let holds = within(temperature_c, (20.0, 55.0)) && dew_point >= 0.0;
    holds.then(|| {
        let vapour = 6.11 * (5417.753 * (1.0 / 273.16 - 1.0 / (273.15 + dew_point))).exp();
        temperature_c + 5.0 / 9.0 * (vapour - 10.0)
    })
}

/// What the air feels like in °C, at every season: the apparent temperature of Australia's Bureau of Meteorology,
/// in the shade and, since Minuano's stations have no anemometer, in still air.
///
/// Steadman, "Norms of apparent temperature in Australia", Australian Meteorological Magazine 43 (1994):
/// `T + 0.33 e − 0.70 v − 4.00` with v = 0. Wind would make it lower by 0.7 °C for each m/s. −10 to 50 °C.
pub fn feels_like_c(temperature_c: f64, humidity_pct: f64) -> Option<f64> {
    let vapour = vapour_pressure_hpa(temperature_c, humidity_pct)?;
    within(temperature_c, (-10.0, 50.0)).then_some(temperature_c + 0.33 * vapour - 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_tables() {
        // Environment Canada's table: 30 °C with a dew point of 15 °C is 34, 35 °C with 25 °C is 47.
        assert_eq!(humidex_c(30.0, 40.19).map(f64::round), Some(34.0));
        assert_eq!(humidex_c(35.0, 56.35).map(f64::round), Some(47.0));
        // The Weather Service's chart: 90 °F at 70 % is 105 °F (106 by the regression), 100 °F at 40 % is 109 °F.
        let fahrenheit = |t: f64, rh| heat_index_c((t - 32.0) / 1.8, rh).map(|c| (c * 1.8 + 32.0).round());
        assert_eq!(fahrenheit(90.0, 70.0), Some(106.0));
        assert_eq!(fahrenheit(100.0, 40.0), Some(109.0));
    }

    #[test]
    fn outside_the_domain_there_is_nothing() {
        assert_eq!(heat_index_c(26.66, 50.0), None);
        assert!(heat_index_c(26.67, 50.0).is_some());
        assert_eq!(heat_index_c(50.1, 10.0), None);
        assert_eq!(humidex_c(19.9, 90.0), None);
        assert_eq!(humidex_c(25.0, 10.0), None, "the dew point lies below 0 °C");
        assert_eq!(feels_like_c(-10.1, 50.0), None);
        assert_eq!(feels_like_c(50.1, 50.0), None);
    }
}
