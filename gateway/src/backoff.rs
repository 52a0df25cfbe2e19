//! How long to wait before the next try of what failed.

use std::time::Duration;

/// Whatever the dice say: a try is not free.
const SHORTEST: Duration = Duration::from_millis(100);

/// Doubles with each failure in a row, up to a bound. Full jitter: the wait is anything up to it, so that
/// many who failed together do not come back together.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    /// Waits up to `first` after the first failure, and never longer than `most`.
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failures: 0 }
    }

    /// All is well again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and gives the time to wait.
    pub fn after_failure(&mut self) -> Duration {
        let whole = self.first.saturating_mul(2_u32.saturating_pow(self.failures)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        // Without random bits it is still a back-off.
        let random = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        whole.mul_f64(random).max(SHORTEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_its_bound_and_never_spins() {
        let first = Duration::from_secs(1);
        let mut backoff = Backoff::new(first, 60 * first);
        for most in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            let wait = backoff.after_failure();
            assert!(SHORTEST <= wait && wait <= most * first, "{wait:?} of {most} s");
        }
        backoff.reset();
        assert!(backoff.after_failure() <= first);
        backoff.failures = u32::MAX;
        assert!(backoff.after_failure() <= 60 * first);
    }

    #[test]
    fn two_who_failed_together_come_back_apart() {
        let waits = |_| Backoff::new(Duration::from_secs(1000), Duration::from_secs(1000)).after_failure();
        let distinct: std::collections::BTreeSet<Duration> = (0..20).map(waits).collect();
        assert!(distinct.len() > 10, "{distinct:?}");
    }
}
