//! What does not move, or hardly.

use super::*;

#[test]
fn what_stands_still_is_suspect_after_an_hour_and_a_half_and_fails_later() {
    let begin = weather(THEN + 50)[0];
    let found = found(1, |at, mut values| {
        if at >= 50 {
            values[0] = begin;
        }
        values
    });
    // 5,400 s, and two and a half times that.
    assert_eq!(what(&found, 58, T), None);
    assert_eq!(what(&found, 59, T), Some((Check::FlatLine, Flag::Suspect)));
    assert_eq!(what(&found, 72, T), Some((Check::FlatLine, Flag::Suspect)));
    assert_eq!(what(&found, 73, T), Some((Check::FlatLine, Flag::Fail)));
    assert_eq!(found[73][T].unwrap().seconds, 13_800.0);
}

#[test]
fn fog_may_stand_still_eight_times_as_long() {
    let found = found(2, |at, mut values| {
        if at >= 50 {
            values[2] = 100.0;
        }
        values
    });
    assert_eq!(what(&found, 50 + 71, H), None);
    assert_eq!(what(&found, 50 + 72, H), Some((Check::FlatLine, Flag::Suspect)));
}

#[test]
fn few_readings_are_no_standstill_however_long_they_take() {
    let hourly: Vec<Observation> =
        (0..9).map(|hour| observation(hour * 3_600_000, [Some(20.0), None, None])).collect();
    let found = findings(&Limits::default(), &Place::default(), &hourly);
    assert_eq!(what(&found, 6, T), None);
    assert_eq!(what(&found, 7, T), Some((Check::FlatLine, Flag::Fail)), "the eighth");
}

#[test]
fn the_same_value_hours_later_did_not_stand_still() {
    assert_eq!(of_a_new_one(121, &[Some(20.0); 12]), []);
    assert!(!of_a_new_one(120, &[Some(20.0); 12]).is_empty());
}

#[test]
fn a_signal_that_hardly_varies_is_found_where_that_is_looked_for() {
    let limits = Limits::default().only(&[Check::Attenuated]);
    let series = |swing: f64| -> Vec<Observation> {
        (0..30)
            .map(|index| {
                let value = 20.0 + if index % 2 == 0 { 0.0 } else { swing };
                observation(index * 600_000, [Some(value), None, None])
            })
            .collect()
    };
    // Of three hours: 0.15 °C at the least.
    let found = |swing| findings(&limits, &Place::default(), &series(swing));
    assert_eq!(kinds(&found(0.2)), []);
    let fog: Vec<Observation> =
        (0..30).map(|index| observation(index * 600_000, [None, None, Some(100.0)])).collect();
    assert_eq!(kinds(&findings(&limits, &Place::default(), &fog)), [], "saturated air may");
    let dull = found(0.1);
    assert_eq!(what(&dull, 17, T), None, "three hours are not over");
    assert_eq!(what(&dull, 18, T), Some((Check::Attenuated, Flag::Suspect)));
}
