//! One stream's account: how each `seq` that its station measured is accounted for.

use minuano_telemetry::Millis;

use super::ranges::{RangeSet, covered_to, uncovered};

/// Ranges of stored readings in one stream, some 100 bytes each. Holes are what a broker drops now and then; they are filled
/// oldest first, and what fills one is always taken, so a stream at this bound comes down from it.
pub const MAX_RANGES: usize = 16_384;

/// How a `seq` is accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// On disk here.
    Stored,
    /// Lost: the station's log overflowed before it could be sent.
    Overflow,
    /// Lost: its stream ended without it.
    Ended,
    /// Acknowledged by an older gateway or a lost store; not here, and not lost.
    Elsewhere,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Stored, Self::Overflow, Self::Ended, Self::Elsewhere];

    /// The word in the store and in `GET /losses`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Overflow => "overflow",
            Self::Ended => "ended",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// What became of a reading that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is not here yet and must be stored, even if it was given up.
    New,
    /// It is here already.
    Duplicate,
    /// It would make another hole, and the stream has [`MAX_RANGES`]: it is not stored and not accounted for, so
    /// its station keeps it and sends it again behind those that fill the holes.
    TurnedAway,
}

/// Everything known of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// When its first reading was taken.
    pub first_at: Millis,
    /// The highest `through` that the station said it obeyed.
    pub cursor: u64,
    /// The oldest `seq` that its log said it holds.
    pub oldest: u64,
    /// The highest `seq` that survived, once the run has ended.
    pub last: Option<u64>,
    /// Whether the station lists it no longer.
    pub ended: bool,
    /// Time of the highest `seq` stored.
    pub last_at: Option<Millis>,
    /// How many readings came again.
    pub duplicates: u64,
    sets: [RangeSet; 4],
    through: u64,
}

impl Account {
    /// A stream heard of for the first time.
    pub fn new(first_at: Millis) -> Self {
        Self {
            first_at,
            cursor: 0,
            oldest: 1,
            last: None,
            ended: false,
            last_at: None,
            duplicates: 0,
            sets: Default::default(),
            through: 0,
        }
    }

    /// Puts back one set as it was written down.
    pub fn restore(&mut self, kind: Kind, ranges: impl IntoIterator<Item = (u64, u64)>) {
        self.sets[kind as usize] = RangeSet::from_ranges(ranges);
        self.advance();
    }

    /// The set of this kind.
    pub fn set(&self, kind: Kind) -> &RangeSet {
        &self.sets[kind as usize]
    }

    /// The set of this kind, to take its changes.
    pub fn set_mut(&mut self, kind: Kind) -> &mut RangeSet {
        &mut self.sets[kind as usize]
    }

    /// The highest `seq` such that it and all before it are stored, overflowed or elsewhere. Never moves back. What was
    /// lost because its stream was not listed any more counts only below `oldest`: a list can be wrong, and a station
    /// that still holds those readings must not be told to drop them.
    pub fn through(&self) -> u64 {
        self.through
    }

    /// Takes what any message of the station says of the stream: what lies at or below `cursor` and is
    /// not here was acknowledged elsewhere; what lies between `cursor` and `oldest` overflowed. Old
    /// messages say less and change nothing.
    pub fn declare(&mut self, cursor: u64, oldest: u64) {
        if cursor > self.cursor {
            self.give_up(self.cursor + 1, cursor, Kind::Elsewhere);
            self.cursor = cursor;
        }
        if oldest > self.oldest {
            self.give_up(self.oldest.max(self.cursor + 1), oldest - 1, Kind::Overflow);
            self.oldest = oldest;
        }
        self.advance();
    }

    /// Takes that the station's log lists the stream, with the highest `seq` that survived where the run has
    /// ended. Whatever was thought before, it has not gone.
    pub fn listed(&mut self, last: Option<u64>) {
        self.ended = false;
        self.last = self.last.max(last);
    }

    /// Takes that the station lists the stream no longer: nothing more will come, and every hole is lost.
    pub fn end(&mut self) {
        let known = [self.cursor, self.oldest.saturating_sub(1), self.last.unwrap_or(0)];
        let stored = self.set(Kind::Stored).highest().unwrap_or(0);
        let highest = known.into_iter().fold(stored, u64::max);
        self.give_up(1, highest, Kind::Ended);
        self.ended = true;
        self.advance();
    }

    /// Takes that the reading `seq`, observed at `at`, arrived.
    pub fn arrive(&mut self, seq: u64, at: Millis) -> Arrival {
        if self.set(Kind::Stored).contains(seq) {
            self.duplicates += 1;
            return Arrival::Duplicate;
        }
        let stored = self.set(Kind::Stored);
        if stored.ranges() >= MAX_RANGES && !stored.touches(seq) {
            return Arrival::TurnedAway;
        }
        self.store(seq, at);
        Arrival::New
    }

    /// Takes that a reading which was not here is stored, whatever the bound: a salvage brings many at once.
    pub fn store(&mut self, seq: u64, at: Millis) {
        if self.set(Kind::Stored).highest().is_none_or(|highest| seq > highest) {
            self.last_at = Some(at);
        }
        for kind in [Kind::Overflow, Kind::Ended, Kind::Elsewhere] {
            self.set_mut(kind).remove(seq, seq);
        }
        self.set_mut(Kind::Stored).insert(seq, seq);
        self.advance();
    }

    fn give_up(&mut self, first: u64, last: u64, kind: Kind) {
        let holes = uncovered(&self.sets.each_ref(), first, last);
        for (first, last) in holes {
            self.set_mut(kind).insert(first, last);
        }
    }

    fn advance(&mut self) {
        let [stored, overflow, ended, elsewhere] = self.sets.each_ref();
        while let Some(next) = self.through.checked_add(1) {
            let gone = (next < self.oldest).then(|| covered_to(&[ended], next)).flatten();
            let gone = gone.map(|end| end.min(self.oldest - 1));
            let Some(end) = covered_to(&[stored, overflow, elsewhere], next).max(gone) else { return };
            self.through = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Millis {
        Millis::new(1_800_000_000_000 + seconds * 1000).unwrap()
    }

    fn account() -> Account {
        Account::new(at(0))
    }

    fn arrive(account: &mut Account, seqs: impl IntoIterator<Item = u64>) {
        for seq in seqs {
            account.arrive(seq, at(0));
        }
    }

    fn ranges(account: &Account, kind: Kind) -> Vec<(u64, u64)> {
        account.set(kind).iter().collect()
    }

    #[test]
    fn through_waits_for_the_hole() {
        let mut account = account();
        arrive(&mut account, [1, 2, 4]);
        assert_eq!(account.through(), 2);
        arrive(&mut account, [3]);
        assert_eq!(account.through(), 4);
    }

    #[test]
    fn what_came_already_is_a_duplicate() {
        let mut account = account();
        assert_eq!(account.arrive(1, at(0)), Arrival::New);
        assert_eq!(account.arrive(1, at(0)), Arrival::Duplicate);
        assert_eq!(account.duplicates, 1);
        assert_eq!(account.set(Kind::Stored).count(), 1);
    }

    #[test]
    fn overflow_before_the_first_contact_is_lost() {
        let mut account = account();
        account.declare(0, 101);
        arrive(&mut account, [101, 102]);
        assert_eq!(ranges(&account, Kind::Overflow), [(1, 100)]);
        assert_eq!(account.through(), 102);
    }

    #[test]
    fn what_an_older_gateway_acknowledged_is_not_lost() {
        let mut account = account();
        account.declare(50, 51);
        arrive(&mut account, [51]);
        assert_eq!(ranges(&account, Kind::Elsewhere), [(1, 50)]);
        assert_eq!(account.set(Kind::Overflow).count(), 0);
        assert_eq!(account.through(), 51);
    }

    #[test]
    fn overflow_behind_the_cursor_takes_only_what_was_never_acknowledged() {
        let mut account = account();
        arrive(&mut account, 1..=10);
        account.declare(10, 31);
        assert_eq!(ranges(&account, Kind::Overflow), [(11, 30)]);
    }

    #[test]
    fn a_reading_that_comes_after_it_was_given_up_is_stored() {
        let mut account = account();
        account.declare(0, 11);
        assert_eq!(account.arrive(5, at(5)), Arrival::New);
        assert_eq!(ranges(&account, Kind::Overflow), [(1, 4), (6, 10)]);
        assert_eq!(ranges(&account, Kind::Stored), [(5, 5)]);
        assert_eq!(account.through(), 10);
    }

    #[test]
    fn a_stream_that_vanished_loses_its_holes_and_no_more() {
        let mut account = account();
        arrive(&mut account, [1, 2, 5]);
        account.end();
        assert_eq!(ranges(&account, Kind::Ended), [(3, 4)]);
    }

    #[test]
    fn a_stream_that_a_list_left_out_by_mistake_is_not_acknowledged_and_comes_back_whole() {
        let mut account = account();
        arrive(&mut account, [5]);
        account.listed(Some(4));
        account.end();
        assert_eq!((ranges(&account, Kind::Ended), account.through()), (vec![(1, 4)], 0));
        account.listed(Some(5));
        arrive(&mut account, [1, 2, 3, 4]);
        assert_eq!((account.set(Kind::Ended).count(), account.through()), (0, 5));
    }

    #[test]
    fn what_ended_is_passed_over_once_its_station_says_that_it_has_it_no_more() {
        let mut account = account();
        arrive(&mut account, [1, 6]);
        account.end();
        account.listed(None);
        assert_eq!(account.through(), 1);
        account.declare(0, 4);
        assert_eq!(account.through(), 3);
        account.declare(0, 7);
        assert_eq!(account.through(), 6);
    }

    #[test]
    fn a_stream_that_said_its_last_loses_up_to_it() {
        let mut account = account();
        arrive(&mut account, [1]);
        account.listed(Some(4));
        account.end();
        assert_eq!(ranges(&account, Kind::Ended), [(2, 4)]);
    }

    #[test]
    fn at_the_bound_of_ranges_only_what_fills_a_hole_is_taken_and_nothing_is_lost() {
        let most = u64::try_from(MAX_RANGES).unwrap();
        let mut account = account();
        arrive(&mut account, (1..=most).map(|n| 2 * n));
        let beyond = 2 * most + 2;
        assert_eq!(account.arrive(beyond, at(0)), Arrival::TurnedAway);
        assert_eq!(
            account.arrive(beyond, at(0)),
            Arrival::TurnedAway,
            "it is no duplicate when it comes again"
        );
        assert_eq!(account.set(Kind::Stored).ranges(), MAX_RANGES);
        assert_eq!(account.through(), 0);
        assert_eq!(account.arrive(2, at(0)), Arrival::Duplicate);
        for seq in (1..=most).map(|n| 2 * n - 1) {
            assert_eq!(account.arrive(seq, at(0)), Arrival::New, "{seq} fills a hole");
        }
        assert_eq!((account.through(), account.set(Kind::Stored).ranges()), (2 * most, 1));
        assert_eq!(account.arrive(beyond, at(0)), Arrival::New, "its station sends it again");
    }

    #[test]
    fn last_at_is_that_of_the_highest_seq() {
        let mut account = account();
        account.arrive(7, at(7));
        account.arrive(3, at(3));
        assert_eq!(account.last_at, Some(at(7)));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Declare(u64, u64),
        Arrive(u64),
        Listed(Option<u64>),
        End,
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => (0u64..40, 0u64..50).prop_map(|(cursor, oldest)| Step::Declare(cursor, oldest)),
            8 => (1u64..50).prop_map(Step::Arrive),
            1 => prop::option::of(1u64..50).prop_map(Step::Listed),
            1 => Just(Step::End),
        ]
    }

    proptest! {
        #[test]
        fn every_seq_has_one_kind_and_through_never_moves_back(steps in prop::collection::vec(any_step(), 0..80)) {
            let mut account = account();
            let mut before = 0;
            let mut arrived = std::collections::BTreeSet::new();
            for step in steps {
                match step {
                    Step::Declare(cursor, oldest) => account.declare(cursor, oldest),
                    Step::Arrive(seq) => {
                        let expected = if arrived.insert(seq) { Arrival::New } else { Arrival::Duplicate };
                        prop_assert_eq!(account.arrive(seq, at(0)), expected);
                    }
                    Step::Listed(last) => account.listed(last),
                    Step::End => account.end(),
                }
                prop_assert!(account.through() >= before);
                before = account.through();
                for seq in 1..60 {
                    let kinds = Kind::ALL.into_iter().filter(|kind| account.set(*kind).contains(seq)).count();
                    prop_assert!(kinds <= 1);
                    prop_assert!(seq > account.through() || kinds == 1);
                }
                prop_assert_eq!(account.set(Kind::Stored).count(), arrived.len() as u64);
            }
        }
    }
}
