//! Time gap and data reception: a time against the one before it, and against now.

use minuano_telemetry::Flag;

/// Nanoseconds since 1970 (UTC), or between two times.
pub type Nanos = i64;

/// A second.
pub const SECOND: Nanos = 1_000_000_000;

/// Whole seconds of a duration, the rest dropped.
pub fn whole_seconds(duration: Nanos) -> f64 {
    duration.div_euclid(SECOND) as f64
}

/// How long there may be nothing, and the last time.
#[derive(Clone, Debug)]
pub struct TimeGap {
    longest: Nanos,
    last: Option<Option<Nanos>>,
}

impl TimeGap {
    /// `longest` between two readings.
    pub const fn new(longest: Nanos) -> Self {
        Self { longest, last: None }
    }

    /// Takes the next time and gives its flag; the first of a series is good.
    pub fn push(&mut self, at: Option<Nanos>) -> Flag {
        let last = self.last.replace(at);
        match (last, at) {
            (_, None) => Flag::Missing,
            (Some(None), Some(_)) => Flag::NotEvaluated,
            (Some(Some(last)), Some(at)) if at - last > self.longest => Flag::Fail,
            _ => Flag::Good,
        }
    }

    /// The flag of the first of a series, as ioos_qc takes it from the second.
    pub const fn first(first: Option<Nanos>, second: Option<Nanos>, of_second: Flag) -> Flag {
        match (first, second) {
            (Some(_), None) => Flag::NotEvaluated,
            _ => of_second,
        }
    }
}

/// Fail for what was measured longer than `oldest` before `now`.
pub fn reception(at: Option<Nanos>, now: Nanos, oldest: Nanos) -> Flag {
    match at {
        None => Flag::Missing,
        Some(at) if now - at > oldest => Flag::Fail,
        Some(_) => Flag::Good,
    }
}
