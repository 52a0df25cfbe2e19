//! Checks with windows and seasons of their own: `[quality.hampel]` and the like.

use std::time::Duration;

use minuano_settings::Problems;
use minuano_telemetry::Quantity;
use serde::Deserialize;

use super::QualityConfig;
use crate::quality::limits::{Season, Tuning};
use crate::quality::range;

/// How much of `settle_after` readings may lie apart of which one is to explain the other: the rest is for the way here.
const SECOND_LOOK: (f64, f64) = (11.0, 15.0);
/// The longest window of readings.
const MOST_READINGS: usize = 101;

/// Far from the median of the last readings.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HampelConfig {
    /// How many.
    pub readings: usize,
    /// How many times their usual distance from it is too far.
    pub times: f64,
}

/// Outside the percentiles of the past.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PercentileConfig {
    /// The lower one.
    pub low: f64,
    /// The upper one.
    pub high: f64,
    /// How far beyond them is well, in steps of the quantity.
    pub pad: f64,
}

/// Differences from the day before that add up.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CusumConfig {
    /// What an hour's difference may be without adding up, in steps of the quantity.
    pub slack: f64,
    /// The sum that is too much, in steps times hours.
    pub limit: f64,
}

/// Values that vary too little.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttenuatedConfig {
    /// In how long.
    #[serde(with = "minuano_settings::duration")]
    pub within: Duration,
    /// By how much at least, in steps of the quantity.
    pub least: f64,
}

/// What is usual in some months.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeasonConfig {
    /// Of what.
    pub quantity: Quantity,
    /// The first and the last month, 1 to 12.
    pub months: (i8, i8),
    /// Suspect outside.
    pub suspect: (f64, f64),
    /// Fail outside.
    pub fail: Option<(f64, f64)>,
}

impl Default for HampelConfig {
    fn default() -> Self {
        let Tuning { hampel_readings: readings, hampel_times: times, .. } = Tuning::default();
        Self { readings, times }
    }
}

impl Default for PercentileConfig {
    fn default() -> Self {
        let Tuning { percentiles: (low, high), percentile_pad: pad, .. } = Tuning::default();
        Self { low, high, pad }
    }
}

impl Default for CusumConfig {
    fn default() -> Self {
        let Tuning { cusum_slack: slack, cusum_limit: limit, .. } = Tuning::default();
        Self { slack, limit }
    }
}

impl Default for AttenuatedConfig {
    fn default() -> Self {
        let Tuning { attenuated_hours, attenuated_least: least, .. } = Tuning::default();
        Self { within: Duration::from_secs_f64(attenuated_hours * 3600.0), least }
    }
}

impl SeasonConfig {
    pub(super) const fn season(&self) -> Season {
        let Self { quantity, months, suspect, fail } = *self;
        Season { quantity, months, suspect, fail }
    }

    fn check(&self, index: usize, problems: &mut Problems) {
        let key = |name: &str| format!("quality.climatology[{index}].{name}");
        let month = |month: i8| (1..=12).contains(&month);
        problems.require(
            month(self.months.0) && month(self.months.1),
            &key("months"),
            "takes [first, last], each from 1 to 12",
        );
        let (low, high) = range::limits(self.quantity);
        let within = |(from, to): (f64, f64)| from < to && low <= from && to <= high;
        let takes = format!("takes [lowest, highest], the lower one first, within {low} to {high}");
        problems.require(within(self.suspect), &key("suspect"), &takes);
        if let Some(fail) = self.fail {
            problems.require(within(fail), &key("fail"), &takes);
            problems.require(
                fail.0 <= self.suspect.0 && self.suspect.1 <= fail.1,
                &key("fail"),
                "must hold all that suspect holds",
            );
        }
    }
}

impl QualityConfig {
    pub(super) fn tuning(&self) -> Tuning {
        Tuning {
            hampel_readings: self.hampel.readings,
            hampel_times: self.hampel.times,
            percentiles: (self.percentile.low, self.percentile.high),
            percentile_pad: self.percentile.pad,
            cusum_slack: self.cusum.slack,
            cusum_limit: self.cusum.limit,
            attenuated_hours: self.attenuated.within.as_secs_f64() / 3600.0,
            attenuated_least: self.attenuated.least,
            second_look_s: self.settle_after.as_secs_f64() * SECOND_LOOK.0 / SECOND_LOOK.1,
            gap_s: self.gap.as_secs_f64(),
            late_s: self.late.as_secs_f64(),
            skew_s: self.clock_skew.as_secs_f64(),
        }
    }

    pub(super) fn check_windows(&self, problems: &mut Problems) {
        let Self { hampel, percentile, cusum, attenuated, .. } = self;
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let takes_more = "takes more than 0";
        problems.require(
            (3..=MOST_READINGS).contains(&hampel.readings),
            "quality.hampel.readings",
            format_args!("takes 3 to {MOST_READINGS}"),
        );
        problems.require(positive(hampel.times), "quality.hampel.times", takes_more);
        problems.require(
            0.0 <= percentile.low && percentile.low < percentile.high && percentile.high <= 100.0,
            "quality.percentile.low",
            "takes a percentile below quality.percentile.high, both from 0 to 100",
        );
        problems.require(
            percentile.pad.is_finite() && percentile.pad >= 0.0,
            "quality.percentile.pad",
            "takes 0 or more",
        );
        problems.require(
            cusum.slack.is_finite() && cusum.slack >= 0.0,
            "quality.cusum.slack",
            "takes 0 or more",
        );
        problems.require(positive(cusum.limit), "quality.cusum.limit", takes_more);
        let hours = |low: u64, high: u64| Duration::from_secs(low * 3600)..=Duration::from_secs(high * 3600);
        problems.require(
            hours(1, 24).contains(&attenuated.within),
            "quality.attenuated.within",
            "takes \"1h\" to \"1d\"",
        );
        problems.require(positive(attenuated.least), "quality.attenuated.least", takes_more);
        for (key, value) in
            [("quality.gap", self.gap), ("quality.late", self.late), ("quality.clock_skew", self.clock_skew)]
        {
            problems.require(
                (Duration::from_secs(1)..=Duration::from_secs(30 * 86_400)).contains(&value),
                key,
                "takes \"1s\" to \"30d\"",
            );
        }
        for (index, season) in self.climatology.iter().enumerate() {
            season.check(index, problems);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        let config: QualityConfig = toml::from_str(text).unwrap();
        let mut problems = Problems::default();
        config.check(&mut problems);
        problems.to_string()
    }

    #[test]
    fn what_stands_unwritten_is_the_default_of_the_checks() {
        let rules = |text| toml::from_str::<QualityConfig>(text).unwrap().rules();
        assert_eq!(rules("").limits, crate::quality::limits::Limits::default());
        let short = rules("settle_after = \"5m\"").limits.tuning.second_look_s;
        assert!((short - 220.0).abs() < 1e-9, "{short}");
    }

    #[test]
    fn what_cannot_be_is_named() {
        assert_eq!(problems(""), "");
        for (wrong, named) in [
            ("[hampel]\nreadings = 0", "quality.hampel.readings"),
            ("[percentile]\nlow = 60\nhigh = 40", "quality.percentile.low"),
            ("[cusum]\nlimit = 0", "quality.cusum.limit"),
            ("[attenuated]\nwithin = \"0s\"", "quality.attenuated.within"),
            ("gap = \"0s\"", "quality.gap"),
            ("[temperature_c]\nbuddy = -1", "quality.temperature_c.buddy"),
            (
                "[[climatology]]\nquantity = \"temperature_c\"\nmonths = [0, 13]\nsuspect = [0, 20]",
                "quality.climatology[0].months",
            ),
            (
                "[[climatology]]\nquantity = \"temperature_c\"\nmonths = [6, 8]\nsuspect = [20, 0]",
                "quality.climatology[0].suspect",
            ),
            (
                "[[climatology]]\nquantity = \"temperature_c\"\nmonths = [6, 8]\nsuspect = [0, 20]\nfail = [5, 30]",
                "quality.climatology[0].fail",
            ),
        ] {
            let said = problems(wrong);
            assert!(said.contains(named), "{wrong}: {said:?}");
        }
    }

    #[test]
    fn every_check_can_be_named_and_one_that_is_not_there_cannot() {
        let all: Vec<String> = crate::quality::check::Check::ALL
            .iter()
            .map(|check| serde_json::to_string(check).unwrap())
            .collect();
        assert_eq!(problems(&format!("checks = [{}]", all.join(", "))), "");
        let error = toml::from_str::<QualityConfig>("checks = [\"magic\"]").unwrap_err().to_string();
        assert!(error.contains("magic") && error.contains("hampel"), "{error}");
    }
}
