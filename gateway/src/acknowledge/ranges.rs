//! Sets of `seq`s, kept as ranges, that know which of their ranges changed.

/// Inclusive ranges, disjoint and never adjacent.
///
/// Nearly every set is one range that grows at its end, so they stand in a list: a hundredth of the room of a tree's node,
/// and at the bound of ranges ([`super::account::MAX_RANGES`]) moving half of it still costs less than a write to the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet {
    /// Lowest first.
    ranges: Vec<(u64, u64)>,
    count: u64,
    /// Firsts of ranges that were added, changed or taken away since [`RangeSet::take_changes`].
    changed: Vec<u64>,
}

/// What became of the range that begins at `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it begins.
    pub first: u64,
    /// Where it ends now; none: there is no such range any more.
    pub last: Option<u64>,
}

impl RangeSet {
    /// A set as it was written down; the ranges count as unchanged.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut set = Self::default();
        for (first, last) in ranges {
            set.insert(first, last);
        }
        set.changed = Vec::new();
        set
    }

    /// How many numbers are in it.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many ranges it takes to say so.
    pub fn ranges(&self) -> usize {
        self.ranges.len()
    }

    /// Whether `number` is in one of its ranges or beside one, so that it needs no other.
    pub fn touches(&self, number: u64) -> bool {
        self.contains(number)
            || self.contains(number.saturating_sub(1))
            || self.contains(number.saturating_add(1))
    }

    /// The highest number in it.
    pub fn highest(&self) -> Option<u64> {
        self.ranges.last().map(|(_, last)| *last)
    }

    /// Its ranges, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.ranges.iter().copied()
    }

    /// Whether `number` is in it.
    pub fn contains(&self, number: u64) -> bool {
        self.end_of_range_at(number).is_some()
    }

    /// The last number of the range that holds `number`.
    pub fn end_of_range_at(&self, number: u64) -> Option<u64> {
        let (_, last) = *self.ranges.get(self.begun_by(number).checked_sub(1)?)?;
        (last >= number).then_some(last)
    }

    /// The first number of the next range that begins above `number`.
    pub fn next_above(&self, number: u64) -> Option<u64> {
        self.ranges.get(self.begun_by(number)).map(|(first, _)| *first)
    }

    /// Puts every number from `first` to `last` in.
    pub fn insert(&mut self, first: u64, last: u64) {
        if first > last || self.end_of_range_at(first).is_some_and(|end| end >= last) {
            return;
        }
        // What it overlaps or touches becomes one with it.
        let from = self.ranges.partition_point(|(_, other)| other.saturating_add(1) < first);
        let to = self.begun_by(last.saturating_add(1));
        let (mut start, mut end) = (first, last);
        if let Some(joined) = self.ranges.get(from..to).filter(|joined| !joined.is_empty()) {
            start = start.min(joined[0].0);
            end = end.max(joined[joined.len() - 1].1);
        }
        self.replace(from..to, &[(start, end)]);
    }

    /// Takes every number from `first` to `last` out.
    pub fn remove(&mut self, first: u64, last: u64) {
        let from = self.ranges.partition_point(|(_, other)| *other < first);
        let to = self.begun_by(last);
        let Some(cut) = self.ranges.get(from..to).filter(|cut| !cut.is_empty()) else { return };
        let (before, after) = (cut[0], cut[cut.len() - 1]);
        let mut left = [(0, 0); 2];
        let mut count = 0;
        if before.0 < first {
            left[count] = (before.0, first - 1);
            count += 1;
        }
        if after.1 > last {
            left[count] = (last + 1, after.1);
            count += 1;
        }
        self.replace(from..to, &left[..count]);
    }

    /// The ranges that changed since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        let last = |first: u64| {
            let place = self.ranges.binary_search_by_key(&first, |range| range.0).ok()?;
            Some(self.ranges[place].1)
        };
        changed.into_iter().map(|first| Change { first, last: last(first) }).collect()
    }

    /// How many ranges begin at `number` or below.
    fn begun_by(&self, number: u64) -> usize {
        match self.ranges.last() {
            Some((first, _)) if *first <= number => self.ranges.len(),
            _ => self.ranges.partition_point(|(first, _)| *first <= number),
        }
    }

    fn replace(&mut self, places: std::ops::Range<usize>, by: &[(u64, u64)]) {
        let length = |(first, last): &(u64, u64)| last - first + 1;
        for old in &self.ranges[places.clone()] {
            self.count -= length(old);
            note(&mut self.changed, old.0);
        }
        for new in by {
            self.count += length(new);
            note(&mut self.changed, new.0);
        }
        if let (1, [new]) = (places.len(), by) {
            self.ranges[places.start] = *new;
        } else {
            if self.ranges.is_empty() {
                self.ranges.reserve_exact(by.len());
            }
            self.ranges.splice(places, by.iter().copied());
        }
    }
}

/// The same range changes again and again.
fn note(changed: &mut Vec<u64>, first: u64) {
    if changed.last() != Some(&first) {
        if changed.is_empty() {
            changed.reserve_exact(1);
        }
        changed.push(first);
    }
}

/// The parts of `first..=last` that are in none of `sets`.
pub fn uncovered(sets: &[&RangeSet], first: u64, last: u64) -> Vec<(u64, u64)> {
    let mut holes = Vec::new();
    let mut at = first;
    while at <= last {
        let end = covered_to(sets, at).unwrap_or_else(|| {
            let next = sets.iter().filter_map(|set| set.next_above(at)).min();
            let end = next.map_or(last, |next| last.min(next - 1));
            holes.push((at, end));
            end
        });
        let Some(next) = end.checked_add(1) else { break };
        at = next;
    }
    holes
}

/// The end of the longest range at `number` in any of `sets`.
pub fn covered_to(sets: &[&RangeSet], number: u64) -> Option<u64> {
    sets.iter().filter_map(|set| set.end_of_range_at(number)).max()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a plain set of numbers, with the changes replayed onto a copy as the store does.
        #[test]
        fn behaves_as_a_set(steps in prop::collection::vec((any::<bool>(), 1u64..60, 0u64..12), 0..60)) {
            let (mut set, mut model, mut copy) = (RangeSet::default(), BTreeSet::new(), BTreeMap::new());
            for (insert, first, length) in steps {
                let last = first + length;
                if insert {
                    set.insert(first, last);
                    model.extend(first..=last);
                } else {
                    set.remove(first, last);
                    model.retain(|number| !(first..=last).contains(number));
                }
                for change in set.take_changes() {
                    match change.last {
                        Some(last) => { copy.insert(change.first, last); }
                        None => { copy.remove(&change.first); }
                    }
                }
                let written: Vec<(u64, u64)> = copy.iter().map(|(first, last)| (*first, *last)).collect();
                prop_assert_eq!(&written, &set.ranges);
                prop_assert_eq!(set.count(), model.len() as u64);
                prop_assert_eq!(set.highest(), model.last().copied());
                for number in 0..80 {
                    prop_assert_eq!(set.contains(number), model.contains(&number));
                }
                let adjacent = set.iter().zip(set.iter().skip(1)).any(|(a, b)| a.1 + 1 >= b.0);
                prop_assert!(!adjacent, "{:?}", set);
                let holes: BTreeSet<u64> = uncovered(&[&set], 1, 75).into_iter().flat_map(|(a, b)| a..=b).collect();
                let expected: BTreeSet<u64> = (1..=75).filter(|number| !model.contains(number)).collect();
                prop_assert_eq!(holes, expected);
            }
        }
    }

    #[test]
    fn holes_end_with_the_numbers() {
        let mut set = RangeSet::default();
        assert_eq!(uncovered(&[&set], 1, u64::MAX), [(1, u64::MAX)]);
        set.insert(5, u64::MAX);
        assert_eq!(uncovered(&[&set], 1, u64::MAX), [(1, 4)]);
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let mut set = RangeSet::default();
        set.insert(u64::MAX - 1, u64::MAX);
        set.insert(1, 1);
        assert!(set.contains(u64::MAX));
        assert_eq!(set.next_above(u64::MAX), None);
        set.remove(u64::MAX, u64::MAX);
        assert_eq!(set.count(), 2);
    }
}
