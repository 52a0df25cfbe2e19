//! What was published and is not yet confirmed by PUBACK.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Published messages, each with what is to be remembered of it.
#[derive(Debug)]
pub(super) struct InAir<T> {
    /// Handed to rumqttc, in order; it tells the packet's number when it sends.
    queued: VecDeque<T>,
    /// Sent, by the packet's number.
    sent: HashMap<u16, T>,
    /// When the broker last confirmed something, or was first asked to.
    waiting_since: Option<Instant>,
}

impl<T> InAir<T> {
    pub(super) fn new() -> Self {
        Self { queued: VecDeque::new(), sent: HashMap::new(), waiting_since: None }
    }

    /// A message was handed over.
    pub(super) fn published(&mut self, what: T, now: Instant) {
        self.queued.push_back(what);
        self.waiting_since.get_or_insert(now);
    }

    /// The oldest that was handed over went out under this number.
    pub(super) fn sent(&mut self, packet: u16) {
        if let Some(what) = self.queued.pop_front() {
            self.sent.insert(packet, what);
        }
    }

    /// The broker has it.
    pub(super) fn confirmed(&mut self, packet: u16, now: Instant) -> Option<T> {
        let what = self.sent.remove(&packet);
        self.waiting_since = (self.len() > 0).then_some(now);
        what
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.queued.len() + self.sent.len()
    }

    /// How long the broker has confirmed nothing of what waits.
    pub(super) fn stalled(&self, now: Instant) -> Duration {
        self.waiting_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_known_by_their_number_in_any_order() {
        let (mut in_air, now) = (InAir::new(), Instant::now());
        for what in ["a", "b", "c"] {
            in_air.published(what, now);
        }
        in_air.sent(7);
        in_air.sent(8);
        assert_eq!(in_air.confirmed(8, now), Some("b"));
        assert_eq!(in_air.confirmed(8, now), None);
        assert_eq!(in_air.len(), 2);
        in_air.sent(9);
        assert_eq!((in_air.confirmed(7, now), in_air.confirmed(9, now)), (Some("a"), Some("c")));
        assert_eq!(in_air.len(), 0);
    }

    #[test]
    fn silence_counts_only_while_something_waits() {
        let (mut in_air, start) = (InAir::new(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(in_air.stalled(at(1_000)), Duration::ZERO);
        in_air.published("a", at(1_000));
        in_air.published("b", at(1_020));
        assert_eq!(in_air.stalled(at(1_030)), Duration::from_secs(30));
        in_air.sent(1);
        in_air.sent(2);
        in_air.confirmed(1, at(1_040));
        assert_eq!(in_air.stalled(at(1_050)), Duration::from_secs(10));
        in_air.confirmed(2, at(1_060));
        assert_eq!(in_air.stalled(at(9_000)), Duration::ZERO);
    }
}
