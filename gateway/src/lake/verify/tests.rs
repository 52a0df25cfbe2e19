use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;

use super::super::parquet::FileWriter;
use super::super::plan::Close;
use super::super::testing::{Bench, MINUTE, NOON, at, home};
use super::super::upload::upload;
use super::*;

/// 30 rows in the lake over two hours, and two that wait.
async fn filled() -> (Bench, Arc<InMemory>) {
    let mut bench = Bench::new();
    let files = Arc::new(InMemory::new());
    bench.remote = Remote::of(Arc::clone(&files) as _);
    let roof = bench.station("roof", 1);
    for seq in 1..=30 {
        bench.reading(roof, seq, NOON - 11 * MINUTE + i64::try_from(seq).unwrap() * MINUTE);
    }
    let batch = bench.plan(NOON, Close::Now).unwrap();
    upload(&bench.store, &bench.remote, &batch, || at(NOON)).await.unwrap();
    bench.reading(roof, 31, NOON + 30 * MINUTE);
    bench.reading(roof, 32, NOON + 31 * MINUTE);
    (bench, files)
}

async fn verified(bench: &Bench) -> Report {
    verify(&bench.store, &bench.remote, &home()).await.unwrap()
}

#[tokio::test]
async fn a_whole_lake_is_well() {
    let (bench, _) = filled().await;
    let report = verified(&bench).await;
    assert!(report.ok, "{report}");
    assert_eq!((report.files, report.rows, report.waiting), (2, 30, 2));
    let bytes: usize = bench.lake().await.values().map(Bytes::len).sum();
    assert_eq!(report.bytes, bytes as u64);
}

#[tokio::test]
async fn a_removed_file_and_its_rows_are_named() {
    let (bench, files) = filled().await;
    let (key, rows) = bench.planned().remove(0);
    files.delete(&Path::from(key.clone())).await.unwrap();
    let report = verified(&bench).await;
    assert!(!report.ok);
    assert_eq!(report.problem_files, [Problem { key, what: "is not there".to_owned() }]);
    assert_eq!(report.gaps, rows);
    assert_eq!(report.gap_ranges.len(), 1);
    assert_eq!((report.gap_ranges[0].from, report.gap_ranges[0].to), (1, 10));
    assert!(report.to_string().contains("missing: roof 0000000000000001 1 to 10"), "{report}");
}

#[tokio::test]
async fn an_altered_file_is_named() {
    let (bench, files) = filled().await;
    let (first, second) = (bench.planned().remove(0).0, bench.planned().remove(1).0);
    // A sound file of other rows, and one in which one bit changed.
    let other = FileWriter::default().finish(&first.parse().unwrap()).unwrap();
    files.put(&Path::from(first.clone()), other.bytes.into()).await.unwrap();
    let mut flipped = bench.lake().await[&second].to_vec();
    flipped[700] ^= 1;
    files.put(&Path::from(second.clone()), flipped.into()).await.unwrap();
    let report = verified(&bench).await;
    assert!(!report.ok);
    assert_eq!((report.problems, report.files, report.gaps), (2, 0, 30));
    assert_eq!(report.problem_files.iter().map(|p| p.key.clone()).collect::<Vec<_>>(), [first, second]);
    assert!(
        report.problem_files.iter().all(|p| p.what.contains("not the file that was uploaded")),
        "{report}"
    );
}

#[tokio::test]
async fn a_row_that_is_there_twice_is_counted() {
    let (mut bench, _) = filled().await;
    // What no ingest does: the identity of row 1 again.
    bench.execute(
        "INSERT INTO readings SELECT 40, station, stream, seq, observed_at + 86400000, received_at, clock, \
         samples, temperature, pressure, humidity, illuminance, temperature_flag, pressure_flag, \
         humidity_flag, illuminance_flag, faults FROM readings WHERE row = 1; UPDATE settlement SET through = 40",
    );
    let batch = bench.plan(NOON, Close::Now).unwrap();
    upload(&bench.store, &bench.remote, &batch, || at(NOON)).await.unwrap();
    let report = verified(&bench).await;
    assert_eq!((report.ok, report.duplicates, report.rows), (false, 1, 33));
}

#[tokio::test]
async fn others_are_counted_and_a_stray_of_our_own_name_is_a_problem() {
    let (bench, files) = filled().await;
    for name in ["other-0a1b2c3d-1-2.parquet", "home-00000000-1-2.parquet", "note.txt"] {
        let key = format!("readings/date=2026-11-20/hour=12/{name}");
        files.put(&Path::from(key), Bytes::new().into()).await.unwrap();
    }
    let report = verified(&bench).await;
    assert!(report.ok, "{report}");
    assert_eq!(report.others, 3);
    let stray = format!("readings/date=2026-11-20/hour=12/home-{}-900-901.parquet", bench.store.id());
    files.put(&Path::from(stray.clone()), Bytes::new().into()).await.unwrap();
    let report = verified(&bench).await;
    assert_eq!((report.ok, report.others), (false, 3));
    assert_eq!(report.problem_files[0].key, stray);
}

#[tokio::test]
async fn pruned_rows_and_excluded_stations_are_no_gaps() {
    let (mut bench, _) = filled().await;
    let barn = bench.station("barn", 9);
    bench.execute(
        "UPDATE stations SET owner = 'other' WHERE name = 'barn'; DELETE FROM readings WHERE row < 20",
    );
    bench.reading(barn, 1, NOON);
    let batch = bench.plan(NOON, Close::Now).unwrap();
    upload(&bench.store, &bench.remote, &batch, || at(NOON)).await.unwrap();
    let report = verified(&bench).await;
    assert!(report.ok, "{report}");
    assert_eq!((report.rows, report.excluded, report.waiting), (32, 1, 0));
}
