use super::super::testing::{Bench, LIMITS, MINUTE, NOON, at, home, reading};
use super::*;
use crate::store::row::insert;

#[test]
fn a_batch_closes_by_the_age_of_its_first_row() {
    let mut bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.reading(roof, 1, NOON);
    bench.reading(roof, 2, NOON + MINUTE);
    assert_eq!(bench.plan(NOON + 5 * MINUTE - 1, Close::WhenDue), None);
    assert!(!is_due(&bench.connection, &LIMITS, at(NOON + 5 * MINUTE - 1)).unwrap());
    assert!(is_due(&bench.connection, &LIMITS, at(NOON + 5 * MINUTE)).unwrap());
    let batch = bench.plan(NOON + 5 * MINUTE, Close::WhenDue).unwrap();
    assert_eq!((batch.first_row, batch.last_row, batch.excluded.as_str()), (1, 2, "[]"));
    assert_eq!(bench.plan(NOON + 60 * MINUTE, Close::Now), None, "all is planned");
}

#[test]
fn a_batch_closes_by_its_rows() {
    let mut bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.execute("BEGIN");
    for seq in 1..=2100 {
        bench.reading(roof, seq, NOON);
    }
    bench.execute("COMMIT");
    let mut ranges = Vec::new();
    while let Some(batch) = bench.plan(NOON, Close::WhenDue) {
        ranges.push((batch.first_row, batch.last_row));
    }
    assert_eq!(ranges, [(1, 1000), (1001, 2000)]);
}

#[test]
fn late_rows_go_to_the_folder_of_their_own_hour() {
    let mut bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.reading(roof, 2, NOON);
    bench.reading(roof, 1, NOON - 60 * MINUTE);
    bench.reading(roof, 3, NOON + 59 * MINUTE + 59_999);
    bench.reading(roof, 4, NOON + 60 * MINUTE);
    bench.plan(NOON + 65 * MINUTE, Close::WhenDue).unwrap();
    let name = format!("home-{}-1-4.parquet", bench.store.id());
    let expected = [(11, 1), (12, 2), (13, 1)]
        .map(|(hour, rows)| (format!("readings/date=2026-11-20/hour={hour}/{name}"), rows));
    assert_eq!(bench.planned(), expected);
}

#[test]
fn an_unsettled_row_holds_up_what_came_after_it_until_it_is_old() {
    let mut bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.reading(roof, 1, NOON);
    insert(&bench.connection, roof, &reading(2, NOON)).unwrap();
    insert(&bench.connection, roof, &reading(3, NOON)).unwrap();
    settle(&bench.connection, LIMITS.settle_after, at(NOON + 10 * MINUTE)).unwrap();
    let batch = bench.plan(NOON + 10 * MINUTE, Close::WhenDue).unwrap();
    assert_eq!((batch.first_row, batch.last_row), (1, 1));

    assert!(!is_due(&bench.connection, &LIMITS, at(NOON + 15 * MINUTE - 1)).unwrap());
    assert!(is_due(&bench.connection, &LIMITS, at(NOON + 15 * MINUTE)).unwrap());
    settle(&bench.connection, LIMITS.settle_after, at(NOON + 15 * MINUTE)).unwrap();
    let batch = bench.plan(NOON + 15 * MINUTE, Close::WhenDue).unwrap();
    assert_eq!((batch.first_row, batch.last_row), (2, 3));
}

#[test]
fn rows_that_settle_one_by_one_do_not_make_a_batch_each() {
    let mut bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.reading(roof, 1, NOON);
    bench.plan(NOON + 15 * MINUTE, Close::WhenDue).unwrap();
    bench.reading(roof, 2, NOON);
    assert_eq!(bench.plan(NOON + 16 * MINUTE, Close::WhenDue), None);
    assert!(bench.plan(NOON + 20 * MINUTE, Close::WhenDue).is_some());
}

#[test]
fn a_clock_that_was_set_back_holds_up_nothing() {
    let mut bench = Bench::new();
    let roof = bench.station("roof", 1);
    insert(&bench.connection, roof, &reading(1, NOON)).unwrap();
    let now = NOON - 24 * 60 * MINUTE;
    settle(&bench.connection, LIMITS.settle_after, at(now)).unwrap();
    assert!(bench.plan(now, Close::WhenDue).is_some());
}

#[test]
fn stations_of_another_gateway_are_left_out() {
    let mut bench = Bench::new();
    let (roof, barn) = (bench.station("roof", 1), bench.station("barn", 2));
    bench.reading(roof, 1, NOON);
    bench.reading(barn, 1, NOON - 60 * MINUTE);
    bench.execute("UPDATE stations SET owner = 'other' WHERE name = 'barn'");
    let batch = bench.plan(NOON + 5 * MINUTE, Close::WhenDue).unwrap();
    assert_eq!(batch.excluded, "[2]");
    assert_eq!(bench.planned().len(), 1, "the hour of the barn has no file");

    bench.reading(barn, 2, NOON + MINUTE);
    bench.plan(NOON + 60 * MINUTE, Close::WhenDue).unwrap();
    assert_eq!(bench.planned().len(), 1);
    let open: i64 = bench
        .connection
        .query_row("SELECT count(*) FROM lake_batches WHERE done_at IS NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(open, 1, "a batch without files is done at once");
}

#[test]
fn two_that_plan_at_once_never_overlap() {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.execute("BEGIN");
    for seq in 1..=2000 {
        bench.reading(roof, seq, NOON);
    }
    bench.execute("COMMIT");
    let limits = Limits { close_rows: 7, ..LIMITS };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut connection = bench.store.writer().unwrap();
                while plan(&mut connection, &home(), &limits, at(NOON), Close::Now).unwrap().is_some() {}
            });
        }
    });
    let mut query = bench.connection.prepare("SELECT first_row, last_row FROM lake_batches").unwrap();
    let ranges: Vec<(i64, i64)> =
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert_eq!((ranges[0].0, ranges.last().unwrap().1), (1, 2000));
    assert!(ranges.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{ranges:?}");
}
