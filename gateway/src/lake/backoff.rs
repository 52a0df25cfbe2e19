//! How long to wait after a failure.

use std::time::Duration;

/// After the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// At most.
const MOST: Duration = Duration::from_secs(60);

/// Doubles with each failure in a row; a random half keeps gateways from calling in step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// All is well again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and gives the time to wait.
    pub fn next(&mut self) -> Duration {
        let whole = FIRST.saturating_mul(2_u32.saturating_pow(self.failures)).min(MOST);
        self.failures = self.failures.saturating_add(1);
        // Without random bits it is still a back-off.
        let random = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
        whole.mul_f64(0.5 + random / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_minute_and_never_spins() {
        let mut backoff = Backoff::default();
        for expected in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            let (most, wait) = (Duration::from_secs(expected), backoff.next());
            assert!(most / 2 <= wait && wait <= most, "{wait:?} of {most:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= FIRST);
        backoff.failures = u32::MAX;
        assert!(backoff.next() <= MOST);
    }
}
