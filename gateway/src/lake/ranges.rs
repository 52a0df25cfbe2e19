//! Which numbers of a stream were seen: ranges, since a stream's numbers are nearly all there.

use std::collections::BTreeMap;

/// A set of numbers, kept as inclusive ranges that never touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(BTreeMap<i64, i64>);

impl Ranges {
    /// Adds a number; false when it was there already.
    pub fn insert(&mut self, number: i64) -> bool {
        let before = self.0.range(..=number).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| number <= last) {
            return false;
        }
        let first = match before {
            Some((first, last)) if last.checked_add(1) == Some(number) => first,
            _ => number,
        };
        let after = number.checked_add(1).and_then(|next| self.0.remove(&next));
        self.0.insert(first, after.unwrap_or(number));
        true
    }

    /// Whether a number is there.
    pub fn contains(&self, number: i64) -> bool {
        self.0.range(..=number).next_back().is_some_and(|(_, last)| number <= *last)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set_in_few_ranges(numbers in proptest::collection::vec(0_i64..40, 0..80)) {
            let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(ranges.insert(number), set.insert(number));
            }
            for number in -1..42 {
                prop_assert_eq!(ranges.contains(number), set.contains(&number));
            }
            let all: Vec<_> = ranges.0.into_iter().collect();
            prop_assert!(all.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{:?}", all);
        }
    }

    #[test]
    fn the_ends_of_the_numbers_are_numbers_too() {
        let mut ranges = Ranges::default();
        assert!(ranges.insert(i64::MAX) && ranges.insert(i64::MIN) && !ranges.insert(i64::MAX));
    }
}
