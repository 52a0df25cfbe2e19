//! When to sample and when a report interval ends: slots on a steady grid, so that delays never add up.

/// A grid of slots, counted from 1; slot `n` is due `n` intervals after the start.
#[derive(Clone, Debug)]
pub struct Schedule {
    start_ms: u64,
    interval_ms: u64,
    per_report: u64,
    slot: u64,
}

impl Schedule {
    /// A grid that starts now, in milliseconds of any clock that does not go back.
    pub fn new(start_ms: u64, interval_ms: u64, report_ms: u64) -> Self {
        let interval_ms = interval_ms.max(1);
        Self { start_ms, interval_ms, per_report: (report_ms / interval_ms).max(1), slot: 1 }
    }

    /// When the next slot is due.
    pub fn due_ms(&self) -> u64 {
        self.start_ms.saturating_add(self.slot.saturating_mul(self.interval_ms))
    }

    /// The slot was used; gives whether it was the last of a report interval. Slots that have passed by `now`
    /// are skipped: a burst of late samples would measure one moment many times.
    pub fn advance(&mut self, now_ms: u64) -> bool {
        let used = self.slot;
        let passed = now_ms.saturating_sub(self.start_ms) / self.interval_ms;
        self.slot = (used + 1).max(passed.saturating_add(1));
        // The last slot of a report may be among the skipped ones.
        (self.slot - 1) / self.per_report > (used - 1) / self.per_report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_stand_on_the_grid_however_long_a_sample_takes() {
        let mut schedule = Schedule::new(500, 1_000, 3_000);
        let mut ends = Vec::new();
        for slot in 1..=6 {
            assert_eq!(schedule.due_ms(), 500 + slot * 1_000);
            ends.push(schedule.advance(500 + slot * 1_000 + 231));
        }
        assert_eq!(ends, [false, false, true, false, false, true]);
    }

    #[test]
    fn missed_slots_are_skipped_and_the_interval_still_ends() {
        let mut schedule = Schedule::new(0, 1_000, 3_000);
        assert!(!schedule.advance(1_000));
        assert!(schedule.advance(7_400), "slots 3 to 7 have passed, and with slot 3 an interval");
        assert_eq!(schedule.due_ms(), 8_000);
        assert!(!schedule.advance(8_100));
        assert!(schedule.advance(9_100));
    }

    #[test]
    fn one_sample_can_be_a_report() {
        let mut schedule = Schedule::new(0, 250, 250);
        assert!(schedule.advance(250) && schedule.advance(500));
        let mut odd = Schedule::new(0, 0, 0);
        assert!(odd.advance(u64::MAX - 1));
    }
}
