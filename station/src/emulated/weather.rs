//! The weather that emulated chips feel: a recorded series, looped by time of day.
//!
//! The last hour of the loop is cross-faded into the first, played backwards, so that midnight has no step: the
//! day that is built in rises by 3.5 hPa from its first minute to its last. Each station's air differs a little
//! from the series, by its name, as that of neighbouring roofs does.

use super::Air;
use super::chip::noise;
use super::series::{Column, Series};

/// How long the end of the series is faded into its beginning.
const FADE_S: f64 = 3600.0;
/// Daylight: illuminance for each W/m² of solar irradiance. A value that no sensor can hold is left to the
/// sensor, which says so.
const LX_PER_W_M2: f64 = 120.0;

/// What a station's place differs by, at most: °C, hPa, % and part of the light.
const OFFSETS: [f64; 4] = [0.4, 0.15, 1.5, 0.04];
/// What the air flickers by, at most, in the same units.
const FLICKER: [f64; 4] = [0.02, 0.03, 0.15, 0.003];

/// The air at one station.
#[derive(Clone, Debug)]
pub struct Weather {
    series: Series,
    seed: u64,
    offsets: [f64; 4],
}

impl Weather {
    /// The series as it is at this station.
    pub fn new(series: Series, station: &str) -> Self {
        let seed = station.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self { series, seed, offsets: noise(seed, OFFSETS) }
    }

    /// The air at this time, in milliseconds since 1970.
    pub fn at(&self, now_ms: u64) -> Air {
        let flicker = noise(self.seed ^ now_ms.wrapping_mul(0x9E37_79B9_7F4A_7C15), FLICKER);
        let second = self.series.second_of_loop(now_ms);
        let [temperature, pressure, humidity, solar] =
            self.series.columns().each_ref().map(|column| looped(column, second, self.series.period_s()));
        let [t, p, h, light] = self.offsets;
        let light = 1.0 + light + flicker[3];
        Air {
            temperature_c: temperature + t + flicker[0],
            pressure_hpa: pressure + p + flicker[1],
            humidity_pct: (humidity + h + flicker[2]).clamp(0.0, 100.0),
            illuminance_lx: solar.max(0.0) * LX_PER_W_M2 * light,
        }
    }
}

/// The column at this second of a loop whose end runs into its beginning.
fn looped(column: &Column, second: f64, period_s: f64) -> f64 {
    let value = column.at(second);
    let left = period_s - second;
    if left >= FADE_S {
        return value;
    }
    let kept = left / FADE_S;
    value * kept + column.at(left) * (1.0 - kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;
    /// 20 November 2026.
    const TODAY: u64 = 20_777 * DAY_MS;

    fn roof() -> Weather {
        Weather::new(Series::built_in().expect("the built-in series is sound"), "roof")
    }

    #[test]
    fn midnight_is_continuous() {
        let weather = roof();
        let hpa = |minute: u64| {
            looped(
                &weather.series.columns()[1],
                weather.series.second_of_loop(TODAY + minute * 60_000),
                86_400.0,
            )
        };
        for minute in 1430..1450 {
            let step = (hpa(minute + 1) - hpa(minute)).abs();
            assert!(step < 0.1, "{step} hPa in minute {minute}");
        }
        // The instrument resolves 0.1 hPa: elsewhere a minute may hold one of its steps besides the fade.
        assert!((0..2880).all(|minute| (hpa(minute + 1) - hpa(minute)).abs() < 0.2));
    }

    #[test]
    fn it_is_the_recorded_day_at_any_date() {
        let air = roof().at(TODAY + 18 * 3_600_000);
        // Half an hour before the sun stands highest.
        let recorded = Series::built_in().expect("sound");
        let [t, p, h, solar] = recorded.columns().each_ref().map(|column| column.at(64_800.0));
        assert!((air.temperature_c - t).abs() <= 0.43);
        assert!((air.pressure_hpa - p).abs() <= 0.19);
        assert!((air.humidity_pct - h).abs() <= 1.66);
        assert!((air.illuminance_lx / (solar * LX_PER_W_M2) - 1.0).abs() <= 0.044);
        assert_eq!(roof().at(TODAY), roof().at(TODAY), "deterministic");
        assert_eq!(roof().at(TODAY + 8 * 3_600_000).illuminance_lx, 0.0, "one in the morning there");
    }

    #[test]
    fn stations_differ() {
        let cellar = Weather::new(Series::built_in().expect("sound"), "cellar");
        assert!((cellar.offsets[0] - roof().offsets[0]).abs() > 0.001);
        assert!((cellar.offsets[1] - roof().offsets[1]).abs() > 0.001);
    }
}
