//! Who is asked, and what the weather that they share explains.

use minuano_telemetry::Quantity;

use super::*;
use crate::quality::limits::Season;

fn at_place(latitude: f64, longitude: f64, altitude_m: f64) -> Place {
    Place { latitude: Some(latitude), longitude: Some(longitude), altitude_m: Some(altitude_m) }
}

/// Whom each station asks, nearest first.
fn asked(engine: &Engine, station: usize) -> Vec<usize> {
    engine.entries[station].neighbours.iter().map(|(other, ..)| *other).collect()
}

fn placed(places: &[Place]) -> Engine {
    let mut engine = Engine::new(rules());
    for (station, place) in (0..).zip(places) {
        engine.place(station, *place);
    }
    engine
}

#[test]
fn neighbours_are_near_and_as_high() {
    let here = at_place(50.0, 11.1, 200.0);
    let beside = |other| asked(&placed(&[here, other]), 0);
    assert_eq!(beside(at_place(50.1, 11.1, 200.0)), [1], "11 km");
    assert_eq!(beside(at_place(50.14, 11.1, 200.0)), [0; 0], "15.6 km");
    assert_eq!(beside(at_place(50.1, 11.1, 350.0)), [1], "150 m up");
    assert_eq!(beside(at_place(50.1, 11.1, 351.0)), [0; 0]);
    assert_eq!(beside(at_place(49.999, 11.1, 200.0)), [1], "in the next cell of the map to the south");
    assert_eq!(
        asked(&placed(&[at_place(50.1, 11.001, 200.0), at_place(50.1, 10.999, 200.0)]), 0),
        [1],
        "west"
    );
}

#[test]
fn the_nearest_four_are_asked() {
    let places: Vec<Place> =
        [0.0, 0.06, 0.01, 0.05, 0.02, 0.04, 0.03].map(|north| at_place(50.1 + north, 11.1, 200.0)).into();
    assert_eq!(asked(&placed(&places), 0), [2, 4, 6, 5]);
}

#[test]
fn a_station_that_moved_is_asked_where_it_is() {
    let (here, near, far) =
        (at_place(50.1, 11.1, 200.0), at_place(50.11, 11.1, 200.0), at_place(52.0, 13.0, 200.0));
    let mut engine = placed(&[here, near]);
    engine.place(1, far);
    assert_eq!(asked(&engine, 0), [0; 0]);
    engine.place(2, near);
    assert_eq!((asked(&engine, 2), asked(&engine, 0)), (vec![0], vec![2]));
    engine.place(3, far);
    assert_eq!(asked(&engine, 3), [1]);
    engine.place(1, near);
    assert_eq!((asked(&engine, 0), asked(&engine, 1)), (vec![2, 1], vec![2, 0]), "once, and not itself");
}

/// Final findings of so many stations over four days at ten minutes, of which the last is 9 °C warmer bit by bit, air
/// and all.
fn warm_spell(stations: i64, rules: Rules) -> Vec<Verdict> {
    let mut engine = Engine::new(rules);
    (0..stations).for_each(|station| engine.place(station, near(i32::try_from(station).unwrap())));
    let mut verdicts = Vec::new();
    for step in 0..4 * 144 {
        let ms = step * 600_000;
        let [temperature, pressure, humidity] = weather(ms);
        let warmer = 9.0 * (step - 3 * 144).max(0) as f64 / 144.0;
        for station in 0..stations {
            let row = step * stations + station + 1;
            let taken = observation(ms, [temperature + warmer, pressure, humidity]);
            engine.hold(station, held(row, step.unsigned_abs() + 1, taken, ms, true));
        }
        verdicts.extend(engine.conclude(at(ms), true).into_iter().filter(|verdict| verdict.settled));
    }
    verdicts
}

fn flagged(verdicts: &[Verdict], check: Check, flag: Flag) -> usize {
    let findings = verdicts.iter().filter_map(|verdict| verdict.findings[0]);
    findings.filter(|finding| finding.check == check && finding.flag == flag).count()
}

#[test]
fn a_drift_that_the_neighbours_share_is_weather() {
    assert!(flagged(&warm_spell(1, rules()), Check::Drift, Flag::Suspect) > 0);
    assert_eq!(flagged(&warm_spell(3, rules()), Check::Drift, Flag::Suspect), 0);
}

#[test]
fn what_cannot_be_in_a_season_cannot_be_however_many_say_it() {
    let season = |fail| {
        let months = (1, 12);
        let season = Season { quantity: Quantity::Temperature, months, suspect: (-20.0, 22.0), fail };
        let mut rules = rules();
        rules.limits.seasons.push(season);
        warm_spell(3, rules)
    };
    assert_eq!(
        flagged(&season(None), Check::Climatology, Flag::Suspect),
        0,
        "an unusual day, for all of them"
    );
    let verdicts = season(Some((-40.0, 22.0)));
    let hot = verdicts.iter().filter(|verdict| verdict.observation.values.0[0] > Some(22.0)).count();
    assert!(hot > 20, "{hot}");
    assert_eq!(flagged(&verdicts, Check::Climatology, Flag::Fail), hot);
}

#[test]
fn a_neighbour_that_lags_is_named_with_its_last_mean() {
    let mut engine = Engine::new(rules());
    (0..2).for_each(|station| engine.place(station.into(), near(station)));
    let mut row = 0;
    let mut measure = |engine: &mut Engine, station: i64, minute: i64, temperature: f64| {
        row += 1;
        let taken = observation(minute * 60_000, [temperature, 1000.0, 60.0]);
        engine.hold(station, held(row, minute.unsigned_abs() + 1, taken, minute * 60_000, true));
    };
    for minute in 0..60 {
        measure(&mut engine, 0, minute, 20.0 + 0.01 * (minute % 7) as f64);
        measure(&mut engine, 1, minute, 21.0 + 0.01 * (minute % 5) as f64);
    }
    // At the hour the first jumps; of the second nothing has come of this hour.
    measure(&mut engine, 0, 60, 27.0);
    measure(&mut engine, 0, 61, 27.0);
    let verdicts = engine.conclude(at(120 * 60_000), true);
    let step = verdicts.iter().find(|verdict| verdict.settled && verdict.findings[0].is_some()).unwrap();
    assert_eq!(step.findings[0].unwrap().check, Check::Step);
    let [beside] = &step.beside[..] else { panic!("{:?}", step.beside) };
    assert!(beside.station == 1 && (beside.value - 21.0).abs() < 0.1, "{beside:?}");
}
