//! Each check finds the fault that it is for, at the reading where it is, and takes weather for weather.

use super::*;
use crate::quality::series;

mod habits;
mod standstill;
mod steps;

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

fn findings(limits: &Limits, place: &Place, series: &[Observation]) -> Vec<Findings> {
    let mut all = vec![Findings::default(); series.len()];
    series::judge(limits, place, series, |index, found| all[index] = found.findings);
    all
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
    findings(&Limits::default(), &Place::default(), &series).split_off(THEN)
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

/// What is found at a station of which nothing is known yet, in temperatures so many minutes apart.
fn of_a_new_one(minutes: i64, temperatures: &[Option<f64>]) -> Vec<(usize, Check)> {
    let series: Vec<Observation> = temperatures
        .iter()
        .enumerate()
        .map(|(index, value)| observation(index as i64 * minutes * 60_000, [*value, None, None]))
        .collect();
    kinds(&findings(&Limits::default(), &Place::default(), &series))
}

#[test]
fn weather_is_weather() {
    assert_eq!(kinds(&found(3, |_, values| values)), []);
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
fn pressure_that_its_altitude_makes_doubtful_is_doubted_once() {
    let place = Place { altitude_m: Some(150.0), ..Place::default() };
    let series: Vec<Observation> = (0..9)
        .map(|index| {
            let pressure = if index == 5 { 903.0 } else { 900.0 + 0.01 * (index % 4) as f64 };
            observation(index * 600_000, [None, Some(pressure), None])
        })
        .collect();
    let found = findings(&Limits::default(), &place, &series);
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
