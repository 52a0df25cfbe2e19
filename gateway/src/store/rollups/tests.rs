//! Rollups against a recount: whatever comes, in whatever order, whenever it is folded.

use jiff::tz::TimeZone;
use minuano_telemetry::{ByQuantity, Clock, Flag, Millis, Quantity};
use proptest::prelude::*;

use super::parts::Part;
use super::*;
use crate::store::Store;
use crate::store::query::buckets::{self, Width};
use crate::store::retention::{self, Waiting};
use crate::store::row::{NewReading, Owner, insert};

/// 2026-11-20T00:00:00Z.
const DAY: i64 = 1_795_132_800_000;
const ROOF: Owner = Owner { station: 1, stream: 1 };

fn at(millis: i64) -> Millis {
    Millis::new(millis).unwrap()
}

/// A value that passes, fails, is beyond the column or is missing.
fn value() -> impl Strategy<Value = (Option<f64>, Flag)> {
    prop_oneof![
        6 => (-20i32..20).prop_map(|steps| (Some(f64::from(steps) / 10.0), Flag::Good)),
        1 => Just((Some(3.0), Flag::Suspect)),
        1 => Just((Some(999.0), Flag::Fail)),
        1 => Just((Some(1e300), Flag::Fail)),
        2 => Just((None, Flag::Missing)),
    ]
}

fn reading() -> impl Strategy<Value = (i64, i64, [(Option<f64>, Flag); 4])> {
    // Mostly near each other, so that minutes have several; stations 1 and 2.
    let time = prop_oneof![0i64..300_000, 0i64..200_000_000];
    (1i64..=2, time, [value(), value(), value(), value()])
}

fn put(connection: &Connection, station: i64, seq: u64, after: i64, of: [(Option<f64>, Flag); 4]) {
    let reading = NewReading {
        seq,
        observed_at: at(DAY + after),
        received_at: at(DAY + 200_000_000),
        clock: Clock::Synchronised,
        samples: 1,
        values: ByQuantity(of.map(|(value, _)| value)),
        faults: ByQuantity::default(),
        flags: of.map(|(_, flag)| flag),
    };
    insert(connection, Owner { station, ..ROOF }, &reading).unwrap();
}

fn widths() -> Vec<Width> {
    let zone = |name| Width::Day(TimeZone::get(name).unwrap());
    let mut widths = WIDTHS.map(Width::Fixed).to_vec();
    widths.extend([zone("UTC"), zone("America/Denver"), zone("Asia/Kathmandu")]);
    widths
}

type Answer = Vec<(Millis, u64, [Option<buckets::Summary>; 4])>;

fn asked(connection: &Connection, width: &Width, range: (i64, i64)) -> Answer {
    let page = buckets::page(connection, 1, (at(range.0), at(range.1)), width, 10_000).unwrap();
    assert_eq!(page.next, None);
    let of = |bucket: &buckets::Bucket| Quantity::ALL.map(|quantity| bucket.quantities.get(quantity));
    page.items.iter().map(|bucket| (bucket.start, bucket.count, of(bucket))).collect()
}

/// From the readings alone.
fn recount(connection: &Connection, width: &Width, range: (i64, i64)) -> Answer {
    let progress = through(connection).unwrap();
    connection
        .execute_batch("SAVEPOINT recount; DELETE FROM rollups; UPDATE rollup_progress SET through = 0")
        .unwrap();
    let answer = asked(connection, width, range);
    connection.execute_batch("ROLLBACK TO recount; RELEASE recount").unwrap();
    assert_eq!(through(connection).unwrap(), progress);
    answer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_rollups_say_equals_a_recount(
        readings in prop::collection::vec(reading(), 1..60),
        folded in prop::collection::vec(any::<bool>(), 60),
        range in (-1000i64..200_000_000, -1000i64..200_000_000),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db"), at(DAY)).unwrap();
        let mut writer = store.writer().unwrap();
        let connection = writer.transaction().unwrap();
        for (seq, ((station, after, of), fold)) in readings.iter().zip(folded).enumerate() {
            put(&connection, *station, seq as u64 + 1, *after, *of);
            if fold {
                prop_assert!(!advance(&connection).unwrap());
            }
        }
        for width in widths() {
            for (from, to) in [(0, 200_000_000), range, (range.0.min(range.1), range.0.max(range.1))] {
                let range = (DAY + from, DAY + to);
                prop_assert_eq!(asked(&connection, &width, range), recount(&connection, &width, range));
            }
        }
    }
}

#[test]
fn charts_outlive_the_readings() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("s.db"), at(DAY)).unwrap();
    let connection = store.writer().unwrap();
    for seq in 0..720u32 {
        let good = (Some(f64::from(seq) / 100.0), Flag::Good);
        put(&connection, 1, seq.into(), i64::from(seq) * 10_000, [good; 4]);
    }
    let (all, hour) = ((DAY, DAY + 7_200_000), Width::Fixed(HOUR));
    let before = asked(&connection, &hour, all);
    assert_eq!(
        retention::prune(&connection, at(DAY * 2), Waiting::default()).unwrap().rows,
        0,
        "not in the rollups yet"
    );
    advance(&connection).unwrap();
    assert_eq!(retention::prune(&connection, at(DAY * 2), Waiting::default()).unwrap().rows, 720);
    assert_eq!(asked(&connection, &hour, all), before);
    // Half a minute cannot be known any more, so it is not guessed.
    let cut = asked(&connection, &hour, (DAY + 30_000, DAY + 7_200_000));
    assert_eq!(cut[0].1, 354);
}

#[test]
fn revised_flags_are_counted_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("s.db"), at(DAY)).unwrap();
    let connection = store.writer().unwrap();
    for seq in 0..60u32 {
        put(&connection, 1, seq.into(), i64::from(seq) * 10_000, [(Some(f64::from(seq)), Flag::Good); 4]);
    }
    advance(&connection).unwrap();
    connection.execute_batch("UPDATE readings SET temperature_flag = 4 WHERE seq IN (0, 59)").unwrap();
    assert_eq!(rebuild(&connection, 1, (DAY, DAY + 600_000)).unwrap(), 0);
    let range = (DAY, DAY + HOUR);
    for width in widths() {
        assert_eq!(asked(&connection, &width, range), recount(&connection, &width, range));
    }
    let hour = parts::load(&connection, 1, HOUR, DAY).unwrap().unwrap();
    assert_eq!((hour.of[0].min.0, hour.of[0].max.0, hour.of[0].flag), (100, 5_800, Flag::Fail));
    connection
        .execute_batch("DELETE FROM readings WHERE seq = 7; UPDATE readings SET temperature_flag = 4")
        .unwrap();
    assert_eq!(rebuild(&connection, 1, (DAY, DAY + 600_000)).unwrap(), 1, "a minute lacks a reading");
    let minute: Part = parts::load(&connection, 1, MINUTE, DAY + MINUTE).unwrap().unwrap().of[0];
    assert_eq!((minute.valid, minute.min.0), (6, 600));
}

#[test]
fn a_chunk_is_bounded_and_the_next_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("s.db"), at(DAY)).unwrap();
    let mut writer = store.writer().unwrap();
    let connection = writer.transaction().unwrap();
    for seq in 0..10_000u32 {
        put(&connection, 1, seq.into(), i64::from(seq) * MINUTE, [(Some(1.0), Flag::Good); 4]);
    }
    assert!(advance(&connection).unwrap());
    assert_eq!(through(&connection).unwrap(), 6_142);
    while advance(&connection).unwrap() {}
    assert_eq!(through(&connection).unwrap(), 10_000);
}

/// CPU seconds of this thread.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// `cargo test --release -p minuano-gateway --lib what_rollups_cost -- --ignored --nocapture`
#[test]
#[ignore = "a measurement, for a release build"]
fn what_rollups_cost() {
    for (stations, what) in [(10, "10 stations"), (1_000, "1,000 stations"), (100_000, "100,000 stations")] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db"), at(DAY)).unwrap();
        let mut connection = store.writer().unwrap();
        let (mut insert, mut fold, mut longest) = (0.0, 0.0, 0.0f64);
        let mut row = 0i64;
        while row < 1_000_000 {
            let begun = cpu();
            let transaction = connection.transaction().unwrap();
            for _ in 0..4_096 {
                let (station, turn) = (row % stations, row / stations);
                put(&transaction, station, turn.cast_unsigned(), turn * 10_000, [(Some(1.0), Flag::Good); 4]);
                row += 1;
            }
            transaction.commit().unwrap();
            let inserted = cpu();
            while row - through(&connection).unwrap() > MAX_TAIL {
                let one = std::time::Instant::now();
                let transaction = connection.transaction().unwrap();
                advance(&transaction).unwrap();
                transaction.commit().unwrap();
                longest = longest.max(one.elapsed().as_secs_f64());
            }
            insert += inserted - begun;
            fold += cpu() - inserted;
        }
        let folded = through(&connection).unwrap() as f64;
        println!(
            "{what}: {:.2} µs a row inserted, {:.2} µs a row rolled up, longest transaction {:.0} ms",
            insert / row as f64 * 1e6,
            fold / folded * 1e6,
            longest * 1e3
        );
    }
}
