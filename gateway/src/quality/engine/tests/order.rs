//! When a reading has its turn, and when its flags are final.

use super::*;
use crate::quality::series;

const MINUTE: i64 = 60_000;

/// A temperature of station 0, taken and received at these minutes.
fn taken(row: i64, minute: i64, temperature: f64) -> Held {
    let [_, pressure, humidity] = weather(minute * MINUTE);
    let observation = observation(minute * MINUTE, [temperature, pressure, humidity]);
    held(row, row.unsigned_abs(), observation, minute * MINUTE, true)
}

fn settled(verdicts: &[Verdict]) -> Vec<i64> {
    verdicts.iter().filter(|verdict| verdict.settled).map(|verdict| verdict.row).collect()
}

#[test]
fn a_reading_waits_for_the_next_and_for_its_neighbours_but_not_for_ever() {
    let mut engine = Engine::new(rules());
    engine.place(0, near(0));
    engine.place(1, near(1));
    engine.hold(1, taken(100, 10, 20.0));
    for row in 1..=3 {
        engine.hold(0, taken(row, 18 + 2 * row, 20.0 + row as f64 / 10.0));
    }
    assert_eq!(settled(&engine.conclude(at(25 * MINUTE), true)), [100], "it is a quarter of an hour old");
    engine.hold(1, taken(101, 20, 20.0));
    assert_eq!(settled(&engine.conclude(at(25 * MINUTE), true)), [1], "the neighbour has come as far");
    assert_eq!(settled(&engine.conclude(at(38 * MINUTE), true)), [2, 101], "as old as may be");
    assert_eq!(engine.frontier(), Some(2));
}

#[test]
fn a_reading_in_doubt_by_the_next_waits_for_the_one_after_it_where_that_is_near() {
    let settle_by = |rules: Rules, minutes: i64, temperatures: &[f64]| -> Vec<(i64, Flag)> {
        let mut engine = Engine::new(rules);
        for (row, temperature) in (1..).zip(temperatures) {
            engine.hold(0, taken(row, minutes * row, *temperature));
        }
        let verdicts = engine.conclude(at(minutes * temperatures.len() as i64 * MINUTE), true);
        verdicts
            .iter()
            .filter(|verdict| verdict.settled)
            .map(|verdict| (verdict.row, verdict.flags[0]))
            .collect()
    };
    let settle = |minutes: i64, temperatures: &[f64]| settle_by(rules(), minutes, temperatures);
    let (good, suspect, fail) = (Flag::Good, Flag::Suspect, Flag::Fail);
    assert_eq!(settle(1, &[20.0, 20.1, 20.2]), [(1, good), (2, good)]);
    assert_eq!(settle(1, &[20.0, 20.1, 29.0]), [(1, good)]);
    assert_eq!(settle(1, &[20.0, 20.1, 29.0, 20.2]), [(1, good), (2, good), (3, fail)]);
    assert_eq!(settle(1, &[20.0, 20.1, 29.0, 29.1]), [(1, good), (2, suspect), (3, suspect)]);
    assert_eq!(settle(6, &[20.0, 20.1, 29.0]), [(1, good), (2, suspect)], "another would come too late");
    let without = Rules { limits: Limits::default().only(&[Check::Step]), ..rules() };
    assert_eq!(
        settle_by(without, 1, &[20.0, 20.1, 29.0]),
        [(1, good), (2, suspect)],
        "nothing would explain it"
    );
}

#[test]
fn a_reading_that_came_before_the_clock_went_back_does_not_wait_for_it() {
    let mut engine = Engine::new(rules());
    engine.hold(0, taken(1, 600, 20.0));
    assert_eq!(settled(&engine.conclude(at(0), true)), [1]);
}

#[test]
fn of_too_many_the_oldest_settle_early_and_are_counted() {
    let crowd = |received: i64| {
        let mut engine = Engine::new(rules());
        for row in 1..=MAX_HELD as i64 + 5 {
            let observation = observation(row * 1000, weather(row * 1000));
            engine.hold(0, held(row, row.unsigned_abs(), observation, received, false));
        }
        (settled(&engine.conclude(at(0), true)).len(), engine.crowded)
    };
    assert_eq!(crowd(0), (5, 5));
    assert_eq!(crowd(-BOUND_MS), (MAX_HELD + 5, 0), "what is old settles anyway");
}

#[test]
fn a_reading_has_its_turn_once_and_one_that_comes_late_misses_it() {
    let mut engine = Engine::new(rules());
    let turns = |engine: &mut Engine, readings: &[(i64, i64)]| -> Vec<i64> {
        for (row, minute) in readings {
            engine.hold(0, taken(*row, *minute, 20.0 + *minute as f64 / 100.0));
        }
        engine.conclude(at(40 * MINUTE), true);
        engine.take_in_turn().iter().map(|turn| (turn.observation.at.get() - START) / MINUTE).collect()
    };
    assert_eq!(turns(&mut engine, &[(1, 30), (2, 32), (3, 34)]), [30, 32, 34]);
    assert_eq!(turns(&mut engine, &[(4, 33), (5, 36)]), [36]);
}

#[test]
fn a_reading_of_the_millisecond_of_another_says_nothing_of_those_before_it_and_hears_nothing() {
    for (seconds, temperatures) in [
        ([0, 10, 20, 20, 30, 40], [20.0, 20.1, 20.0, 29.0, 29.0, 29.1]),
        ([0, 10, 20, 20, 30, 40], [20.0, 20.1, 29.0, 20.1, 20.0, 20.1]),
    ] {
        let series: Vec<Observation> = seconds
            .into_iter()
            .zip(temperatures)
            .map(|(second, temperature)| observation(second * 1000, [temperature, 1000.0, 60.0]))
            .collect();
        let mut engine = Engine::new(rules());
        for (row, observation) in (1..).zip(&series) {
            engine.hold(0, held(row, row.unsigned_abs(), *observation, 0, true));
        }
        let mut verdicts = engine.conclude(at(BOUND_MS), true);
        verdicts.retain(|verdict| verdict.settled);
        let flags: Vec<[Flag; 4]> = verdicts.iter().map(|verdict| verdict.flags).collect();
        assert_eq!(flags, series::flags_of(&Limits::default(), &near(0), &series));
        assert!(flags.iter().any(|flags| flags[0] != Flag::Good));
    }
}

#[test]
fn two_readings_of_one_millisecond_stand_in_the_order_of_their_numbers() {
    let flags = |rows: [i64; 2]| {
        let mut engine = Engine::new(rules());
        engine.hold(0, taken(1, 0, 20.0));
        engine.hold(0, taken(2, 1, 20.1));
        for row in rows {
            // The second of them alone is 9 °C higher: not later than the first, it is judged by itself.
            let mut reading = taken(row, 2, if row == 3 { 20.0 } else { 29.0 });
            reading.complete = false;
            engine.hold(0, reading);
        }
        engine.hold(0, taken(5, 3, 20.1));
        let mut verdicts = engine.conclude(at(40 * MINUTE), true);
        verdicts.retain(|verdict| verdict.settled);
        verdicts.sort_by_key(|verdict| verdict.row);
        verdicts.iter().map(|verdict| verdict.flags[0]).collect::<Vec<_>>()
    };
    assert_eq!(flags([3, 4]), [Flag::Good; 5]);
    assert_eq!(flags([4, 3]), [Flag::Good; 5]);
}
