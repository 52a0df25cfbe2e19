//! A quantity against its recent past, by three tests of the textbooks that are off by default: they need windows
//! of their own, which a station has only where one of them runs.

use std::collections::VecDeque;

use minuano_telemetry::{Flag, Quantity};

use super::check::{Check, Finding};
use super::limits::Limits;

/// Ten-minute means before a percentile of them is believed: three days.
const PERCENTILE_LEAST: u32 = 432;
/// How fast a percentile follows, in suspect minute steps a ten-minute mean.
const PERCENTILE_PACE: f32 = 0.05;
/// Median absolute deviations in a standard deviation.
const DEVIATIONS: f64 = 1.4826;
/// Share of the suspect minute step that the usual distance from the median is at least.
const LEAST_DEVIATION: f64 = 0.1;

/// What is remembered of one quantity.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    readings: VecDeque<f32>,
    percentiles: Option<(f32, f32)>,
    means: u32,
    sums: (f32, f32),
}

impl Recent {
    /// Whether any of the tests runs.
    pub const fn wanted(limits: &Limits) -> bool {
        limits.runs(Check::Hampel) || limits.runs(Check::Percentile) || limits.runs(Check::Cusum)
    }

    /// Takes a reading: how far is it from the median of those before it (Hampel's identifier), and from the
    /// percentiles of the past?
    #[expect(clippy::cast_possible_truncation, reason = "weather fits")]
    pub fn push(&mut self, limits: &Limits, quantity: Quantity, value: f64) -> Option<Finding> {
        let unit = limits.of(quantity).step?;
        let tuning = &limits.tuning;
        let mut found = None;
        if limits.runs(Check::Hampel) {
            if self.readings.len() >= tuning.hampel_readings {
                let median = median(self.readings.iter().copied());
                let usual = median_of(self.readings.iter().map(|other| (f64::from(*other) - median).abs()));
                let limit = tuning.hampel_times * (DEVIATIONS * usual).max(LEAST_DEVIATION * unit);
                let change = value - median;
                found = (change.abs() > limit).then_some((Check::Hampel, change, limit));
                self.readings.pop_front();
            }
            self.readings.push_back(value as f32);
        }
        if let (true, Some((low, high))) = (limits.runs(Check::Percentile), self.percentiles)
            && self.means >= PERCENTILE_LEAST
        {
            let pad = tuning.percentile_pad * unit;
            let (low, high) = (f64::from(low) - pad, f64::from(high) + pad);
            let outside = if value < low { Some(low) } else { (value > high).then_some(high) };
            found = found.or(outside.map(|limit| (Check::Percentile, value - limit, limit)));
        }
        found.map(|(check, change, limit)| suspect(check, value, change, limit))
    }

    /// A ten-minute mean is complete: the percentiles follow it, each by a step that leaves its share of means
    /// beyond it (Robbins and Monro 1951).
    #[expect(clippy::cast_possible_truncation, reason = "weather fits")]
    pub fn mean(&mut self, limits: &Limits, quantity: Quantity, mean: f64) {
        let Some(unit) = limits.of(quantity).step.filter(|_| limits.runs(Check::Percentile)) else { return };
        let (mean, pace) = (mean as f32, PERCENTILE_PACE * unit as f32);
        let (low, high) = self.percentiles.get_or_insert((mean, mean));
        let follow = |place: &mut f32, percent: f64| {
            let share = (percent / 100.0) as f32;
            *place += pace * if mean < *place { share - 1.0 } else { share };
        };
        follow(low, limits.tuning.percentiles.0);
        follow(high, limits.tuning.percentiles.1);
        self.means = self.means.saturating_add(1);
    }

    /// Takes the difference of an hour from the day before, each ten minutes: does it add up (Page 1954)?
    #[expect(clippy::cast_possible_truncation, reason = "weather fits")]
    pub fn sum(&mut self, limits: &Limits, quantity: Quantity, value: f64, change: f64) -> Option<Finding> {
        let unit = limits.of(quantity).step.filter(|_| limits.runs(Check::Cusum))?;
        let tuning = &limits.tuning;
        let step = |sum: f32, change: f64| {
            (f64::from(sum) + (change / unit - tuning.cusum_slack) / 6.0).max(0.0) as f32
        };
        self.sums = (step(self.sums.0, change), step(self.sums.1, -change));
        let (up, down) = (f64::from(self.sums.0), f64::from(self.sums.1));
        let sum = if up > down { up } else { -down };
        (sum.abs() > tuning.cusum_limit).then(|| {
            self.sums = (0.0, 0.0);
            suspect(Check::Cusum, value, sum * unit, tuning.cusum_limit * unit)
        })
    }
}

const fn suspect(check: Check, value: f64, change: f64, limit: f64) -> Finding {
    Finding { check, flag: Flag::Suspect, value, change, seconds: 600.0, limit }
}

fn median(values: impl Iterator<Item = f32>) -> f64 {
    median_of(values.map(f64::from))
}

fn median_of(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Quantity = Quantity::Temperature;

    #[test]
    fn a_value_far_from_the_median_of_those_before_it_is_found() {
        let limits = Limits::default().only(&[Check::Hampel]);
        let mut recent = Recent::default();
        for index in 0..11 {
            assert_eq!(recent.push(&limits, T, 20.0 + 0.1 * f64::from(index % 3)), None);
        }
        let found = recent.push(&limits, T, 25.0).unwrap();
        assert_eq!((found.check, found.flag), (Check::Hampel, Flag::Suspect));
        assert!((found.change - 4.9).abs() < 1e-5, "{found:?}");
        assert_eq!(recent.push(&limits, T, 20.1), None, "one outlier does not move a median");
        for _ in 0..6 {
            recent.push(&limits, T, 25.0);
        }
        assert_eq!(recent.push(&limits, T, 25.0), None, "most of eleven do");
    }

    #[test]
    fn what_never_varied_may_vary_a_little() {
        let limits = Limits::default().only(&[Check::Hampel]);
        let mut recent = Recent::default();
        for _ in 0..11 {
            recent.push(&limits, T, 20.0);
        }
        assert_eq!(recent.push(&limits, T, 21.7), None);
        assert!(recent.push(&limits, T, 21.9).is_some());
    }

    #[test]
    fn a_value_beyond_the_percentiles_of_the_past_is_found_once_they_are_known() {
        let limits = Limits::default().only(&[Check::Percentile]);
        let mut recent = Recent::default();
        for index in 0..432 {
            assert_eq!(recent.push(&limits, T, 40.0), None);
            recent.mean(&limits, T, 15.0 + 5.0 * (f64::from(index) / 144.0 * std::f64::consts::TAU).sin());
        }
        assert_eq!(recent.push(&limits, T, 21.0), None);
        assert_eq!(recent.push(&limits, T, 28.0).unwrap().check, Check::Percentile);
    }

    #[test]
    fn differences_that_stay_add_up_and_those_that_come_and_go_do_not() {
        let limits = Limits::default().only(&[Check::Cusum]);
        let mut recent = Recent::default();
        let found = |recent: &mut Recent, change: f64| {
            (0..144).filter_map(|_| recent.sum(&limits, T, 20.0, change)).count()
        };
        assert_eq!(found(&mut recent, 1.4), 0, "within the slack");
        assert_eq!(found(&mut recent, -4.6), 2, "a step more than the slack for 24 h is twice the limit");
    }
}
