//! Stations that are wrong as a whole, stand alone, or keep strange hours.

use super::*;

/// Readings of three stations a minute apart for some hours; `own` is what the first measures instead. Gives the
/// first one's settled verdicts.
fn first_of_three(rules: Rules, minutes: i64, own: impl Fn(i64, [f64; 3]) -> [f64; 3]) -> Vec<Verdict> {
    let mut engine = Engine::new(rules);
    for station in 0..3 {
        engine.place(station.into(), near(station));
    }
    let mut verdicts = Vec::new();
    for minute in 0..minutes {
        let ms = minute * 60_000;
        for station in 0..3 {
            let values = weather(ms);
            let values = if station == 0 { own(minute, values) } else { values };
            let row = minute * 3 + station + 1;
            engine.hold(station, held(row, minute.unsigned_abs() + 1, observation(ms, values), ms, true));
        }
        verdicts.extend(engine.conclude(at(ms), true));
    }
    verdicts.retain(|verdict| verdict.settled && verdict.station == 0);
    verdicts
}

fn found(verdicts: &[Verdict], check: Check) -> Vec<Finding> {
    verdicts
        .iter()
        .flat_map(|verdict| verdict.findings.iter().flatten().copied())
        .filter(|finding| finding.check == check)
        .collect()
}

#[test]
fn a_station_all_of_whose_quantities_walk_away_is_believed_in_none() {
    let walk = |minute: i64, values: [f64; 3]| {
        let by = (minute - 300).clamp(0, 300) as f64 / 300.0;
        [values[0] + 9.0 * by, values[1] + 4.0 * by, values[2] - 25.0 * by]
    };
    let verdicts = first_of_three(rules(), 720, walk);
    let byzantine = found(&verdicts, Check::Byzantine);
    assert!(byzantine.len() > 300, "{}", byzantine.len());
    assert!(byzantine.iter().all(|finding| finding.flag == Flag::Fail));
    let one = first_of_three(rules(), 720, |minute, values| [walk(minute, values)[0], values[1], values[2]]);
    assert_eq!(found(&one, Check::Byzantine), []);
    assert!(!found(&one, Check::Neighbours).is_empty());
}

#[test]
fn a_station_that_was_wrong_from_the_first_is_told_by_its_buddies() {
    let verdicts = first_of_three(rules(), 120, |_, values| [values[0] + 20.0, values[1] - 9.0, values[2]]);
    let buddy = found(&verdicts, Check::Buddy);
    assert!(buddy.len() > 100, "{}", buddy.len());
    assert!((buddy[0].change.abs() - 20.0).abs() < 0.1 || (buddy[0].change.abs() - 9.0).abs() < 0.1);
}

#[test]
fn neighbours_are_named_with_what_they_measured() {
    let verdicts = first_of_three(rules(), 240, |minute, values| {
        [values[0] + if minute >= 200 { 14.2 } else { 0.0 }, values[1], values[2]]
    });
    let verdict = verdicts.iter().find(|verdict| verdict.findings[0].is_some()).unwrap();
    assert_eq!(verdict.findings[0].unwrap().check, Check::Step);
    let told: Vec<(i64, bool)> =
        verdict.beside.iter().map(|near| (near.station, near.change.abs() < 0.5)).collect();
    assert_eq!(told, [(1, true), (2, true)], "{:?}", verdict.beside);
}

#[test]
fn what_nobody_confirms_is_not_called_good_where_that_is_wanted() {
    let mut lonely = rules();
    lonely.limits = lonely.limits.only(&[Check::Isolation]);
    lonely.neighbours_km = 0.1;
    let verdicts = first_of_three(lonely.clone(), 60, |_, values| values);
    assert!(verdicts.iter().all(|verdict| verdict.flags[0] == Flag::NotEvaluated));
    lonely.neighbours_km = 15.0;
    let verdicts = first_of_three(lonely, 60, |_, values| values);
    assert_eq!(verdicts.last().unwrap().flags[0], Flag::Good);
}

/// One station's readings so many milliseconds apart; gives how many readings got a flag 3 or 4, gaps among them, and
/// how many were held at most.
fn alone(every_ms: i64, count: i64, arrives: impl Fn(i64) -> i64) -> (usize, usize, usize) {
    let mut engine = Engine::new(rules());
    let (mut bad, mut gaps, mut most) = (0, 0, 0);
    for index in 0..count {
        let ms = index * every_ms;
        let arrival = arrives(ms);
        let observation = observation(ms, weather(ms));
        engine.hold(1, held(index + 1, index.unsigned_abs() + 1, observation, arrival, true));
        most = most.max(engine.entries[0].waiting.len());
        for verdict in engine.conclude(at(arrival), true) {
            bad += usize::from(verdict.flags.iter().any(|flag| matches!(flag, Flag::Suspect | Flag::Fail)));
            gaps += usize::from(verdict.gap_since.is_some());
        }
    }
    (bad, gaps, most)
}

#[test]
fn strange_hours_are_no_fault_and_take_no_memory() {
    let (bad, gaps, most) = alone(3_600_000, 24 * 20, |ms| ms);
    assert!(bad <= 2 && gaps == 0 && most <= 3, "once an hour: {bad} {gaps} {most}");
    let (bad, gaps, most) = alone(100, 36_000, |ms| ms);
    assert!(bad == 0 && gaps == 0 && most <= 3, "ten times a second: {bad} {gaps} {most}");
    for off in [-86_400_000, 86_400_000] {
        let (bad, gaps, most) = alone(10_000, 8640, |ms| ms + 90_000_000 + off);
        assert!(bad == 0 && gaps == 0 && most <= 200, "a day off: {bad} {gaps} {most}");
    }
    let (_, gaps, _) = alone(3 * 3_600_000, 10, |ms| ms);
    assert_eq!(gaps, 8, "more than two hours between readings are told");
}

#[test]
fn what_was_learned_is_given_out_once_a_day_and_taken_up_again() {
    let mut engine = Engine::new(rules());
    let mut learned = Vec::new();
    for index in 0..10 * 144 {
        let ms = index * 600_000;
        engine.hold(1, held(index + 1, index.unsigned_abs() + 1, observation(ms, weather(ms)), ms, true));
        engine.conclude(at(ms), true);
        learned.extend(engine.take_learned());
    }
    assert_eq!(learned.len(), 10);
    let (station, known) = *learned.last().unwrap();
    assert_eq!(station, 1);
    let mut other = Engine::new(rules());
    other.resume(1, &known);
    assert_eq!(other.entries[0].settled.learned(), Some(known));
    // The day that it knows is seen again in part, as after a restart: it teaches nothing new.
    for index in 9 * 144..10 * 144 {
        let ms = index * 600_000;
        other.recall(1, &observation(ms, weather(ms)));
    }
    assert_eq!(other.entries[0].settled.learned(), Some(known));
}
