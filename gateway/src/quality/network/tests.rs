//! What two or more neighbours say of a station, one bin after the other.

use super::*;

const T: usize = 0;

/// A station at 100 m and its neighbours.
struct Bench {
    pairs: Vec<Pair>,
    height: Option<f64>,
    opinion: Opinion,
    bin: i64,
}

impl Bench {
    fn new(neighbours: usize) -> Self {
        let pairs = vec![Pair::default(); neighbours];
        Self { pairs, height: Some(100.0), opinion: Opinion::default(), bin: 0 }
    }

    /// The next bin; `others` has the means of each neighbour.
    fn compare(&mut self, own: [Option<f64>; 3], others: &[[Option<f64>; 3]]) {
        self.bin += 1;
        let mut asked: Vec<Other<'_>> = self
            .pairs
            .iter_mut()
            .zip(others)
            .map(|(pair, means)| Other { pair, means: *means, altitude_m: self.height })
            .collect();
        self.opinion.compare(&Limits::default(), self.bin, (own, Some(100.0)), &mut asked);
    }

    /// Temperatures alone.
    fn warm(&mut self, own: f64, others: &[f64]) -> Option<(Check, Flag)> {
        let others: Vec<_> = others.iter().map(|other| [Some(*other), None, None]).collect();
        self.compare([Some(own), None, None], &others);
        self.said(T, self.bin)
    }

    fn said(&self, index: usize, bin: i64) -> Option<(Check, Flag)> {
        let found = self.opinion.finding(&Limits::default(), index, bin, 0.0);
        found.map(|found| (found.check, found.flag))
    }
}

const DOUBT: Option<(Check, Flag)> = Some((Check::Neighbours, Flag::Suspect));
const FAULT: Option<(Check, Flag)> = Some((Check::Neighbours, Flag::Fail));

/// What a first comparison says of a station beside two that measure `others` at `height`.
fn first(own: [f64; 3], others: [f64; 3], height: Option<f64>) -> [Option<(Check, Flag)>; 3] {
    let mut bench = Bench { height, ..Bench::new(2) };
    bench.compare(own.map(Some), &[others.map(Some); 2]);
    std::array::from_fn(|index| bench.said(index, 1))
}

#[test]
fn buddies_are_compared_as_if_they_stood_at_one_height() {
    let buddy = Some((Check::Buddy, Flag::Suspect));
    let valley = [15.0, 1000.0, 70.0];
    // A kilometre up it is 6.5 °C colder, and 888.2 hPa.
    let hill = [8.5, 888.2, 70.0];
    assert_eq!(first(valley, hill, Some(1100.0)), [None; 3]);
    assert_eq!(first([26.9, 1005.9, 70.0], hill, Some(1100.0)), [None; 3]);
    assert_eq!(first([28.0, 1007.0, 70.0], hill, Some(1100.0)), [buddy, buddy, None]);
    assert_eq!(first(valley, hill, None), [None; 3], "pressure at an unknown height is not compared");
    assert_eq!(first([22.0, 1000.0, 70.0], hill, None), [buddy, None, None], "and 13.5 °C is as it stands");
}

#[test]
fn buddies_far_off_for_half_an_hour_are_a_fault() {
    let mut bench = Bench::new(2);
    let said: Vec<_> = (0..3).map(|_| bench.warm(40.0, &[15.0, 15.0])).collect();
    let [doubt, fault] = [Flag::Suspect, Flag::Fail].map(|flag| Some((Check::Buddy, flag)));
    assert_eq!(said, [doubt, doubt, fault]);
}

#[test]
fn an_hour_is_learned_from_and_says_nothing() {
    let mut bench = Bench::new(2);
    for own in [15.0, 19.0, 11.0, 18.0, 12.0, 15.0] {
        assert_eq!(bench.warm(own, &[15.0, 15.0]), None);
    }
    assert_eq!(bench.warm(15.1, &[15.0, 15.0]), None);
    assert_eq!(bench.warm(19.0, &[15.0, 15.0]), DOUBT);
}

#[test]
fn what_never_strayed_may_stray_a_little_and_what_often_did_more() {
    let mut calm = Bench::new(2);
    let mut rough = Bench::new(2);
    for bin in 0..600 {
        assert_eq!(calm.warm(16.0, &[15.0, 15.0]), None);
        // By 1.1 °C either way, which is within the least limit.
        rough.warm(if bin % 2 == 0 { 17.1 } else { 14.9 }, &[15.0, 15.0]);
    }
    assert_eq!(calm.warm(17.1, &[15.0, 15.0]), None, "1.2 °C at the least");
    assert_eq!(calm.warm(17.5, &[15.0, 15.0]), DOUBT);
    assert_eq!(rough.warm(17.5, &[15.0, 15.0]), None, "as each hour");
    assert_eq!(rough.warm(30.0, &[15.0, 15.0]).map(|said| said.0), Some(Check::Neighbours));
}

#[test]
fn a_fault_does_not_become_usual_within_its_day() {
    let mut bench = Bench::new(2);
    (0..144).for_each(|_| assert_eq!(bench.warm(15.0, &[15.0, 15.0]), None));
    let said: Vec<_> = (0..72).map(|_| bench.warm(18.0, &[15.0, 15.0])).collect();
    assert_eq!(said[..2], [DOUBT; 2]);
    assert_eq!(said[2..40], [FAULT; 38], "far off for half an hour");
    assert!(said[40..].iter().all(Option::is_some), "{said:?}");
}

#[test]
fn doubt_that_comes_and_goes_is_no_fault() {
    let mut bench = Bench::new(2);
    (0..12).for_each(|_| assert_eq!(bench.warm(15.0, &[15.0, 15.0]), None));
    for _ in 0..4 {
        assert_eq!(bench.warm(18.0, &[15.0, 15.0]), DOUBT);
        assert_eq!(bench.warm(18.0, &[15.0, 15.0]), DOUBT);
        assert_eq!(bench.warm(15.0, &[15.0, 15.0]), None);
    }
}

#[test]
fn it_takes_two_who_agree_with_each_other() {
    let mut alone = Bench::new(1);
    let mut split = Bench::new(2);
    for _ in 0..12 {
        alone.warm(15.0, &[15.0]);
        assert!(!alone.opinion.agrees(T, alone.bin), "one is too few to agree with, too");
        split.warm(15.0, &[15.0, 15.0]);
        assert!(split.bin <= 6 || split.opinion.agrees(T, split.bin));
    }
    assert_eq!(alone.warm(18.0, &[15.0]), None, "one neighbour may be the one that is wrong");
    assert_eq!(split.warm(15.0, &[18.0, 12.0]), None, "these do not agree");
    assert!(!split.opinion.agrees(T, split.bin));
    assert_eq!(split.warm(15.0, &[18.0, 15.2]), None, "one stands by it");
}

#[test]
fn the_widest_limit_counts_and_the_least_distance() {
    let mut bench = Bench::new(2);
    for bin in 0..600 {
        // The first neighbour is restless.
        bench.warm(15.0, &[if bin % 2 == 0 { 16.1 } else { 13.9 }, 15.0]);
    }
    let beyond = |bench: &Bench| bench.opinion.against[T].unwrap();
    bench.warm(30.0, &[18.0, 15.0]);
    let (off, limit) = beyond(&bench);
    assert!((off - 12.0).abs() < 0.2, "{off}");
    assert!(limit > 2.0, "{limit}");
}

#[test]
fn an_opinion_is_of_its_bin_and_the_next_two() {
    let mut bench = Bench::new(2);
    (0..12).for_each(|_| assert_eq!(bench.warm(15.0, &[15.0, 15.0]), None));
    assert_eq!(bench.warm(18.0, &[15.0, 15.0]), DOUBT);
    assert_eq!([0, 2, 3].map(|later| bench.said(T, bench.bin + later)), [DOUBT, DOUBT, None]);
    bench.warm(15.0, &[15.0, 15.0]);
    assert_eq!([0, 2, 3].map(|later| bench.opinion.agrees(T, bench.bin + later)), [true, true, false]);
}

#[test]
fn one_quantity_alone_makes_no_station_a_liar() {
    let mut bench = Bench::new(2);
    (0..12).for_each(|_| assert_eq!(bench.warm(15.0, &[15.0, 15.0]), None));
    let said: Vec<_> = (0..12).map(|_| bench.warm(25.0, &[15.0, 15.0])).collect();
    assert_eq!(said[2..], [FAULT; 10], "and not Byzantine");
}
