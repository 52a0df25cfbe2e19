//! `[quality]`: which checks run, and what they hold readings to.

use std::time::Duration;

use minuano_settings::Problems;
use minuano_telemetry::{Quantity, StationName};
use serde::{Deserialize, Deserializer};

use crate::quality::check::{Check, runs_by_default};
use crate::quality::engine::Rules;
use crate::quality::limits::{Limits, Tuning};
use crate::quality::place::Place;
use crate::quality::range;

mod windows;

pub use windows::{AttenuatedConfig, CusumConfig, HampelConfig, PercentileConfig, SeasonConfig};

/// How readings are checked, and when a row's flags are final.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QualityConfig {
    /// At the latest this long after arrival.
    #[serde(with = "minuano_settings::duration")]
    pub settle_after: Duration,
    /// The checks that run.
    pub checks: Vec<Check>,
    /// Stations within this distance are neighbours.
    pub neighbours_km: f64,
    /// Those of them that are no more than this higher or lower.
    pub neighbours_height_m: f64,
    /// Places of stations that do not say it, or say it wrongly.
    pub places: Vec<PlaceConfig>,
    /// Limits of temperature.
    pub temperature_c: QuantityConfig,
    /// Limits of pressure.
    pub pressure_hpa: QuantityConfig,
    /// Limits of humidity.
    pub humidity_pct: QuantityConfig,
    /// Limits of illuminance.
    pub illuminance_lx: QuantityConfig,
    /// What is usual in some months.
    pub climatology: Vec<SeasonConfig>,
    /// Far from the median of the last readings.
    pub hampel: HampelConfig,
    /// Outside the percentiles of the past.
    pub percentile: PercentileConfig,
    /// Differences from the day before that add up.
    pub cusum: CusumConfig,
    /// Values that vary too little.
    pub attenuated: AttenuatedConfig,
    /// The longest time without a reading.
    #[serde(with = "minuano_settings::duration")]
    pub gap: Duration,
    /// The latest that a reading may arrive.
    #[serde(with = "minuano_settings::duration")]
    pub late: Duration,
    /// How far a station's clock may be from the gateway's.
    #[serde(with = "minuano_settings::duration")]
    pub clock_skew: Duration,
}

/// Limits of one quantity; what is absent has its default.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuantityConfig {
    /// The lowest and highest value; fail outside.
    pub range: Option<(f64, f64)>,
    /// The change within a minute that is suspect: the scale of spikes, steps, drifts and neighbours.
    pub step: Option<f64>,
    /// How long a value may stay the same.
    #[serde(deserialize_with = "some_duration")]
    pub flat: Option<Duration>,
    /// How far from the middle of its neighbours a value may be.
    pub buddy: Option<f64>,
}

/// Where a station is, whatever it says of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceConfig {
    /// Which.
    pub station: String,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Metres above the sea.
    pub altitude_m: Option<f64>,
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    minuano_settings::duration::deserialize(deserializer).map(Some)
}

impl Default for QualityConfig {
    fn default() -> Self {
        let tuning = Tuning::default();
        Self {
            settle_after: Duration::from_secs(15 * 60),
            checks: Check::ALL.into_iter().filter(|check| runs_by_default(*check)).collect(),
            neighbours_km: 15.0,
            neighbours_height_m: 150.0,
            places: Vec::new(),
            temperature_c: QuantityConfig::default(),
            pressure_hpa: QuantityConfig::default(),
            humidity_pct: QuantityConfig::default(),
            illuminance_lx: QuantityConfig::default(),
            climatology: Vec::new(),
            hampel: HampelConfig::default(),
            percentile: PercentileConfig::default(),
            cusum: CusumConfig::default(),
            attenuated: AttenuatedConfig::default(),
            gap: Duration::from_secs_f64(tuning.gap_s),
            late: Duration::from_secs_f64(tuning.late_s),
            clock_skew: Duration::from_secs_f64(tuning.skew_s),
        }
    }
}

impl PlaceConfig {
    fn named(&self) -> Option<(StationName, Place)> {
        let Self { latitude, longitude, altitude_m, .. } = *self;
        Some((self.station.parse().ok()?, Place { latitude, longitude, altitude_m }))
    }

    fn check(&self, index: usize, problems: &mut Problems) {
        let key = |name: &str| format!("quality.places[{index}].{name}");
        if let Err(error) = self.station.parse::<StationName>() {
            problems.add(key("station"), format_args!("{:?} {error}", self.station));
        }
        let within =
            |value: Option<f64>, low: f64, high: f64| value.is_none_or(|value| (low..=high).contains(&value));
        problems.require(within(self.latitude, -90.0, 90.0), &key("latitude"), "takes -90 to 90 degrees");
        problems.require(
            within(self.longitude, -180.0, 180.0),
            &key("longitude"),
            "takes -180 to 180 degrees",
        );
        problems.require(within(self.altitude_m, -430.0, 9000.0), &key("altitude_m"), "takes -430 to 9000 m");
        problems.require(
            self.latitude.is_some() == self.longitude.is_some(),
            &key("longitude"),
            "goes with latitude: give both or neither",
        );
    }
}

impl QualityConfig {
    fn of(&self, quantity: Quantity) -> &QuantityConfig {
        match quantity {
            Quantity::Temperature => &self.temperature_c,
            Quantity::Pressure => &self.pressure_hpa,
            Quantity::Humidity => &self.humidity_pct,
            Quantity::Illuminance => &self.illuminance_lx,
        }
    }

    /// What the engine works by.
    pub fn rules(&self) -> Rules {
        let mut limits = Limits::default().only(&self.checks);
        for quantity in Quantity::ALL {
            let (given, limits) = (self.of(quantity), &mut limits.quantities[quantity as usize]);
            limits.range = given.range.unwrap_or(limits.range);
            limits.step = given.step.or(limits.step);
            limits.buddy = given.buddy.or(limits.buddy);
            limits.flat_s = given.flat.map(|flat| flat.as_secs_f64()).or(limits.flat_s);
        }
        limits.seasons = self.climatology.iter().map(SeasonConfig::season).collect();
        limits.tuning = self.tuning();
        Rules {
            limits,
            settle_after_ms: i64::try_from(self.settle_after.as_millis()).unwrap_or(i64::MAX),
            neighbours_km: self.neighbours_km,
            neighbours_height_m: self.neighbours_height_m,
            places: self.places.iter().filter_map(PlaceConfig::named).collect(),
        }
    }

    /// Names what cannot be.
    pub(super) fn check(&self, problems: &mut Problems) {
        self.check_windows(problems);
        problems.require(
            (Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&self.settle_after),
            "quality.settle_after",
            "takes \"1s\" to \"1d\"",
        );
        let mut seen = Vec::new();
        for check in &self.checks {
            problems.require(!seen.contains(check), "quality.checks", "names a check twice");
            seen.push(*check);
        }
        problems.require(
            (0.0..=25.0).contains(&self.neighbours_km),
            "quality.neighbours_km",
            "takes 0 to 25",
        );
        problems.require(
            (0.0..=9000.0).contains(&self.neighbours_height_m),
            "quality.neighbours_height_m",
            "takes 0 to 9000",
        );
        for (index, place) in self.places.iter().enumerate() {
            place.check(index, problems);
            problems.require(
                !self.places[..index].iter().any(|other| other.station == place.station),
                &format!("quality.places[{index}].station"),
                format_args!("{:?} has a place already", place.station),
            );
        }
        for quantity in Quantity::ALL {
            let given = self.of(quantity);
            let key = |name: &str| format!("quality.{}.{name}", quantity.key());
            let (low, high) = range::limits(quantity);
            if let Some((from, to)) = given.range {
                problems.require(
                    from < to && low <= from && to <= high,
                    &key("range"),
                    format_args!("takes [lowest, highest], the lower one first, within {low} to {high}"),
                );
            }
            problems.require(
                given.step.is_none_or(|step| step.is_finite() && step > 0.0),
                &key("step"),
                format_args!("takes more than 0 {}", quantity.unit()),
            );
            problems.require(
                given.buddy.is_none_or(|buddy| buddy.is_finite() && buddy > 0.0),
                &key("buddy"),
                format_args!("takes more than 0 {}", quantity.unit()),
            );
            problems.require(
                given.flat.is_none_or(|flat| flat >= Duration::from_secs(60)),
                &key("flat"),
                "takes at least \"1m\"",
            );
        }
    }
}
