//! Which stations have fallen silent, without a look at those that speak. Time is whatever the caller counts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::ledger::Index;

/// The moment at which each station is looked at again, the soonest first: later than that is fine for one that has
/// spoken meanwhile. A station stands in it at most as often as its moment was moved to an earlier one.
#[derive(Debug, Default)]
pub struct Watchlist {
    moments: BinaryHeap<Reverse<(Duration, Index)>>,
}

impl Watchlist {
    /// The station is to be looked at after `at`; `watched` is when it is so far.
    pub fn watch(&mut self, index: Index, at: Duration, watched: &mut Option<Duration>) {
        if watched.is_none_or(|sooner| at < sooner) {
            *watched = Some(at);
            self.moments.push(Reverse((at, index)));
        }
    }

    /// A station whose moment is past, with that moment.
    pub fn past(&mut self, now: Duration) -> Option<(Duration, Index)> {
        let Reverse((at, _)) = self.moments.peek()?;
        if *at >= now {
            return None;
        }
        self.moments.pop().map(|Reverse(past)| past)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soonest_moment_comes_first_and_a_later_one_is_not_taken() {
        let seconds = Duration::from_secs;
        let (mut list, mut roof, mut shed) = (Watchlist::default(), None, None);
        list.watch(1, seconds(30), &mut roof);
        list.watch(2, seconds(20), &mut shed);
        list.watch(1, seconds(40), &mut roof);
        list.watch(1, seconds(10), &mut roof);
        assert_eq!(roof, Some(seconds(10)));
        assert_eq!(list.past(seconds(10)), None, "it may still speak");
        assert_eq!(list.past(seconds(31)), Some((seconds(10), 1)));
        assert_eq!(list.past(seconds(31)), Some((seconds(20), 2)));
        assert_eq!(list.past(seconds(31)), Some((seconds(30), 1)), "its moment was moved: the caller knows");
        assert_eq!(list.past(seconds(31)), None);
    }
}
