//! When to look again for a part that is missing.

/// The first wait after a fruitless look, doubled from there.
const FIRST_WAIT_MS: u64 = 1_000;
/// The longest wait between two looks: a sensor is back within 30 s of its fault's end.
const LONGEST_WAIT_MS: u64 = 15_000;

/// When to look again.
#[derive(Clone, Copy, Debug)]
pub(super) struct BackOff {
    due_ms: u64,
    wait_ms: u64,
}

impl BackOff {
    pub(super) fn new(now_ms: u64) -> Self {
        Self { due_ms: now_ms, wait_ms: FIRST_WAIT_MS }
    }

    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        // A clock that was set back must not postpone the look by as much.
        now_ms >= self.due_ms || self.due_ms - now_ms > LONGEST_WAIT_MS
    }

    pub(super) fn failed(&mut self, now_ms: u64) {
        self.due_ms = now_ms.saturating_add(self.wait_ms);
        self.wait_ms = self.wait_ms.saturating_mul(2).min(LONGEST_WAIT_MS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_for_a_missing_sensor_backs_off_to_a_quarter_of_a_minute() {
        let mut now = 7_200_000;
        let mut look = BackOff::new(now);
        let mut waits = Vec::new();
        for _ in 0..6 {
            assert!(look.is_due(now));
            look.failed(now);
            let began = now;
            while !look.is_due(now) {
                now += 500;
            }
            waits.push((now - began) / 1000);
        }
        assert_eq!(waits, [1, 2, 4, 8, 15, 15]);
        look.failed(now);
        assert!(look.is_due(now - 3_600_000), "a clock that was set back postpones nothing");
    }
}
