//! Many readings make one episode, and its end is told once.

use super::super::range;
use super::*;

const T: Quantity = Quantity::Temperature;

fn at(seconds: i64) -> Millis {
    Millis::new(1_800_000_000_000 + seconds * 1000).unwrap()
}

#[test]
fn many_failed_readings_make_one_episode() {
    let mut episodes = Episodes::default();
    let mut steps = Vec::new();
    let values = [(0, 20.0), (10, 99.0), (20, 98.0), (30, 120.0), (35, -90.0), (40, 21.0), (50, 21.0)];
    for (second, value) in values {
        let flag = range::check(T, Some(value));
        steps.extend(episodes.observe(1, T, at(second), value, flag, range::limits(T)));
    }
    let kinds: Vec<Step> = steps.iter().map(|(step, _)| *step).collect();
    assert_eq!(kinds, [Step::Opened, Step::Continued, Step::Worsened, Step::Continued, Step::Closed]);
    let (_, closed) = steps.last().unwrap();
    assert_eq!((closed.from, closed.to, closed.readings), (at(10), at(35), 4));
    assert_eq!(
        closed.evidence(&"roof".parse().unwrap(), Some(T)).text,
        "roof temperature_c was -90.00 to 120.00 °C in 4 readings, outside -80 to 60 °C"
    );
}

#[test]
fn a_good_reading_from_before_does_not_close_it() {
    let mut episodes = Episodes::default();
    episodes.observe(1, T, at(100), 99.0, Flag::Fail, range::limits(T));
    assert_eq!(episodes.observe(1, T, at(50), 20.0, Flag::Good, range::limits(T)), None);
    assert_eq!(episodes.observe(2, T, at(150), 20.0, Flag::Good, range::limits(T)), None);
    for flag in [Flag::Suspect, Flag::NotEvaluated, Flag::Missing] {
        assert_eq!(
            episodes.observe(1, T, at(105), 20.0, flag, range::limits(T)),
            None,
            "{flag:?} is not well"
        );
    }
    assert!(matches!(
        episodes.observe(1, T, at(110), 20.0, Flag::Good, range::limits(T)),
        Some((Step::Closed, _))
    ));
}

#[test]
fn a_lonely_station_is_one_episode_until_it_has_company() {
    let mut episodes = Episodes::default();
    let name = "roof".parse().unwrap();
    let lonely = Finding {
        check: Check::Isolation,
        flag: Flag::NotEvaluated,
        value: 20.0,
        change: 1.0,
        seconds: 600.0,
        limit: 2.0,
    };
    let mut told = Vec::new();
    for minute in 0..40 {
        for quantity in [T, Quantity::Pressure] {
            let finding = (minute < 20).then_some(&lonely);
            let seen = Seen { quantity, at: at(60 * minute), value: 20.0, finding, beside: &[] };
            told.extend(episodes.take(&name, 1, &seen));
        }
    }
    let steps: Vec<_> = told.iter().filter(|(step, ..)| *step != Step::Continued).collect();
    let [(Step::Opened, None, opened), (Step::Closed, None, closed)] = &steps[..] else {
        panic!("{steps:?}")
    };
    assert_eq!((opened.kind, opened.flag), (AnomalyKind::Isolation, Flag::NotEvaluated));
    assert_eq!((closed.from, closed.to), (at(0), at(60 * 19)));
    assert_eq!(
        opened.evidence(&name, None).text,
        "roof temperature_c 20.00 °C could be compared with 1 of the 2 neighbours that it takes"
    );
}

#[test]
fn evidence_fits_a_message_whatever_the_value() {
    let mut episode = Episode::new(AnomalyKind::Range, at(0), -f64::MAX);
    episode.take(at(0), f64::MAX, (0.0, 1.0));
    episode.take(at(0), 1.0, (0.0, 1.0));
    let name = "a2345678901234567890123456789012".parse().unwrap();
    assert!(episode.evidence(&name, Some(Quantity::Illuminance)).text.len() < 256);
}

#[test]
fn findings_that_flicker_are_one_episode_and_its_end_is_told_once() {
    let mut episodes = Episodes::default();
    let roof = "roof".parse().unwrap();
    let finding =
        |change, flag| Finding { check: Check::Step, flag, value: 38.1, change, seconds: 60.0, limit: 1.2 };
    let mut told = Vec::new();
    let series = [
        (0, Some(finding(14.2, Flag::Suspect))),
        (10, None),
        (20, Some(finding(15.0, Flag::Suspect))),
        (30, Some(finding(15.0, Flag::Fail))),
        (620, None),
        (640, None),
        (660, None),
    ];
    for (second, finding) in series {
        let finding = finding.as_ref();
        let seen = Seen { quantity: T, at: at(second), value: 38.1, finding, beside: &[] };
        told.extend(episodes.take(&roof, 1, &seen));
    }
    let steps: Vec<Step> = told.iter().map(|(step, ..)| *step).collect();
    assert_eq!(steps, [Step::Opened, Step::Continued, Step::Worsened, Step::Closed]);
    assert_eq!(
        told[0].2.evidence(&roof, Some(T)).text,
        "roof temperature_c 38.10 °C rose 14.20 °C in 60 s, limit 1.20 °C"
    );
}

#[test]
fn a_station_that_is_all_zeros_is_one_episode() {
    let mut episodes = Episodes::default();
    let roof = "roof".parse().unwrap();
    let (flag, check) = (Flag::Fail, Check::Zeros);
    let zeros = Finding { check, flag, value: 0.0, change: 0.0, seconds: 0.0, limit: 0.0 };
    let mut told = Vec::new();
    for (second, finding) in [(0, Some(&zeros)), (10, Some(&zeros)), (620, None)] {
        for quantity in [T, Quantity::Humidity, Quantity::Pressure] {
            let seen = Seen { quantity, at: at(second), value: 0.0, finding, beside: &[] };
            told.extend(episodes.take(&roof, 1, &seen));
        }
    }
    let told: Vec<(Step, Option<Quantity>)> = told
        .into_iter()
        .filter(|(step, ..)| *step != Step::Continued)
        .map(|(step, about, _)| (step, about))
        .collect();
    assert_eq!(told, [(Step::Opened, None), (Step::Closed, None)]);
}

#[test]
fn a_standstill_says_how_long_it_has_lasted_without_being_told_again() {
    let mut episodes = Episodes::default();
    let roof = "roof".parse().unwrap();
    let mut last = None;
    for minutes in [90, 100, 200] {
        let (check, flag, seconds) = (Check::FlatLine, Flag::Suspect, f64::from(minutes) * 60.0);
        let stood = Finding { check, flag, value: 12.0, change: 0.0, seconds, limit: 5400.0 };
        let seen = Seen {
            quantity: T,
            at: at(i64::from(minutes) * 60),
            value: 12.0,
            finding: Some(&stood),
            beside: &[],
        };
        last = episodes.take(&roof, 1, &seen).pop();
    }
    let (step, _, episode) = last.unwrap();
    assert_eq!(step, Step::Continued);
    let told = episode.evidence(&roof, Some(T)).text;
    assert_eq!(told, "roof temperature_c 12.00 °C has not changed for 3.3 h, limit 90 min");
}

#[test]
fn a_station_that_nobody_believes_is_told_once_however_far_it_goes() {
    let mut episodes = Episodes::default();
    let roof = "roof".parse().unwrap();
    let steps: Vec<Step> = [(0, 9.0), (10, 20.0), (20, 60.0)]
        .into_iter()
        .flat_map(|(second, change)| {
            let (check, flag) = (Check::Byzantine, Flag::Fail);
            let off = Finding { check, flag, value: 20.0, change, seconds: 600.0, limit: 1.2 };
            let seen = Seen { quantity: T, at: at(second), value: 20.0, finding: Some(&off), beside: &[] };
            episodes.take(&roof, 1, &seen)
        })
        .map(|(step, ..)| step)
        .collect();
    assert_eq!(steps, [Step::Opened, Step::Continued, Step::Continued]);
}

#[test]
fn what_was_so_of_a_station_was_so_until_it_was_not() {
    let mut episodes = Episodes::default();
    let silent = || Evidence::new("roof is silent".to_owned(), Facts::default());
    let opened = episodes.station(1, AnomalyKind::Silent, at(0), Some(silent)).unwrap();
    assert_eq!((opened.0, opened.1.flag), (Step::Opened, Flag::Suspect));
    assert_eq!(episodes.station(1, AnomalyKind::Silent, at(30), Some(silent)), None, "told once");
    let (step, closed) = episodes.station(1, AnomalyKind::Silent, at(90), None::<fn() -> Evidence>).unwrap();
    assert_eq!((step, closed.from, closed.to), (Step::Closed, at(0), at(90)));
}
