//! How far a station's own readings have gone of late: the limits of what is usual there.
//!
//! For each statistic the largest value of each of the last days is kept. The limit is the k-th largest of
//! them, so about k days in n+1 are expected to bring a false alarm, at any site and in any season. A few
//! days with faults among them change little.

use serde::{Deserialize, Serialize};

/// Days remembered.
const DAYS: u8 = 14;
/// Days before the limit is learned.
const LEAST: u8 = 5;
/// Values are kept in thousandths, up to 65.535: beyond any limit.
const STEPS: f64 = 1000.0;

/// The largest values of the last days of one statistic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habit {
    days: [u16; DAYS as usize],
    known: u8,
    #[serde(skip)]
    today: u16,
    limit: Option<u16>,
}

impl Habit {
    /// Takes a value of today.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
    pub fn take(&mut self, value: f64) {
        self.today = self.today.max((value * STEPS) as u16);
    }

    /// The day is over; `rank` 1 makes the largest day the limit.
    pub fn next_day(&mut self, rank: usize) {
        self.days.rotate_right(1);
        self.days[0] = std::mem::take(&mut self.today);
        self.known = (self.known + 1).min(DAYS);
        if self.known >= LEAST {
            let known = usize::from(self.known);
            let mut days = self.days;
            days[..known].sort_unstable_by(|a, b| b.cmp(a));
            // With fewer days the same share of them.
            let place = (rank * known).div_ceil(usize::from(DAYS)).max(1) - 1;
            self.limit = Some(days[place]);
        }
    }

    /// Another day begins, and the one before counts for nothing: it is known already, or was seen in part.
    pub fn begin_day(&mut self) {
        self.today = 0;
    }

    /// The largest value of today so far.
    pub fn today(&self) -> f64 {
        f64::from(self.today) / STEPS
    }

    /// What is usual, once it is known.
    pub fn limit(&self) -> Option<f64> {
        self.limit.map(|limit| f64::from(limit) / STEPS)
    }
}
