//! Attenuated signal: a window whose values vary too little.

use std::collections::VecDeque;

use minuano_telemetry::Flag;

use super::times::Nanos;

/// What of the window is compared with the thresholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// The standard deviation, of the window itself (divided by n).
    #[default]
    Deviation,
    /// The highest less the lowest.
    Range,
}

impl Measure {
    /// Of these values; none without any.
    fn of(self, values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
        let count = values.clone().count();
        if count == 0 {
            return None;
        }
        let (low, high) =
            values.clone().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        Some(match self {
            Self::Range => high - low,
            // Rounding must not make a variance of what does not vary.
            Self::Deviation if low >= high => 0.0,
            Self::Deviation => {
                let mean = values.clone().sum::<f64>() / count as f64;
                (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64).sqrt()
            }
        })
    }
}

/// Below which variation a reading is suspect, and fails.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// Suspect.
    pub suspect: f64,
    /// Fail.
    pub fail: f64,
}

impl Thresholds {
    fn judge(self, varied: Option<f64>) -> Flag {
        match varied {
            None => Flag::NotEvaluated,
            Some(varied) if varied < self.fail => Flag::Fail,
            Some(varied) if varied < self.suspect => Flag::Suspect,
            Some(_) => Flag::Good,
        }
    }

    /// The flag of every reading of a whole series, which is one window.
    pub fn of_series(self, measure: Measure, values: &[Option<f64>]) -> Vec<Flag> {
        let flag = self.judge(measure.of(values.iter().copied().flatten()));
        values.iter().map(|value| if value.is_some() { flag } else { Flag::Missing }).collect()
    }
}

/// Thresholds over a window of time that ends at the reading.
#[derive(Clone, Debug)]
pub struct Attenuated {
    thresholds: Thresholds,
    measure: Measure,
    period: Nanos,
    least: usize,
    window: VecDeque<(Nanos, Option<f64>)>,
}

impl Attenuated {
    /// `least` values are needed in the window to judge it.
    pub fn new(thresholds: Thresholds, measure: Measure, period: Nanos, least: usize) -> Self {
        Self { thresholds, measure, period, least, window: VecDeque::new() }
    }

    /// Takes the next value and gives its flag.
    pub fn push(&mut self, at: Nanos, value: Option<f64>) -> Flag {
        self.window.push_back((at, value));
        while self.window.front().is_some_and(|(then, _)| at - then >= self.period) {
            self.window.pop_front();
        }
        if value.is_none() {
            return Flag::Missing;
        }
        let values = self.window.iter().filter_map(|(_, value)| *value);
        let known = values.clone().count();
        // A range over a window with a hole is none, a deviation is.
        let has_hole = self.measure == Measure::Range && known < self.window.len();
        let varied = if known < self.least || has_hole { None } else { self.measure.of(values) };
        self.thresholds.judge(varied)
    }
}
