//! Rate of change: a value against the one before it.

use minuano_telemetry::Flag;

use super::times::{Nanos, whole_seconds};

/// Thresholds in units a second, and the last reading.
#[derive(Clone, Debug)]
pub struct RateOfChange {
    suspect: f64,
    fail: Option<f64>,
    last: Option<(Option<Nanos>, Option<f64>)>,
}

impl RateOfChange {
    /// With these thresholds.
    pub const fn new(suspect: f64, fail: Option<f64>) -> Self {
        Self { suspect, fail, last: None }
    }

    /// Takes the next value and gives its flag. What follows a gap passes, and so does a change in an unknown time: to
    /// ioos_qc that is the longest time there is.
    pub fn push(&mut self, at: Option<Nanos>, value: Option<f64>) -> Flag {
        let last = self.last.replace((at, value));
        let Some(value) = value else { return Flag::Missing };
        let rate = match last {
            Some((_, None)) => return Flag::Good,
            Some((then, Some(before))) => {
                let seconds = at.zip(then).map_or(Nanos::MAX as f64, |(at, then)| whole_seconds(at - then));
                // Readings of one second: ioos_qc compares the difference itself.
                if seconds == 0.0 { (value - before).abs() } else { ((value - before) / seconds).abs() }
            }
            None => 0.0,
        };
        if self.fail.is_some_and(|fail| rate > fail) {
            Flag::Fail
        } else if rate > self.suspect {
            Flag::Suspect
        } else {
            Flag::Good
        }
    }
}
