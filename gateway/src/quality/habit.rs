//! How far a station's own readings have gone of late: the limits of what is usual there.
//!
//! For each statistic the largest value of each of the last days is kept. The limit is the k-th largest of
//! them, so about k days in n+1 are expected to bring a false alarm, at any site and in any season. A few
//! days with faults among them change little.

/// Days remembered.
const DAYS: u8 = 14;
/// Days before the limit is learned.
const LEAST: u8 = 5;

/// The largest values of the last days of one statistic.
#[derive(Clone, Copy, Debug, Default)]
pub struct Habit {
    days: [f32; DAYS as usize],
    known: u8,
    today: f32,
    limit: Option<f32>,
}

impl Habit {
    /// Takes a value of today.
    #[expect(clippy::cast_possible_truncation, reason = "a limit needs no more digits")]
    pub fn take(&mut self, value: f64) {
        self.today = self.today.max(value as f32);
    }

    /// The day is over; `rank` 1 makes the largest day the limit.
    pub fn next_day(&mut self, rank: usize) {
        self.days.rotate_right(1);
        self.days[0] = std::mem::take(&mut self.today);
        self.known = (self.known + 1).min(DAYS);
        if self.known >= LEAST {
            let known = usize::from(self.known);
            let mut days = self.days;
            days[..known].sort_unstable_by(|a, b| b.total_cmp(a));
            // With fewer days the same share of them.
            let place = (rank * known).div_ceil(usize::from(DAYS)).max(1) - 1;
            self.limit = Some(days[place]);
        }
    }

    /// The largest value of today so far.
    pub fn today(&self) -> f64 {
        f64::from(self.today)
    }

    /// What is usual, once it is known.
    pub fn limit(&self) -> Option<f64> {
        self.limit.map(f64::from)
    }
}
