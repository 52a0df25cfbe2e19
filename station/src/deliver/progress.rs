//! Whether acknowledgements come, and when to stop waiting for them.

use crate::random::Random;

use super::LONGEST_WAIT_MS;

/// The time-out of what was sent: first a fixed one, then jittered ones that double up to a bound.
#[derive(Debug)]
pub(super) struct Progress {
    first_wait_ms: u64,
    random: Random,
    failures: u32,
    deadline_ms: Option<u64>,
    wait_ms: u64,
}

impl Progress {
    pub(super) fn new(first_wait_ms: u64, random: Random) -> Self {
        Self { first_wait_ms, random, failures: 0, deadline_ms: None, wait_ms: first_wait_ms }
    }

    /// Nothing is on its way: the link is new, or gone.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
        self.wait_ms = self.first_wait_ms;
        self.deadline_ms = None;
    }

    /// Something was sent. The oldest message that waits sets the deadline.
    pub(super) fn sent(&mut self, now_ms: u64) {
        self.deadline_ms.get_or_insert(now_ms.saturating_add(self.wait_ms));
    }

    /// Something was acknowledged; `awaits` says whether more is on its way.
    pub(super) fn made(&mut self, now_ms: u64, awaits: bool) {
        self.reset();
        if awaits {
            self.sent(now_ms);
        }
    }

    pub(super) fn timed_out(&self, now_ms: u64) -> bool {
        self.deadline_ms.is_some_and(|deadline_ms| now_ms >= deadline_ms)
    }

    /// A time-out has passed: the next comes later, and not at the same moment as other stations'.
    pub(super) fn failed(&mut self, now_ms: u64) {
        self.failures = self.failures.saturating_add(1);
        let factor = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        let longest = LONGEST_WAIT_MS.max(self.first_wait_ms);
        let wait_ms = self.first_wait_ms.saturating_mul(factor).min(longest);
        self.wait_ms = self.random.between(wait_ms / 2, wait_ms);
        self.deadline_ms = Some(now_ms.saturating_add(self.wait_ms));
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.deadline_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_with_jitter_up_to_the_bound_and_progress_starts_over() {
        for seed in 0..50 {
            let mut progress = Progress::new(90_000, Random::seeded(seed));
            progress.sent(1_000);
            progress.sent(50_000);
            assert_eq!(progress.deadline_ms(), Some(91_000), "the oldest message counts");
            assert!(!progress.timed_out(90_999) && progress.timed_out(91_000));
            for expected in [180_000, 360_000, 720_000, 900_000, 900_000] {
                progress.failed(0);
                let wait_ms = progress.deadline_ms().unwrap();
                assert!((expected / 2..=expected).contains(&wait_ms), "{wait_ms} of {expected}");
            }
            progress.made(5_000, true);
            assert_eq!(progress.deadline_ms(), Some(95_000));
            progress.made(6_000, false);
            assert_eq!(progress.deadline_ms(), None);
        }
    }

    #[test]
    fn a_wait_that_is_longer_than_the_bound_is_kept() {
        let mut progress = Progress::new(3_600_000, Random::seeded(1));
        (0..100).for_each(|_| progress.failed(0));
        assert!(progress.deadline_ms().unwrap() >= 1_800_000);
    }
}
