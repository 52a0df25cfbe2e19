//! Complaints that a peer can provoke, at most one a second.

use std::time::{Duration, Instant};

const APART: Duration = Duration::from_secs(1);

/// Lets one through a second and counts the others.
#[derive(Debug, Default)]
pub(super) struct OnceASecond {
    last: Option<Instant>,
    silent: u64,
}

impl OnceASecond {
    /// Whether to speak now; if so, how many were kept silent since the last time.
    pub(super) fn may(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now.duration_since(last) < APART) {
            self.silent += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.silent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_silent_ones_are_counted() {
        let (mut once, now) = (OnceASecond::default(), Instant::now());
        assert_eq!(once.may(now), Some(0));
        assert_eq!(once.may(now + Duration::from_millis(999)), None);
        assert_eq!(once.may(now + Duration::from_millis(1)), None);
        assert_eq!(once.may(now + APART), Some(2));
    }
}
