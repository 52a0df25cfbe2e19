//! The pressures of the last three hours.

use minuano_telemetry::Millis;

use crate::derived::tendency::{PERIOD_MS, SLACK_MS};

/// One pressure is kept of each such time.
const SLOT_MS: i64 = 600_000;
/// The most that are kept.
const MOST: usize = 20;

/// At most 20 pressures, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History(Vec<(Millis, f64)>);

impl History {
    /// Takes a pressure that is later than all before it. The last of each ten minutes stays.
    pub fn push(&mut self, at: Millis, pressure: f64) {
        let slot = |at: Millis| at.get().div_euclid(SLOT_MS);
        let begin = at.get() - PERIOD_MS - SLACK_MS;
        self.0.retain(|(time, _)| time.get() >= begin);
        match self.0.last_mut() {
            Some(last) if slot(last.0) == slot(at) => *last = (at, pressure),
            _ => {
                if self.0.len() == MOST {
                    self.0.remove(0);
                }
                self.0.push((at, pressure));
            }
        }
    }

    /// All of them.
    pub fn all(&self) -> &[(Millis, f64)] {
        &self.0
    }
}
