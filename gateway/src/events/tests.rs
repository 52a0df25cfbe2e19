use super::*;

const FROST: Rule = Rules::default_of(WeatherKind::Frost);

fn at(minutes: i64) -> Millis {
    Millis::new(1_800_000_000_000 + minutes * 60_000).unwrap()
}

fn temperatures(series: &[(i64, f64)]) -> Vec<(i64, Step, f64)> {
    let mut machine = Machine::default();
    let step = |(minute, value): &(i64, f64)| {
        machine.take(&FROST, at(*minute), *value).map(|(step, open)| (*minute, step, open.extreme))
    };
    series.iter().filter_map(step).collect()
}

fn values(temperature: f64, pressure: f64, humidity: f64) -> ByQuantity<f64> {
    let mut values = ByQuantity::default();
    values.set(Quantity::Temperature, Some(temperature));
    values.set(Quantity::Pressure, Some(pressure));
    values.set(Quantity::Humidity, Some(humidity));
    values
}

#[test]
fn frost_begins_after_its_hold_time_grows_and_ends_beyond_its_hysteresis() {
    let series = [
        (0, 0.5),
        (5, 0.0),
        (14, -0.2),
        (15, -0.3),
        (20, -0.35),
        (30, -1.4),
        (40, 0.5),
        (50, 1.0),
        (60, 1.1),
        (65, 0.9),
        (66, 1.2),
        (75, 1.5),
        (76, 1.6),
        (80, 2.0),
    ];
    assert_eq!(
        temperatures(&series),
        [(15, Step::Opened, -0.3), (30, Step::Grew, -1.4), (76, Step::Closed, -1.4)]
    );
}

#[test]
fn a_short_dip_is_no_frost_and_a_short_rise_ends_none() {
    assert_eq!(temperatures(&[(0, -1.0), (9, -1.0), (10, 0.1), (11, -1.0), (20, -1.0)]), []);
    let opened = temperatures(&[(0, -1.0), (10, -1.0), (11, 5.0), (20, 5.0), (21, -1.0), (32, 5.0)]);
    assert_eq!(opened, [(10, Step::Opened, -1.0)]);
}

#[test]
fn nothing_is_made_up_for_a_gap() {
    assert_eq!(temperatures(&[(0, -1.0), (61, -1.0), (62, -1.0)]), [], "it may have thawed between");
    let open = temperatures(&[(0, -1.0), (10, -2.0), (71, -3.0), (72, -3.0), (82, -3.0)]);
    assert_eq!(open, [(10, Step::Opened, -2.0), (71, Step::Closed, -2.0), (82, Step::Opened, -3.0)]);
}

#[test]
fn heat_is_the_same_upwards() {
    let heat = Rules::default_of(WeatherKind::Heat);
    let mut machine = Machine::default();
    let mut steps = Vec::new();
    for (minute, value) in [(0, 35.0), (10, 35.5), (20, 36.6), (30, 33.0), (40, 32.9), (50, 32.0)] {
        steps.extend(machine.take(&heat, at(minute), value).map(|(step, _)| (minute, step)));
    }
    assert_eq!(steps, [(10, Step::Opened), (20, Step::Grew), (50, Step::Closed)]);
}

#[test]
fn a_storm_is_told_when_pressure_fell_far_enough() {
    let mut weather = Weather::default();
    let mut steps = Vec::new();
    for minute in 0..400 {
        // Steady for two hours, then 3 hPa an hour for three, then steady.
        let fallen = (f64::from(minute) - 120.0).clamp(0.0, 180.0) / 20.0;
        let taken = weather.take(
            &Rules::default(),
            at(minute.into()),
            &values(15.0, 1000.0 - fallen, 50.0),
            &[Flag::Good; 4],
        );
        steps.extend(taken.into_iter().map(|(kind, step, open)| (minute, kind, step, open)));
    }
    let (minute, kind, step, open) = &steps[0];
    assert_eq!((*kind, *step), (WeatherKind::PressureFall, Step::Opened));
    assert!((245..=260).contains(minute), "{minute}");
    assert!(open.extreme <= -6.0);
    assert_eq!(
        evidence(
            &"roof".parse().unwrap(),
            *kind,
            &Rules::default_of(*kind),
            &Open { extreme: -6.42, ..*open }
        ),
        "roof pressure fell by 6.4 hPa in 3 h; a rapid fall is 6 hPa or more"
    );
    assert!(steps.iter().all(|(_, kind, ..)| *kind == WeatherKind::PressureFall), "{steps:?}");
}

#[test]
fn fog_is_air_near_its_dew_point() {
    let mut weather = Weather::default();
    let mut steps = Vec::new();
    for minute in 0..60 {
        // In thick fog a sensor shows a little more than saturation.
        let humidity = if minute < 10 { 90.0 } else { 97.0 + 0.2 * (minute - 10).min(30) as f64 };
        let taken =
            weather.take(&Rules::default(), at(minute), &values(8.0, 1000.0, humidity), &[Flag::Good; 4]);
        steps.extend(taken.into_iter().map(|(kind, step, _)| (minute, kind, step)));
    }
    assert_eq!(steps, [(40, WeatherKind::Fog, Step::Opened)]);
}

#[test]
fn suspect_values_and_old_readings_change_nothing() {
    let rules = Rules([Some(Rule { hold: Duration::ZERO, ..FROST }), None, None, None]);
    let frost = values(-5.0, 1000.0, 50.0);
    let mut weather = Weather::default();
    for flag in [Flag::Suspect, Flag::Fail, Flag::Missing] {
        assert_eq!(weather.take(&rules, at(flag.number().into()), &frost, &[flag; 4]), []);
    }
    assert_eq!(weather.take(&rules, at(9), &frost, &[Flag::Good; 4]), [], "as old as the newest");
    assert_eq!(weather.take(&rules, at(10), &frost, &[Flag::Good; 4]).len(), 1);
}

#[test]
fn a_restart_forgets_neither_the_event_nor_the_pressures() {
    let open = Open { id: Some(7), from: at(0), to: at(20), extreme: -2.0 };
    let pressures = (0..19).map(|slot| (at(slot * 10), 1000.0));
    let mut weather = Weather::restore(pressures, [], [(WeatherKind::Frost, open)]);
    let mild = values(5.0, 990.0, 50.0);
    let mut told = Vec::new();
    for minute in [181, 182, 192] {
        told.extend(weather.take(&Rules::default(), at(minute), &mild, &[Flag::Good; 4]));
    }
    let told: Vec<_> = told.iter().map(|(kind, step, open)| (*kind, *step, open.id)).collect();
    assert_eq!(
        told,
        [(WeatherKind::Frost, Step::Closed, Some(7)), (WeatherKind::PressureFall, Step::Opened, None),]
    );
}

#[test]
fn what_was_told_before_a_restart_is_not_told_again() {
    let frost = |minutes: [i64; 3], weather: &mut Weather| {
        let take = |minute| {
            weather.take(&Rules::default(), at(minute), &values(-2.0, 1000.0, 50.0), &[Flag::Good; 4])
        };
        minutes.map(take).concat().len()
    };
    let mut weather = Weather::restore([], [(WeatherKind::Frost, at(20))], []);
    assert_eq!(frost([0, 10, 20], &mut weather), 0);
    assert_eq!(frost([30, 35, 40], &mut weather), 1, "the next one is");
}

#[test]
fn the_history_is_bounded_whatever_comes() {
    let mut history = History::default();
    for minute in 0..100_000 {
        history.push(at(minute * 10), 1000.0);
        assert!(history.all().len() <= 20);
    }
    history.push(at(10_000_000), 1000.0);
    assert_eq!(history.all().len(), 1);
}

#[test]
fn every_kind_has_a_sentence_that_fits_its_message() {
    let open = Open { id: None, from: at(0), to: at(0), extreme: -1234.567 };
    for kind in WeatherKind::ALL {
        let name = "a2345678901234567890123456789012".parse().unwrap();
        let said = evidence(&name, kind, &Rules::default_of(kind), &open);
        assert!(said.len() < 256 && said.contains("123"), "{said}");
    }
}
