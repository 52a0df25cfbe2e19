//! How long to wait before the next connection: a random part of a bound that doubles (full jitter), so
//! that stations which lost one broker do not come back to it at one moment.

use std::time::Duration;

use crate::random::Random;

/// The waits.
#[derive(Debug)]
pub(super) struct BackOff {
    first_ms: u64,
    longest_ms: u64,
    failures: u32,
    random: Random,
}

impl BackOff {
    pub(super) fn new(first: Duration, longest: Duration, random: Random) -> Self {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self { first_ms: millis(first), longest_ms: millis(longest), failures: 0, random }
    }

    /// The wait after one more failure. Never less than a tenth of the bound: no jitter may make a loop spin.
    pub(super) fn wait(&mut self) -> Duration {
        let factor = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        let bound_ms = self.first_ms.saturating_mul(factor).min(self.longest_ms);
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(self.random.between((bound_ms / 10).max(1), bound_ms))
    }

    /// A connection has held.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_bound_and_start_over() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        for seed in 0..100 {
            let mut back_off = BackOff::new(first, longest, Random::seeded(seed));
            for bound_s in [1, 2, 4, 8, 16, 32, 60, 60] {
                let wait = back_off.wait();
                let bound = Duration::from_secs(bound_s);
                assert!(wait <= bound && wait >= bound / 10, "{wait:?} of {bound:?}");
            }
            (0..100).for_each(|_| assert!(back_off.wait() <= longest));
            back_off.reset();
            assert!(back_off.wait() <= first);
        }
    }
}
