//! How far a station's own readings have gone of late: the limits of what is usual there.
//!
//! For each statistic the largest value of each of the last days is kept. The limit is the k-th largest of
//! them, so about k days in n+1 are expected to bring a false alarm, at any site and in any season. A few
//! days with faults among them change little.

/// Days remembered.
const DAYS: u8 = 14;
/// Days before the limit is learned.
const LEAST: u8 = 5;
/// Values are kept in thousandths, up to 65.535: beyond any limit.
const STEPS: f64 = 1000.0;

/// The largest values of the last days of one statistic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habit {
    days: [u16; DAYS as usize],
    known: u8,
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

    /// Writes down what whole days have taught.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.known);
        for day in self.days {
            bytes.extend(day.to_le_bytes());
        }
        // No day has brought the highest number that there is: it stands for no limit.
        bytes.extend(self.limit.unwrap_or(u16::MAX).to_le_bytes());
    }

    /// Reads it again, and moves on behind it.
    pub fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (known, rest) = bytes.split_first()?;
        *bytes = rest;
        let mut number = || {
            let (number, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Some(u16::from_le_bytes(*number))
        };
        let mut habit = Self { known: (*known).min(DAYS), ..Self::default() };
        for day in &mut habit.days {
            *day = number()?;
        }
        habit.limit = Some(number()?).filter(|limit| *limit != u16::MAX);
        Some(habit)
    }

    /// Without what today has brought so far.
    pub const fn of_whole_days(mut self) -> Self {
        self.today = 0;
        self
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

#[cfg(test)]
mod tests {
    use super::*;

    fn after(days: &[f64], rank: usize) -> Option<f64> {
        let mut habit = Habit::default();
        for day in days {
            habit.take(*day / 2.0);
            habit.take(*day);
            habit.take(*day / 3.0);
            habit.next_day(rank);
        }
        habit.limit()
    }

    #[test]
    fn the_limit_is_the_kth_largest_of_the_last_fourteen_days() {
        let days: Vec<f64> = (1..=14).map(f64::from).collect();
        assert_eq!(after(&days, 1), Some(14.0));
        assert_eq!(after(&days, 2), Some(13.0));
        assert_eq!(after(&days, 6), Some(9.0));
        let falling: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        assert_eq!(after(&falling, 1), Some(14.0), "six days are forgotten");
    }

    #[test]
    fn of_fewer_days_it_is_the_same_share_and_of_too_few_nothing() {
        assert_eq!(after(&[9.0, 8.0, 7.0, 6.0], 1), None);
        assert_eq!(after(&[9.0, 8.0, 7.0, 6.0, 5.0], 1), Some(9.0));
        // Of five days the sixth of fourteen is the third.
        assert_eq!(after(&[9.0, 8.0, 7.0, 6.0, 5.0], 6), Some(7.0));
    }

    #[test]
    fn a_day_that_was_seen_in_part_teaches_nothing() {
        let mut habit = Habit::default();
        habit.take(3.0);
        assert_eq!(habit.today(), 3.0);
        habit.begin_day();
        assert_eq!((habit.today(), habit.limit()), (0.0, None));
    }
}
