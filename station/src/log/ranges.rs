//! Which `seq`s of a stream are held: a few runs of consecutive numbers, one as a rule.

/// Runs from first to last, apart from each other and rising.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    runs: Vec<(u64, u64)>,
    count: u64,
}

impl Ranges {
    /// Adds numbers from `first` to `last`.
    pub fn insert(&mut self, first: u64, last: u64) {
        if first > last {
            return;
        }
        if let Some(end) = self.runs.last_mut()
            && first == end.1.saturating_add(1)
        {
            // The steady case: no search, and no memory.
            end.1 = last;
            self.count += last - first + 1;
            return;
        }
        let begin = self.runs.partition_point(|run| run.1.saturating_add(1) < first);
        let end = self.runs.partition_point(|run| run.0 <= last.saturating_add(1));
        let joined = self.runs.get(begin..end).unwrap_or_default();
        let low = joined.first().map_or(first, |run| run.0.min(first));
        let high = joined.last().map_or(last, |run| run.1.max(last));
        self.runs.splice(begin..end, [(low, high)]);
        self.recount();
    }

    /// Takes numbers from `first` to `last` out; gives how many were there.
    pub fn remove(&mut self, first: u64, last: u64) -> u64 {
        if first > last {
            return 0;
        }
        let before = self.count;
        if let Some(front) = self.runs.first_mut()
            && first <= front.0
            && last < front.1
        {
            // The steady case: an acknowledgement, or the oldest that makes room.
            if last >= front.0 {
                self.count -= last - front.0 + 1;
                front.0 = last + 1;
            }
            return before - self.count;
        }
        let begin = self.runs.partition_point(|run| run.1 < first);
        let end = self.runs.partition_point(|run| run.0 <= last);
        let Some(cut) = self.runs.get(begin..end).filter(|cut| !cut.is_empty()) else { return 0 };
        let left = cut.first().filter(|run| run.0 < first).map(|run| (run.0, first - 1));
        let right = cut.last().filter(|run| run.1 > last).map(|run| (last + 1, run.1));
        self.runs.splice(begin..end, left.into_iter().chain(right));
        self.recount();
        before - self.count
    }

    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The lowest run.
    pub fn first(&self) -> Option<(u64, u64)> {
        self.runs.first().copied()
    }

    /// The highest number.
    pub fn highest(&self) -> Option<u64> {
        self.runs.last().map(|run| run.1)
    }

    /// Whether any number from `first` to `last` is there.
    pub fn any(&self, first: u64, last: u64) -> bool {
        let at = self.runs.partition_point(|run| run.1 < first);
        self.runs.get(at).is_some_and(|run| run.0 <= last)
    }

    /// Whether this number is there.
    pub fn contains(&self, number: u64) -> bool {
        self.any(number, number)
    }

    /// The runs, rising.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.runs.iter().copied()
    }

    /// Joins the two runs that are nearest to each other until there are no more than `most`.
    pub fn coarsen(&mut self, most: usize) {
        while self.runs.len() > most.max(1) {
            let gaps = self.runs.windows(2).enumerate().map(|(at, pair)| (pair[1].0 - pair[0].1, at));
            let Some((_, at)) = gaps.min() else { return };
            let joined = (self.runs[at].0, self.runs[at + 1].1);
            self.runs.splice(at..at + 2, [joined]);
            self.recount();
        }
    }

    fn recount(&mut self) {
        self.count = self.runs.iter().map(|run| run.1 - run.0 + 1).sum();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_are_a_set_of_numbers(steps in prop::collection::vec((any::<bool>(), 1..60_u64, 0..12_u64), 0..60)) {
            let (mut ranges, mut model) = (Ranges::default(), BTreeSet::new());
            for (adds, first, more) in steps {
                let last = first + more;
                if adds {
                    ranges.insert(first, last);
                    model.extend(first..=last);
                } else {
                    let gone = model.range(first..=last).count() as u64;
                    prop_assert_eq!(ranges.remove(first, last), gone);
                    model.retain(|number| !(first..=last).contains(number));
                }
                let numbers: Vec<u64> = ranges.iter().flat_map(|(first, last)| first..=last).collect();
                prop_assert_eq!(&numbers, &model.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!(ranges.count(), model.len() as u64);
                prop_assert_eq!(ranges.highest(), model.last().copied());
                prop_assert_eq!(ranges.contains(30), model.contains(&30));
                prop_assert!(ranges.runs.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
            }
        }
    }

    #[test]
    fn coarse_runs_cover_the_fine_ones() {
        let mut ranges = Ranges::default();
        for (first, last) in [(1, 2), (10, 11), (13, 20), (40, 41)] {
            ranges.insert(first, last);
        }
        ranges.coarsen(3);
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [(1, 2), (10, 20), (40, 41)]);
        assert_eq!(ranges.count(), 15);
    }
}
