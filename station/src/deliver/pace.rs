//! How fast messages with readings may follow each other.

/// So far may live readings run ahead of the pace: what waited for a slow broker goes out at once, up to a
/// second's worth, and the backlog makes up for it.
const AHEAD_MS: u64 = 1_000;

/// One budget for all messages: the backlog gets what live readings leave of it.
#[derive(Debug)]
pub(super) struct Pace {
    every_ms: u64,
    /// When the budget is even again.
    even_ms: u64,
}

impl Pace {
    pub(super) fn new(every_ms: u64) -> Self {
        Self { every_ms, even_ms: 0 }
    }

    /// When the next live reading may go out, as far as the pace is concerned.
    pub(super) fn live_ms(&self) -> u64 {
        self.even_ms.saturating_sub(AHEAD_MS)
    }

    /// When the next backlog message may.
    pub(super) fn backlog_ms(&self) -> u64 {
        self.even_ms
    }

    /// A message of either kind went out.
    pub(super) fn sent(&mut self, now_ms: u64) {
        self.even_ms = self.even_ms.max(now_ms).saturating_add(self.every_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends live readings and backlog as fast as they may go, live ones `live_every_ms` apart.
    fn second_by_second(pace: &mut Pace, live_every_ms: u64) -> Vec<(u64, u64)> {
        let mut seconds = Vec::new();
        for second in 0..10 {
            let (mut live, mut backlog) = (0, 0);
            for now_ms in second * 1_000..(second + 1) * 1_000 {
                if now_ms % live_every_ms == 0 && now_ms >= pace.live_ms() {
                    pace.sent(now_ms);
                    live += 1;
                }
                if now_ms >= pace.backlog_ms() {
                    pace.sent(now_ms);
                    backlog += 1;
                }
            }
            seconds.push((live, backlog));
        }
        seconds
    }

    #[test]
    fn live_readings_come_first_and_the_backlog_gets_the_rest() {
        for (live_every_ms, live) in [(10_000, 0), (1_000, 1), (250, 4), (100, 10)] {
            for second in &second_by_second(&mut Pace::new(50), live_every_ms)[1..] {
                assert_eq!(second.0, live, "{live_every_ms}: every live reading at once");
                assert!((19..=20).contains(&(second.0 + second.1)), "{live_every_ms}: {second:?}");
            }
        }
    }

    #[test]
    fn a_burst_of_live_readings_is_bounded() {
        let mut pace = Pace::new(50);
        let burst = |pace: &mut Pace, now_ms| {
            let mut sent = 0;
            while now_ms >= pace.live_ms() {
                pace.sent(now_ms);
                sent += 1;
            }
            sent
        };
        assert_eq!(burst(&mut pace, 60_000), 21);
        assert_eq!(burst(&mut pace, 60_050), 1);
        assert_eq!(burst(&mut pace, 60_100), 1);
        assert!(pace.backlog_ms() > 61_000, "and the backlog waits for it");
    }
}
