//! Events in real weather. What is expected was found by another program in another way: a search through the whole series for
//! runs that last, where this crate goes from reading to reading.

use std::path::{Path, PathBuf};

use super::*;

const MINUTE_MS: i64 = 60_000;

/// What a kind's events are in a series: how many, their minutes in all, the furthest that any went.
type Found = (usize, i64, f64);

fn beside_the_project(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name)
}

/// Every event with its kind, and whether it ended.
fn events(file: &Path) -> Vec<(WeatherKind, Open, bool)> {
    let mut table = csv::Reader::from_path(file).unwrap();
    let columns = table.headers().unwrap().clone();
    let mut weather = Weather::default();
    let mut events: Vec<(WeatherKind, Open, bool)> = Vec::new();
    for row in table.records().map(Result::unwrap) {
        let cell = |name: &str| &row[columns.iter().position(|column| column == name).unwrap()];
        let at: Millis = format!("{}.000Z", cell("time").trim_end_matches('Z')).parse().unwrap();
        let mut values = ByQuantity::default();
        for quantity in [Quantity::Temperature, Quantity::Pressure, Quantity::Humidity] {
            values.set(quantity, cell(quantity.key()).parse().ok());
        }
        for (kind, step, open) in weather.take(&Rules::default(), at, &values, &[Flag::Good; 4]) {
            match (step, events.iter_mut().rfind(|(other, ..)| *other == kind)) {
                (Step::Grew, Some((_, event, false))) => *event = open,
                (Step::Closed, Some((_, event, ended @ false))) => (*event, *ended) = (open, true),
                (Step::Opened, None | Some((.., true))) => events.push((kind, open, false)),
                (step, last) => panic!("{kind:?} {step:?} at {at} after {last:?}"),
            }
        }
    }
    events
}

fn of(events: &[(WeatherKind, Open, bool)], kind: WeatherKind) -> Found {
    let of_kind = || events.iter().filter(|(other, ..)| *other == kind).map(|(_, open, _)| open);
    let minutes: i64 = of_kind().map(|open| (open.to.get() - open.from.get()) / MINUTE_MS).sum();
    let furthest = of_kind().map(|open| open.extreme).fold(f64::INFINITY, f64::min);
    (of_kind().count(), minutes, (furthest * 100.0).round() / 100.0)
}

#[test]
fn six_months_at_jena_have_their_frosts_their_fog_and_their_storms() {
    let file = beside_the_project("jena_2020-01_06_10min.csv");
    if !file.exists() {
        return;
    }
    let events = events(&file);
    assert_eq!(of(&events, WeatherKind::Frost), (27, 16_650, -6.44));
    assert_eq!(of(&events, WeatherKind::Fog), (42, 21_570, 0.0));
    assert_eq!(of(&events, WeatherKind::PressureFall), (4, 1_340, -7.0));
    assert_eq!(of(&events, WeatherKind::Heat).0, 0, "none reached 35 °C");
    assert!(events.iter().all(|(.., ended)| *ended));
    // The first is the storm of 9 and 10 February 2020, which Germany called Sabine.
    let storm = events.iter().find(|(kind, ..)| *kind == WeatherKind::PressureFall).unwrap().1;
    assert_eq!(storm.from.to_string(), "2020-02-09T15:20:00.000Z");
    assert_eq!(storm.to.to_string(), "2020-02-10T03:50:00.000Z");
}

#[test]
fn four_days_on_the_plains_are_one_frost() {
    let file = beside_the_project("arm_sgp_e13_2019-01-01_04_1min.csv");
    if !file.exists() {
        return;
    }
    let events = events(&file);
    assert_eq!(of(&events, WeatherKind::Frost), (1, 4_467, -5.74));
    assert_eq!(of(&events, WeatherKind::Fog), (1, 1_342, 0.03));
    assert_eq!(events.len(), 2);
    // Reading by reading it would have been told fifteen times.
    assert_eq!(crossings_of_zero(&file), 15);
}

#[test]
fn a_winters_day_at_alamosa_is_a_frost_that_goes_on() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../station/data/surfrad_alamosa_2016-01-01_1min.csv");
    let events = events(&file);
    let [(WeatherKind::Frost, open, false)] = events[..] else { panic!("{events:?}") };
    assert_eq!(open.from.to_string(), "2016-01-01T00:00:00.000Z");
    // Told each time that it went a degree further; it went to -22.9.
    assert!((-22.9..=-21.9).contains(&open.extreme), "{open:?}");
}

/// How often the air began to freeze, counting each reading alone.
fn crossings_of_zero(file: &Path) -> usize {
    let mut table = csv::Reader::from_path(file).unwrap();
    let freezes = |row: csv::StringRecord| row[1].parse().map(|air: f64| air <= 0.0).ok();
    let series: Vec<bool> = table.records().map(Result::unwrap).filter_map(freezes).collect();
    series.windows(2).filter(|pair| !pair[0] && pair[1]).count()
}
