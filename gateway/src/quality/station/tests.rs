//! Each check finds the fault that it is for, at the reading where it is, and takes weather for weather.

use super::*;
use crate::quality::series;

const START: i64 = 1_800_000_000_000;
const T: usize = Quantity::Temperature as usize;
const H: usize = Quantity::Humidity as usize;
/// Readings of a day at ten minutes.
const DAY: usize = 144;
/// Where faults begin: the habits of the days before are known.
const THEN: usize = 8 * DAY;
const FLAT: [f64; 3] = [0.0; 3];

/// Days with a tide and a little noise: temperature, pressure, humidity.
fn weather(index: usize) -> [f64; 3] {
    let day = index as f64 / DAY as f64 * std::f64::consts::TAU;
    let noise = (index * 7919 % 101) as f64 / 500.0;
    [
        12.0 + 6.0 * day.sin() + noise,
        1000.0 + 2.0 * (day / 3.0).sin() + noise / 4.0,
        60.0 - 15.0 * day.sin() + noise,
    ]
}

fn observation(at: i64, [temperature, pressure, humidity]: [Option<f64>; 3]) -> Observation {
    Observation {
        at: Millis::new(START + at).unwrap(),
        values: ByQuantity([temperature, pressure, humidity, None]),
    }
}

/// What is found in so many days, ten minutes apart, of which `change` makes something else from [`THEN`] on.
fn found(days: usize, change: impl Fn(usize, [f64; 3]) -> [f64; 3]) -> Vec<Findings> {
    let series: Vec<Observation> = (0..THEN + days * DAY)
        .map(|index| {
            let mut values = weather(index);
            if index >= THEN {
                values = change(index - THEN, values);
            }
            let values = values.map(|value| Some((value * 100.0).round() / 100.0));
            observation(index as i64 * 600_000, values)
        })
        .collect();
    series::findings(&Limits::default(), &Place::default(), &series).split_off(THEN)
}

fn added(values: [f64; 3], more: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|index| values[index] + more[index])
}

fn what(found: &[Findings], index: usize, quantity: usize) -> Option<(Check, Flag)> {
    found[index][quantity].map(|finding| (finding.check, finding.flag))
}

fn kinds(found: &[Findings]) -> Vec<(usize, Check)> {
    let all =
        found.iter().enumerate().flat_map(|(at, found)| found.iter().flatten().map(move |f| (at, f.check)));
    all.collect()
}

#[test]
fn weather_is_weather() {
    assert_eq!(kinds(&found(3, |_, values| values)), []);
}

#[test]
fn a_spike_is_found_at_its_reading_and_a_great_one_fails() {
    let spike =
        |size| found(1, move |at, values| added(values, if at == 50 { [size, 0.0, 0.0] } else { FLAT }));
    for (size, flag) in [(4.0, Flag::Suspect), (-4.0, Flag::Suspect), (9.0, Flag::Fail)] {
        let found = spike(size);
        assert_eq!(kinds(&found), [(50, Check::Spike)]);
        let finding = found[50][T].unwrap();
        assert_eq!(finding.flag, flag);
        assert!((finding.change - size).abs() < 0.5, "{finding:?}");
    }
    assert_eq!(kinds(&spike(1.0)), [], "a third of what is suspect");
}

#[test]
fn a_step_that_stays_is_suspect_where_it_is_and_not_where_it_stays() {
    let found = found(1, |at, values| added(values, if at >= 50 { [4.0, 0.0, 0.0] } else { FLAT }));
    assert_eq!(what(&found, 50, T), Some((Check::Step, Flag::Suspect)));
    assert!((found[50][T].unwrap().change - 4.0).abs() < 0.5);
    assert!(
        kinds(&found).iter().all(|(at, check)| *at == 50 || *check == Check::Drift),
        "{:?}",
        kinds(&found)
    );
}

/// Air of the same vapour: what another temperature makes of a humidity.
fn at_the_same_vapour([temperature, pressure, humidity]: [f64; 3], warmer: f64) -> [f64; 3] {
    let dew_point = vapour::dew_point(temperature, humidity);
    // Bisection for the humidity that has this dew point at the new temperature.
    let (mut low, mut high) = (1.0, 100.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if vapour::dew_point(temperature + warmer, middle) < dew_point { low = middle } else { high = middle }
    }
    [temperature + warmer, pressure, low]
}

#[test]
fn what_humidity_explains_is_air_and_no_fault() {
    let warm = found(2, |at, values| if at >= 50 { at_the_same_vapour(values, 5.0) } else { values });
    assert_eq!(kinds(&warm), [], "warmer air with the same vapour");
    let broken = found(2, |at, values| added(values, if at >= 50 { [5.0, 0.0, 0.0] } else { FLAT }));
    assert!(kinds(&broken).contains(&(50, Check::Step)));
    assert!(kinds(&broken).iter().any(|(_, check)| *check == Check::Drift));
}

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
    let found = series::findings(&Limits::default(), &Place::default(), &hourly);
    assert_eq!(what(&found, 6, T), None);
    assert_eq!(what(&found, 7, T), Some((Check::FlatLine, Flag::Fail)), "the eighth");
}

#[test]
fn zeros_together_are_a_dead_part_and_zero_degrees_are_winter() {
    let one = |values| {
        let mut observation = observation(0, values);
        observation.values.set(Quantity::Illuminance, Some(0.0));
        Station::default().push(&Limits::default(), &Place::default(), &observation).findings
    };
    let dead = one([Some(0.0), Some(0.0), Some(0.0)]);
    let checks = dead.map(|found| found.map(|found| (found.check, found.flag)));
    let zeros = Some((Check::Zeros, Flag::Fail));
    assert_eq!(checks, [zeros, Some((Check::Range, Flag::Fail)), zeros, None]);
    assert_eq!(one([Some(0.0), Some(1000.0), Some(80.0)]), [None; 4]);
    assert_eq!(one([Some(0.0), Some(1000.0), None]), [None; 4]);
    assert_eq!(one([Some(10.0), Some(1000.0), Some(0.0)]), [None; 4], "a desert");
}

#[test]
fn after_half_an_hour_without_a_reading_the_weather_may_have_done_anything() {
    let jump = |gap_ms: i64| {
        let mut series: Vec<Observation> = (0..30)
            .map(|index| observation(index * 600_000, [Some(20.0 + 0.01 * (index % 7) as f64), None, None]))
            .collect();
        series.push(observation(29 * 600_000 + gap_ms, [Some(28.0), None, None]));
        what(&series::findings(&Limits::default(), &Place::default(), &series), 30, T)
    };
    assert_eq!(jump(1_800_000), Some((Check::Step, Flag::Suspect)));
    assert_eq!(jump(1_800_001), None);
}

#[test]
fn a_value_that_fails_is_no_past_for_those_after_it() {
    let found = found(1, |at, mut values| {
        if (50..53).contains(&at) {
            values[0] = 85.0;
        }
        values
    });
    let range = (50..53).map(|at| (at, Check::Range)).collect::<Vec<_>>();
    assert_eq!(kinds(&found), range, "and the good one after them is good");
}

#[test]
fn a_reading_that_is_not_later_is_judged_by_itself() {
    let (limits, place) = (Limits::default(), Place::default());
    let mut station = Station::default();
    station.push(&limits, &place, &observation(600_000, [Some(20.0), None, None]));
    let late = station.push(&limits, &place, &observation(0, [Some(40.0), None, None]));
    assert_eq!(late, Judged::default());
    let beyond = station.push(&limits, &place, &observation(0, [Some(70.0), None, None]));
    assert_eq!(beyond.findings[T].unwrap().check, Check::Range);
    assert_eq!(station.last_at(), Millis::new(START + 600_000));
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
    let found = |swing| series::findings(&limits, &Place::default(), &series(swing));
    assert_eq!(kinds(&found(0.2)), []);
    let fog: Vec<Observation> =
        (0..30).map(|index| observation(index * 600_000, [None, None, Some(100.0)])).collect();
    assert_eq!(kinds(&series::findings(&limits, &Place::default(), &fog)), [], "saturated air may");
    let dull = found(0.1);
    assert_eq!(what(&dull, 17, T), None, "three hours are not over");
    assert_eq!(what(&dull, 18, T), Some((Check::Attenuated, Flag::Suspect)));
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
        let found = series::findings(&Limits::default(), &Place::default(), &series);
        kinds(&found[(days - 1) * DAY..]).iter().filter(|(_, check)| *check == Check::Step).count()
    };
    assert_eq!(rough(12, 2.3), 0, "as each day");
    assert!(rough(12, 4.0) > 0, "beyond what any site teaches");
    let calm =
        found(1, |at, values| added(values, if (72..78).contains(&at) { [2.3, 0.0, 0.0] } else { FLAT }));
    assert!(kinds(&calm).contains(&(72, Check::Step)), "where it is not usual: {:?}", kinds(&calm));
}

/// What is found at a station of which nothing is known yet, in temperatures so many minutes apart.
fn of_a_new_one(minutes: i64, temperatures: &[Option<f64>]) -> Vec<(usize, Check)> {
    let series: Vec<Observation> = temperatures
        .iter()
        .enumerate()
        .map(|(index, value)| observation(index as i64 * minutes * 60_000, [*value, None, None]))
        .collect();
    kinds(&series::findings(&Limits::default(), &Place::default(), &series))
}

#[test]
fn a_rise_that_goes_on_is_no_step() {
    let rise = [20.0, 20.1, 22.4, 24.7, 27.0, 29.3, 32.0].map(Some);
    assert_eq!(of_a_new_one(10, &rise), [], "2.7 °C after 2.3 each time");
    assert_eq!(of_a_new_one(10, &[20.0, 20.1, 20.0, 20.1, 20.0, 20.1, 22.8].map(Some)), [(6, Check::Step)]);
}

#[test]
fn the_longer_ago_the_further_weather_may_have_gone() {
    let jump = [20.0, 20.1, 23.6].map(Some);
    assert_eq!(of_a_new_one(10, &jump), [(2, Check::Step)]);
    assert_eq!(of_a_new_one(30, &jump), [], "3.5 °C in half an hour");
}

#[test]
fn a_value_after_one_that_is_missing_has_nothing_before_it() {
    assert_eq!(of_a_new_one(5, &[Some(20.0), Some(20.1), None, Some(26.0), Some(26.1)]), []);
}

#[test]
fn a_step_behind_a_spike_is_a_step() {
    let found = of_a_new_one(10, &[20.0, 20.1, 29.1, 20.1, 17.0, 17.1].map(Some));
    assert_eq!(found, [(2, Check::Spike), (4, Check::Step)]);
}

#[test]
fn the_same_value_hours_later_did_not_stand_still() {
    assert_eq!(of_a_new_one(121, &[Some(20.0); 12]), []);
    assert!(!of_a_new_one(120, &[Some(20.0); 12]).is_empty());
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
    let found = series::findings(&Limits::default(), &Place::default(), &series);
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
    let found = series::findings(&Limits::default(), &Place::default(), &series);
    let last = kinds(&found[11 * DAY..]);
    assert!(last.iter().any(|(_, check)| *check == Check::Drift), "{last:?}");
}

#[test]
fn pressure_that_its_altitude_makes_doubtful_is_doubted_once() {
    let place = Place { altitude_m: Some(150.0), ..Place::default() };
    let series: Vec<Observation> = (0..9)
        .map(|index| {
            let pressure = if index == 5 { 903.0 } else { 900.0 + 0.01 * (index % 4) as f64 };
            observation(index * 600_000, [None, Some(pressure), None])
        })
        .collect();
    let found = series::findings(&Limits::default(), &place, &series);
    let altitude = Some((Check::Altitude, Flag::Suspect));
    assert!((0..9).all(|index| what(&found, index, Quantity::Pressure as usize) == altitude));
}

#[test]
fn what_is_doubted_is_no_part_of_a_mean() {
    let (limits, place) = (Limits::default(), Place::default());
    let mut station = Station::default();
    for (index, value) in [20.0, 20.1, 30.0].into_iter().enumerate() {
        station.push(
            &limits,
            &place,
            &observation(index as i64 * 600_000, [Some(value), Some(1000.0), None]),
        );
    }
    let bin = History::bin(START) + 2;
    assert_eq!([0, 1].map(|index| station.history().mean(bin, index)), [None, Some(1000.0)]);
}

#[test]
fn the_worse_of_two_findings_is_told_and_the_first_of_two_alike() {
    let of = |check, flag| Some(Finding { check, flag, value: 0.0, change: 0.0, seconds: 0.0, limit: 0.0 });
    let (step, stuck) = (of(Check::Step, Flag::Suspect), of(Check::FlatLine, Flag::Fail));
    assert_eq!((worse(step, stuck), worse(stuck, step)), (stuck, stuck));
    assert_eq!(worse(step, of(Check::Drift, Flag::Suspect)), step);
    assert_eq!((worse(None, step), worse(step, None), worse(None, None)), (step, step, None));
}
