//! What the checks cost: readings a second and core, through every check that runs by default.
//!
//! cargo xtask bench quality

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use minuano_gateway::quality::engine::{Engine, Held, Rules};
use minuano_gateway::quality::limits::Limits;
use minuano_gateway::quality::place::Place;
use minuano_gateway::quality::station::{Observation, Station};
use minuano_telemetry::{ByQuantity, Flag, Millis};

const EVERY_MS: i64 = 10_000;
const READINGS: u32 = 3 * 8640;
/// As many readings of each station as a busy commit holds.
const COMMIT: usize = 64;
const STATIONS: i64 = 3;

/// Three days of weather each ten seconds: a course of the day, a front, noise, light by day.
fn weather() -> Vec<Observation> {
    let mut random = 1_u64;
    let mut noise = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from((random >> 33) as u32) / f64::from(1_u32 << 31) - 0.5
    };
    let rounded = |value: f64| Some((value * 100.0).round() / 100.0);
    (0..READINGS)
        .map(|index| {
            let days = f64::from(index) / 8640.0;
            let sun = -(days * std::f64::consts::TAU).cos();
            let front = (days - 1.6).clamp(0.0, 0.1) * 60.0;
            Observation {
                at: Millis::new(1_770_000_000_000 + i64::from(index) * EVERY_MS).unwrap_or(Millis::YEAR_2020),
                values: ByQuantity([
                    rounded(12.0 + 6.0 * sun - front + 0.1 * noise()),
                    rounded(1002.0 + 4.0 * days.sin() + 0.05 * noise()),
                    rounded(60.0 - 25.0 * sun + 3.0 * front + 0.5 * noise()),
                    rounded((40_000.0 * sun).max(0.0)),
                ]),
            }
        })
        .collect()
}

fn place(station: i64) -> Place {
    Place { latitude: Some(50.9 + 0.01 * station as f64), longitude: Some(11.6), altitude_m: Some(150.0) }
}

fn engine(stations: i64) -> Engine {
    let mut engine = Engine::new(Rules {
        limits: Limits::default(),
        settle_after_ms: 900_000,
        neighbours_km: 15.0,
        neighbours_height_m: 150.0,
        places: BTreeMap::new(),
    });
    (0..stations).for_each(|station| engine.place(station, place(station)));
    engine
}

/// Takes the series for each station, a commit after the other, as the writer does.
fn run(mut engine: Engine, stations: i64, series: &[Observation]) -> usize {
    let (mut row, mut settled) = (0, 0);
    for (part, commit) in series.chunks(COMMIT).enumerate() {
        for station in 0..stations {
            for (index, observation) in commit.iter().enumerate() {
                row += 1;
                let seq = (part * COMMIT + index) as u64 + 1;
                let received_at = observation.at;
                let stored = engine.at_once(station, observation);
                let held = Held { row, seq, observation: *observation, received_at, complete: true, stored };
                engine.hold(station, held);
            }
        }
        let now = commit.last().map_or(Millis::YEAR_2020, |last| last.at);
        settled += engine.conclude(now, false).iter().filter(|verdict| verdict.settled).count();
        black_box(engine.take_in_turn());
    }
    settled
}

fn checks(criterion: &mut Criterion) {
    let series = weather();
    let mut group = criterion.benchmark_group("quality");
    group.throughput(Throughput::Elements(READINGS.into()));
    group.bench_function("station", |bencher| {
        let (limits, place) = (Limits::default(), place(0));
        bencher.iter_batched_ref(
            Station::default,
            |station| {
                for observation in &series {
                    black_box(station.push(&limits, &place, observation));
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("engine", |bencher| {
        bencher.iter_batched(|| engine(1), |engine| run(engine, 1, &series), BatchSize::LargeInput);
    });
    group.throughput(Throughput::Elements(u64::from(READINGS) * STATIONS.unsigned_abs()));
    group.bench_function("engine_neighbours", |bencher| {
        let fresh = || engine(STATIONS);
        bencher.iter_batched(fresh, |engine| run(engine, STATIONS, &series), BatchSize::LargeInput);
    });
    group.finish();
    let flags = run(engine(1), 1, &series);
    assert!(flags > series.len() - COMMIT, "{flags} settled: nothing is measured that stands still");
    assert_eq!(engine(1).at_once(0, &series[0]), [Flag::Good; 4]);
}

criterion_group!(benches, checks);
criterion_main!(benches);
