//! The physics of relative humidity, and what a value near saturation is worth.

use minuano_telemetry::Fault;

/// Saturation vapour pressure over water in hPa: the Magnus formula as WMO-No. 8 gives it (Guide to Instruments
/// and Methods of Observation, 2018, volume I, annex 4.B), for −45 to 60 °C in the pure phase. Humidity sensors
/// report over water below 0 °C, too.
pub fn saturation_hpa(celsius: f64) -> f64 {
    6.112 * (17.62 * celsius / (243.12 + celsius)).exp()
}

/// What the relative humidity `pct`, found at one temperature, is at another for the same vapour: what a sensor
/// that is warmer than the air must be corrected by.
pub fn at_other_temperature(pct: f64, found_at_c: f64, true_c: f64) -> f64 {
    pct * saturation_hpa(found_at_c) / saturation_hpa(true_c)
}

/// A relative humidity as it may be sent. A part in fog reads up to its accuracy above 100 %, one in the driest
/// air as much below 0 %: within its stated accuracy such a value **is** saturation, or dryness. Beyond it is
/// dew on the element or a defect, and a fault.
pub(super) fn credible(pct: f64, accuracy_pct: f64) -> Result<f64, Fault> {
    if (-accuracy_pct..=100.0 + accuracy_pct).contains(&pct) {
        Ok(pct.clamp(0.0, 100.0))
    } else {
        Err(Fault::Range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saturation_agrees_with_the_tables() {
        // Smithsonian tables by way of WMO-No. 8: Magnus is within 0.6 % from −40 to 50 °C.
        for (celsius, hpa) in
            [(-40.0, 0.1891), (-20.0, 1.2540), (0.0, 6.1078), (20.0, 23.373), (40.0, 73.777)]
        {
            let off = saturation_hpa(celsius) / hpa - 1.0;
            assert!(off.abs() < 0.006, "{celsius} °C is off by {off}");
        }
    }

    #[test]
    fn a_sensor_that_is_too_warm_reads_too_dry() {
        assert_eq!(at_other_temperature(50.0, 20.0, 20.0), 50.0);
        let cooler = at_other_temperature(50.0, 20.0, 19.0);
        assert!((cooler - 53.19).abs() < 0.02, "{cooler}");
        let there_and_back = at_other_temperature(cooler, 19.0, 20.0);
        assert!((there_and_back - 50.0).abs() < 1e-9);
    }

    #[test]
    fn fog_is_saturation_and_a_wet_element_is_a_fault() {
        assert_eq!(credible(100.0, 3.0), Ok(100.0));
        assert_eq!(credible(102.9, 3.0), Ok(100.0));
        assert_eq!(credible(103.1, 3.0), Err(Fault::Range));
        assert_eq!(credible(-1.0, 3.0), Ok(0.0));
        assert_eq!(credible(-3.1, 3.0), Err(Fault::Range));
        assert_eq!(credible(f64::NAN, 3.0), Err(Fault::Range));
    }
}
