//! Flags do not depend on the order of arrival; neighbours tell weather from faults.

use std::time::Duration;

use minuano_telemetry::ByQuantity;
use proptest::prelude::*;

use super::*;
use crate::events::{self, Rule, Weather};
use crate::quality::check::Finding;
use crate::quality::episodes::{Episode, Episodes, Seen, Step};

mod manners;
mod order;
mod vicinity;

const START: i64 = 1_800_000_000_000;
const BOUND_MS: i64 = 900_000;

fn rules() -> Rules {
    Rules {
        limits: Limits::default(),
        settle_after_ms: BOUND_MS,
        neighbours_km: 15.0,
        neighbours_height_m: 150.0,
        places: BTreeMap::new(),
    }
}

fn at(ms: i64) -> Millis {
    Millis::new(START + ms).unwrap()
}

/// Smooth weather with a little noise, the same for every station.
fn weather(ms: i64) -> [f64; 3] {
    let day = (ms as f64 / 86_400_000.0) * std::f64::consts::TAU;
    let noise = f64::from(u32::try_from((ms / 1000 * 7919).rem_euclid(101)).unwrap()) / 1000.0;
    [
        12.0 + 8.0 * day.sin() + noise,
        1000.0 + 3.0 * (day / 3.0).sin() + noise,
        60.0 - 20.0 * day.sin() + noise,
    ]
}

fn observation(ms: i64, values: [f64; 3]) -> Observation {
    let [temperature, pressure, humidity] = values.map(|value| (value * 100.0).round() / 100.0);
    Observation { at: at(ms), values: ByQuantity([Some(temperature), Some(pressure), Some(humidity), None]) }
}

fn held(row: i64, seq: u64, observation: Observation, received_ms: i64, complete: bool) -> Held {
    Held { row, seq, observation, received_at: at(received_ms), complete, stored: [Flag::Good; 4] }
}

/// Flags by station and index, the episodes that settled readings made, and the weather of which people were told.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    flags: BTreeMap<(i64, usize), [Flag; 4]>,
    episodes: BTreeSet<String>,
    weather: BTreeSet<String>,
}

/// Events that the weather of these tests has: below 14 °C is frost here, and above 19 °C heat.
fn events() -> events::Rules {
    let rule = |onset, clear| Some(Rule { onset, clear, hold: Duration::from_secs(300) });
    events::Rules([rule(14.0, 14.5), rule(19.0, 18.0), rule(-0.5, -0.4), rule(7.0, 7.1)])
}

/// What becomes of arrivals (station, index, when) in this order, a commit being of so many.
fn outcome(
    series: &[Vec<Observation>],
    arrivals: &[(i64, usize, i64)],
    commit: usize,
    complete: bool,
) -> Outcome {
    let mut engine = Engine::new(rules());
    for station in 0_i32..i32::try_from(series.len()).unwrap() {
        engine.place(station.into(), near(station));
    }
    let (mut rows, mut known) = (BTreeMap::new(), BTreeSet::new());
    let (mut outcome, mut settled) = (Outcome::default(), BTreeSet::new());
    let (mut episodes, mut weather) = (Episodes::default(), BTreeMap::<i64, Weather>::new());
    let name = "roof".parse().unwrap();
    let end = arrivals.iter().map(|(.., time)| *time).max().unwrap() + BOUND_MS;
    let mut chunks: Vec<&[(i64, usize, i64)]> = arrivals.chunks(commit).collect();
    chunks.push(&[]);
    for chunk in chunks {
        for (station, index, received) in chunk {
            // Identity drops what comes again, before the checks see it.
            if !known.insert((*station, *index)) {
                continue;
            }
            let row = i64::try_from(rows.len()).unwrap() + 1;
            rows.insert(row, *index);
            let observation = series[usize::try_from(*station).unwrap()][*index];
            let stored = engine.at_once(*station, &observation);
            outcome.flags.insert((*station, *index), stored);
            let held = held(row, *index as u64, observation, *received, complete);
            engine.hold(*station, Held { stored, ..held });
        }
        let now = chunk.last().map_or(end, |(.., time)| *time);
        let verdicts = engine.conclude(at(now), true);
        for InTurn { station, observation, flags } in engine.take_in_turn() {
            let own = weather.entry(station).or_default();
            for told in own.take(&events(), observation.at, &observation.values, &flags) {
                outcome.weather.insert(format!("{station} {told:?}"));
            }
        }
        for verdict in verdicts {
            let key = (verdict.station, rows[&verdict.row]);
            assert!(!settled.contains(&key), "a settled row never changes");
            outcome.flags.insert(key, verdict.flags);
            if !verdict.settled {
                continue;
            }
            settled.insert(key);
            for (quantity, value) in verdict.observation.values.iter() {
                let finding = verdict.findings[quantity as usize].as_ref();
                let seen = Seen { quantity, at: verdict.observation.at, value, finding, beside: &[] };
                for (step, about, episode) in episodes.take(&name, verdict.station, &seen) {
                    if step != Step::Continued {
                        let Episode { kind, from, to, flag, readings, .. } = episode;
                        let told = (verdict.station, step, about, kind, from, to, flag, readings);
                        outcome.episodes.insert(format!("{told:?}"));
                    }
                }
            }
        }
    }
    assert_eq!(settled.len(), known.len(), "all settle in the end");
    outcome
}

/// A kilometre from each other.
fn near(station: i32) -> Place {
    Place { latitude: Some(50.0 + 0.01 * f64::from(station)), longitude: Some(11.0), altitude_m: Some(200.0) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn flags_do_not_depend_on_the_order_of_arrival(
        stations in 1_i64..4,
        faults in proptest::collection::vec(
            (0_usize..3, 0_usize..400, 0_usize..3, -20.0..20.0_f64, 1_usize..60), 0..8),
        delays in proptest::collection::vec(0..BOUND_MS - 1, 1200),
        again in proptest::collection::vec((0_i64..3, 0_usize..400), 0..40),
        commit in 1_usize..50,
    ) {
        let number = |station: i64| usize::try_from(station).unwrap();
        let mut series = vec![(0..400).map(|index| weather(index * 60_000)).collect::<Vec<_>>(); number(stations)];
        for (station, from, quantity, off, length) in faults {
            let Some(own) = series.get_mut(station) else { continue };
            for values in own.iter_mut().skip(from).take(length) {
                values[quantity] += off;
            }
        }
        let series: Vec<Vec<Observation>> = series
            .into_iter()
            .map(|own| (0_i64..).zip(own).map(|(index, values)| observation(index * 60_000, values)).collect())
            .collect();
        let all = || (0..400).flat_map(|index| (0..stations).map(move |station| (station, index)));
        let ordered: Vec<(i64, usize, i64)> =
            all().map(|(station, index)| (station, index, 60_000 * index as i64)).collect();
        let delay = |station: i64, index: usize| delays[number(station) * 400 + index];
        let mut shuffled: Vec<(i64, usize, i64)> =
            ordered.iter().map(|(station, index, time)| (*station, *index, time + delay(*station, *index))).collect();
        shuffled.extend(again.iter().filter(|(station, _)| *station < stations).map(|(station, index)| {
            (*station, *index, 60_000 * *index as i64 + delay(*station, *index) + 1)
        }));
        shuffled.sort_by_key(|(station, index, time)| (*time, *station, *index));
        let expected = outcome(&series, &ordered, 1, false);
        prop_assert!(!expected.weather.is_empty());
        prop_assert_eq!(&outcome(&series, &shuffled, commit, false), &expected);
        // Where nothing is missing, nobody waits.
        prop_assert_eq!(&outcome(&series, &ordered, 1, true), &expected);
        // A backlog that comes at once, the newest first.
        let late: Vec<(i64, usize, i64)> =
            all().map(|(station, index)| (station, 399 - index, 400 * 60_000)).collect();
        prop_assert_eq!(&outcome(&series, &late, 64, false), &expected);
    }
}

/// Three stations a kilometre apart for four days at 10 min; `fault` is added to the first. Gives how many flags 3
/// and 4 each station got in the last two days.
fn three(front: f64, fault: impl Fn(i64) -> [f64; 3]) -> [[[usize; 2]; 3]; 3] {
    let mut engine = Engine::new(rules());
    for station in 0..3 {
        engine.place(station.into(), near(station));
    }
    let mut counts = [[[0; 2]; 3]; 3];
    for step in 0..4 * 144 {
        let ms = step * 600_000;
        let mut values = weather(ms);
        if step > 3 * 144 {
            values[0] -= front;
            values[2] += front;
        }
        for station in 0..3 {
            let mut own = values;
            own[0] += 0.5 * station as f64;
            if station == 0 {
                own = std::array::from_fn(|index| own[index] + fault(step - 3 * 144)[index]);
            }
            let row = step * 3 + station + 1;
            let taken = observation(ms, own);
            engine.hold(station, held(row, row.unsigned_abs(), taken, ms, true));
        }
        for verdict in engine.conclude(at(ms), true) {
            if verdict.settled && verdict.observation.at > at(2 * 86_400_000) {
                for (index, quantity) in KEPT.into_iter().enumerate() {
                    let flag = verdict.flags[quantity as usize];
                    let count = &mut counts[usize::try_from(verdict.station).unwrap()][index];
                    count[0] += usize::from(flag == Flag::Suspect);
                    count[1] += usize::from(flag == Flag::Fail);
                }
            }
        }
    }
    counts
}

#[test]
fn a_front_over_all_stations_fails_nobody() {
    let counts = three(9.0, |_| [0.0; 3]);
    for station in counts {
        for [suspect, fail] in station {
            assert!(suspect <= 2 && fail == 0, "{counts:?}");
        }
    }
}

#[test]
fn one_station_that_walks_away_is_at_fault_and_its_neighbours_are_not() {
    // Pressure drifts by 1.5 hPa over a day, which no station can see by itself.
    let counts = three(0.0, |step| [0.0, (step.clamp(0, 144) as f64) / 144.0 * 1.5, 0.0]);
    let pressure = 1;
    assert!(counts[0][pressure][0] + counts[0][pressure][1] > 50, "{counts:?}");
    assert!(counts[0][pressure][1] > 0, "{counts:?}");
    for station in &counts[1..] {
        assert_eq!(station[pressure], [0, 0], "{counts:?}");
    }
}

#[test]
fn memory_a_station_is_bounded() {
    assert!(Engine::bytes_a_station() < 4096, "{}", Engine::bytes_a_station());
    assert!(size_of::<Station>() < 2048, "{}", size_of::<Station>());
}

#[test]
fn room_that_a_backlog_took_is_given_back() {
    let mut engine = Engine::new(rules());
    for n in 0..500 {
        // Held, because one before them is missing.
        engine.hold(1, held(n, 2, observation(n * 10_000, weather(n * 10_000)), 0, false));
    }
    assert!(engine.room() >= 500);
    engine.conclude(at(BOUND_MS), false);
    assert_eq!(engine.room(), 0);
    engine.hold(1, held(501, 502, observation(5_010_000, weather(0)), BOUND_MS, true));
    engine.conclude(at(BOUND_MS), false);
    assert_eq!(engine.room(), USUAL);
}
