//! Spike: a value against the one before and the one after it.

use minuano_telemetry::Flag;

/// How the distance from the neighbours is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// From the middle of the two.
    #[default]
    Average,
    /// The smaller of the two differences, where the value lies above both or below both.
    Differential,
}

/// Thresholds, and the last two values.
#[derive(Clone, Debug)]
pub struct Spike {
    suspect: Option<f64>,
    fail: Option<f64>,
    method: Method,
    /// Whether there was one, and its value.
    before: Option<Option<f64>>,
    middle: Option<Option<f64>>,
}

impl Spike {
    /// A threshold of zero is none.
    pub fn new(suspect: Option<f64>, fail: Option<f64>, method: Method) -> Self {
        let some = |threshold: Option<f64>| threshold.filter(|threshold| *threshold != 0.0);
        Self { suspect: some(suspect), fail: some(fail), method, before: None, middle: None }
    }

    /// Takes the next value and gives the flag of the one before it, once there is one.
    pub fn push(&mut self, value: Option<f64>) -> Option<Flag> {
        let flag = self.middle.map(|middle| match (self.before, middle) {
            (_, None) => Flag::Missing,
            (None, Some(_)) => Flag::NotEvaluated,
            (Some(before), Some(middle)) => self.judge(before, middle, value),
        });
        self.before = self.middle;
        self.middle = Some(value);
        flag
    }

    /// The flag of the last value: nothing follows it.
    pub fn last(&self) -> Option<Flag> {
        self.middle.map(|middle| if middle.is_some() { Flag::NotEvaluated } else { Flag::Missing })
    }

    fn judge(&self, before: Option<f64>, middle: f64, after: Option<f64>) -> Flag {
        let distance = match (before, after) {
            (Some(before), Some(after)) => self.distance(before, middle, after),
            _ => return Flag::NotEvaluated,
        };
        let over = |threshold: Option<f64>| threshold.is_some_and(|threshold| distance > threshold);
        if over(self.fail) {
            Flag::Fail
        } else if over(self.suspect) {
            Flag::Suspect
        } else {
            Flag::Good
        }
    }

    fn distance(&self, before: f64, middle: f64, after: f64) -> f64 {
        match self.method {
            Method::Average => (middle - f64::midpoint(before, after)).abs(),
            Method::Differential => {
                let (rise, fall) = (middle - before, after - middle);
                if rise * fall >= 0.0 { 0.0 } else { rise.abs().min(fall.abs()) }
            }
        }
    }
}
