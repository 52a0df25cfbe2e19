//! Attempts to connect that fail for one reason again and again: named at once, then now and then. A broker that is
//! away for a month may not fill the journal on an SD card.

use std::time::{Duration, Instant};

const APART: Duration = Duration::from_secs(10 * 60);

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct Failures {
    last: Option<(String, Instant)>,
    silent: u64,
}

impl Failures {
    /// Whether to speak of this failure; if so, how many like it were kept silent.
    pub(super) fn may(&mut self, reason: &str, now: Instant) -> Option<u64> {
        if let Some((said, at)) = &self.last
            && said == reason
            && now.duration_since(*at) < APART
        {
            self.silent += 1;
            return None;
        }
        self.last = Some((reason.to_owned(), now));
        Some(std::mem::take(&mut self.silent))
    }

    /// The link was up: the next failure is news.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_named_when_it_is_new_and_now_and_then() {
        let (mut failures, start) = (Failures::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(failures.may("refused", at(0)), Some(0));
        assert_eq!(failures.may("refused", at(60)), None);
        assert_eq!(failures.may("refused", at(120)), None);
        assert_eq!(failures.may("unreachable", at(180)), Some(2));
        assert_eq!(failures.may("refused", at(240)), Some(0));
        assert_eq!(failures.may("refused", at(839)), None);
        assert_eq!(failures.may("refused", at(840)), Some(1));
        failures.forget();
        assert_eq!(failures.may("refused", at(841)), Some(0));
    }
}
