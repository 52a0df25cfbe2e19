//! When each station's acknowledgement is due: many commits make one.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Duration;

/// Stations that wait for an acknowledgement, the soonest first. Time is whatever the caller counts.
#[derive(Clone, Debug)]
pub struct Due<Station> {
    at: HashMap<Station, Duration>,
    order: BTreeSet<(Duration, Station)>,
}

impl<Station> Default for Due<Station> {
    fn default() -> Self {
        Self { at: HashMap::new(), order: BTreeSet::new() }
    }
}

impl<Station: Copy + Eq + Hash + Ord> Due<Station> {
    /// `station` is told at `at` at the latest. An earlier moment stands.
    pub fn by(&mut self, station: Station, at: Duration) {
        match self.at.get(&station) {
            Some(earlier) if *earlier <= at => return,
            Some(later) => {
                self.order.remove(&(*later, station));
            }
            None => {}
        }
        self.at.insert(station, at);
        self.order.insert((at, station));
    }

    /// The next moment at which a station is due.
    pub fn next(&self) -> Option<Duration> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes one station that is due at `now`.
    pub fn take(&mut self, now: Duration) -> Option<Station> {
        let (at, station) = *self.order.first()?;
        if at > now {
            return None;
        }
        self.order.pop_first();
        self.at.remove(&station);
        Some(station)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_commits_make_one_and_the_soonest_counts() {
        let seconds = Duration::from_secs;
        let mut due = Due::default();
        due.by(1, seconds(10));
        due.by(1, seconds(12));
        due.by(2, seconds(11));
        due.by(2, seconds(3));
        assert_eq!(due.next(), Some(seconds(3)));
        assert_eq!(due.take(seconds(2)), None);
        assert_eq!(due.take(seconds(10)), Some(2));
        assert_eq!(due.take(seconds(10)), Some(1));
        assert_eq!(due.take(seconds(99)), None);
        assert_eq!(due.next(), None);
    }
}
