//! Flat line: values that stay within a tolerance for too long.

use std::collections::VecDeque;

use minuano_telemetry::Flag;

/// How many readings may stay how close, and the last ones.
#[derive(Clone, Debug)]
pub struct FlatLine {
    suspect: usize,
    fail: usize,
    tolerance: f64,
    window: VecDeque<Option<f64>>,
}

impl FlatLine {
    /// The counts are of readings before the one that is judged.
    pub fn new(suspect: usize, fail: usize, tolerance: f64) -> Self {
        Self { suspect, fail, tolerance, window: VecDeque::new() }
    }

    /// Takes the next value and gives its flag.
    pub fn push(&mut self, value: Option<f64>) -> Flag {
        self.window.push_back(value);
        if self.window.len() > self.suspect.max(self.fail) + 1 {
            self.window.pop_front();
        }
        if value.is_none() {
            Flag::Missing
        } else if self.is_flat(self.fail) {
            Flag::Fail
        } else if self.is_flat(self.suspect) {
            Flag::Suspect
        } else {
            Flag::Good
        }
    }

    fn is_flat(&self, count: usize) -> bool {
        if self.window.len() <= count {
            return false;
        }
        let values = self.window.iter().rev().take(count + 1).flatten();
        let (low, high) =
            values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
        (high - low).abs() < self.tolerance
    }
}
