//! Against the days before: drifts, and what a site has made usual.

use super::*;

#[test]
fn a_drift_is_found_before_it_is_over_and_told_once_where_it_stays() {
    let found = found(2, |at, values| {
        let gone = (at as f64 / DAY as f64).min(1.0);
        added(values, [9.0 * gone, 0.0, 0.0])
    });
    let drifts: Vec<usize> =
        kinds(&found).iter().filter(|(_, c)| *c == Check::Drift).map(|(at, _)| *at).collect();
    assert!(drifts[0] > DAY / 4 && drifts[0] < DAY, "{drifts:?}");
    assert_eq!(drifts.len(), 2, "and once more, 3 °C later: {drifts:?}");
    assert_eq!(found[drifts[0]][T].unwrap().seconds, 86_400.0);
}

#[test]
fn a_rough_site_teaches_what_is_usual_there() {
    // At noon of each day it jumps by 2.3 °C for an hour.
    let rough = |days: usize, size: f64| {
        let series: Vec<Observation> = (0..days * DAY)
            .map(|index| {
                let mut values = weather(index);
                if (72..78).contains(&(index % DAY)) {
                    values[0] += if index / DAY == days - 1 { size } else { 2.3 };
                }
                observation(index as i64 * 600_000, values.map(|v| Some((v * 100.0).round() / 100.0)))
            })
            .collect();
        let found = findings(&Limits::default(), &Place::default(), &series);
        kinds(&found[(days - 1) * DAY..]).iter().filter(|(_, check)| *check == Check::Step).count()
    };
    assert_eq!(rough(12, 2.3), 0, "as each day");
    assert!(rough(12, 4.0) > 0, "beyond what any site teaches");
    let calm =
        found(1, |at, values| added(values, if (72..78).contains(&at) { [2.3, 0.0, 0.0] } else { FLAT }));
    assert!(kinds(&calm).contains(&(72, Check::Step)), "where it is not usual: {:?}", kinds(&calm));
}

#[test]
fn a_rough_day_is_rough_and_the_next_gust_is_no_news() {
    let gusts = found(1, |at, values| {
        let gust = if (30..36).contains(&at) {
            1.8
        } else if (60..66).contains(&at) {
            1.7
        } else {
            0.0
        };
        added(values, [gust, 0.0, 0.0])
    });
    let told: Vec<usize> = kinds(&gusts).iter().map(|(at, _)| *at).collect();
    assert!(told[0] == 30 && told.iter().all(|at| *at < 60), "{told:?}");
}

#[test]
fn a_part_that_fails_each_day_does_not_teach_that_this_is_well() {
    // Each day at noon: one reading 5 °C off, and an hour that is 4 °C off.
    let series: Vec<Observation> = (0..12 * DAY)
        .map(|index| {
            let mut values = weather(index);
            match index % DAY {
                40 => values[0] += 5.0,
                72..78 => values[0] += 4.0,
                _ => {}
            }
            observation(index as i64 * 600_000, values.map(|value| Some((value * 100.0).round() / 100.0)))
        })
        .collect();
    let found = findings(&Limits::default(), &Place::default(), &series);
    let last = kinds(&found[11 * DAY..]);
    assert!(last.contains(&(40, Check::Spike)) && last.contains(&(72, Check::Step)), "{last:?}");
}

#[test]
fn however_days_differ_there_is_a_drift_that_is_too_much() {
    // Every other day 7 °C warmer, in air whose humidity stays; the last one 6.3 °C.
    let series: Vec<Observation> = (0..12 * DAY)
        .map(|index| {
            let day = index as f64 / DAY as f64;
            let swing = if index < 11 * DAY { 3.5 } else { 2.8 } * (day * std::f64::consts::PI).sin();
            observation(index as i64 * 600_000, added(weather(index), [swing, 0.0, 0.0]).map(Some))
        })
        .collect();
    let found = findings(&Limits::default(), &Place::default(), &series);
    let last = kinds(&found[11 * DAY..]);
    assert!(last.iter().any(|(_, check)| *check == Check::Drift), "{last:?}");
}
