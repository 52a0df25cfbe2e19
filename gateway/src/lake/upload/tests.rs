use super::super::parquet::read;
use super::super::plan::Close;
use super::super::testing::{Bench, MINUTE, NOON, at, reading};
use super::*;
use crate::store::row::{NewReading, insert};

fn now() -> Millis {
    at(NOON + 10 * MINUTE)
}

/// Two stations over two hours, planned.
fn planned() -> (Bench, Batch) {
    let mut bench = Bench::new();
    let (roof, barn) = (bench.station("roof", 1), bench.station("barn", 2));
    for seq in 1..=20 {
        bench.reading(roof, seq, NOON - 10 * MINUTE + i64::try_from(seq).unwrap() * MINUTE);
        bench.reading(barn, seq, NOON + 10 * MINUTE - i64::try_from(seq).unwrap() * MINUTE);
    }
    let batch = bench.plan(NOON, Close::Now).unwrap();
    (bench, batch)
}

fn done(bench: &Bench) -> (bool, u32, Option<String>) {
    bench
        .connection
        .query_row("SELECT done_at IS NOT NULL, retries, error FROM lake_batches", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap()
}

fn rows(bytes: Bytes) -> Vec<(String, i64)> {
    let mut rows = Vec::new();
    read(bytes, |row| rows.push((row.station.to_string(), row.observed_at))).unwrap();
    rows
}

#[tokio::test]
async fn every_row_is_in_the_file_of_its_hour_sorted_by_station_then_time() {
    let (bench, batch) = planned();
    upload(&bench.store, &bench.remote, &batch, now).await.unwrap();
    let lake = bench.lake().await;
    assert_eq!(lake.len(), 2);
    for ((key, bytes), (planned, count)) in lake.into_iter().zip(bench.planned()) {
        let rows = rows(bytes);
        assert_eq!((key, rows.len() as u64), (planned, count));
        assert!(rows.is_sorted(), "{rows:?}");
    }
    assert_eq!(done(&bench), (true, 0, None));
}

#[tokio::test]
async fn a_crash_after_any_step_repeats_the_same_bytes_under_the_same_keys() {
    let (whole, batch) = planned();
    upload(&whole.store, &whole.remote, &batch, now).await.unwrap();
    let expected = whole.lake().await;
    // After the plan, after a file was put, after it was marked, before the batch was marked.
    for (marked, put) in [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)] {
        let bench = crashed(&whole, marked);
        for (key, bytes) in expected.iter().take(put) {
            bench.remote.create(key, bytes.clone()).await.unwrap();
        }
        upload(&bench.store, &bench.remote, &batch, now).await.unwrap();
        assert_eq!(bench.lake().await, expected, "{marked} marked, {put} put");
        assert!(done(&bench).0);
    }
}

/// A copy of the store as it was when its process stopped, with an empty lake.
fn crashed(whole: &Bench, marked: u32) -> Bench {
    let mut bench = Bench::new();
    let file = bench.folder.path().join("crashed.db");
    whole.connection.execute("VACUUM INTO ?1", [file.to_str().unwrap()]).unwrap();
    bench.store = Arc::new(Store::open(&file, now()).unwrap());
    bench.connection = bench.store.writer().unwrap();
    bench.execute("UPDATE lake_batches SET done_at = NULL");
    bench.execute(&format!(
        "UPDATE lake_files SET sha256 = NULL, bytes = NULL \
         WHERE key IN (SELECT key FROM lake_files ORDER BY key LIMIT -1 OFFSET {marked})"
    ));
    bench
}

#[tokio::test]
async fn a_key_with_other_rows_is_an_error_and_is_left_alone() {
    let (bench, batch) = planned();
    let (key, _) = bench.planned().remove(0);
    let other = FileWriter::default().finish(&key.parse().unwrap()).unwrap();
    bench.remote.create(&key, other.bytes.clone().into()).await.unwrap();
    let error = upload(&bench.store, &bench.remote, &batch, now).await.unwrap_err();
    assert!(matches!(error, LakeError::Different { .. }), "{error}");
    upload(&bench.store, &bench.remote, &batch, now).await.unwrap_err();
    assert_eq!(bench.lake().await[&key], other.bytes);
    let (done, retries, said) = done(&bench);
    assert_eq!((done, retries), (false, 2));
    assert!(said.unwrap().contains(&key));
}

#[tokio::test]
async fn a_key_with_the_same_rows_in_other_bytes_is_done() {
    let (bench, batch) = planned();
    let (key, rows) = bench.planned().remove(0);
    let range = (batch.first_row, batch.last_row);
    let reader = BatchReader::new(bench.store.writer().unwrap(), range, "[]".to_owned(), 1).unwrap();
    // As another release might have encoded it: the footer names the same rows.
    let ours = encode(&reader, &key.parse().unwrap(), rows).unwrap().bytes;
    let other = Bytes::from([b"other encoding", &ours[..]].concat());
    bench.remote.create(&key, other.clone()).await.unwrap();
    upload(&bench.store, &bench.remote, &batch, now).await.unwrap();
    assert!(done(&bench).0);
    assert_eq!(bench.lake().await[&key], other);
}

#[tokio::test]
async fn a_key_with_no_parquet_is_left_alone_too() {
    let (bench, batch) = planned();
    let (key, _) = bench.planned().remove(0);
    bench.remote.create(&key, Bytes::from_static(b"mine")).await.unwrap();
    upload(&bench.store, &bench.remote, &batch, now).await.unwrap_err();
    assert_eq!(bench.lake().await[&key], "mine");
}

#[tokio::test]
async fn a_batch_of_many_hours_is_read_by_its_index_and_gives_the_same() {
    let mut bench = Bench::new();
    let (roof, barn) = (bench.station("roof", 1), bench.station("barn", 2));
    for seq in 1..=100 {
        bench.reading(roof, seq, NOON - i64::try_from(seq * 7).unwrap() * MINUTE);
        bench.reading(barn, seq, NOON - i64::try_from(seq * 5).unwrap() * MINUTE);
    }
    bench.execute("UPDATE stations SET owner = 'other' WHERE name = 'barn'");
    let batch = bench.plan(NOON, Close::Now).unwrap();
    let planned = bench.planned();
    assert!(planned.len() > 10);
    let reader = |files| {
        let range = (batch.first_row, batch.last_row);
        BatchReader::new(bench.store.writer().unwrap(), range, batch.excluded.clone(), files).unwrap()
    };
    let (indexed, scanned) = (reader(planned.len()), reader(1));
    for (key, rows) in planned {
        let key = key.parse().unwrap();
        assert_eq!(encode(&indexed, &key, rows).unwrap(), encode(&scanned, &key, rows).unwrap());
    }
}

#[tokio::test]
async fn values_keep_their_resolution_their_overflow_and_their_absence() {
    let mut bench = Bench::new();
    let roof = bench.station("roof", 1);
    let odd = NewReading {
        values: minuano_telemetry::ByQuantity([Some(-0.01), Some(1e300), None, Some(15230.1)]),
        ..reading(1, NOON)
    };
    let row = insert(&bench.connection, roof, &odd).unwrap();
    crate::store::unsettled::settle(&bench.connection, row).unwrap();
    let batch = bench.plan(NOON, Close::Now).unwrap();
    upload(&bench.store, &bench.remote, &batch, now).await.unwrap();
    let (_, bytes) = bench.lake().await.pop_first().unwrap();
    let mut values = Vec::new();
    read(bytes, |row| values.push(row.values)).unwrap();
    assert_eq!(values, [odd.values]);
}

#[tokio::test]
async fn rows_that_are_gone_are_said_and_not_uploaded() {
    let (bench, batch) = planned();
    bench.execute("DELETE FROM readings WHERE row = 3");
    let error = upload(&bench.store, &bench.remote, &batch, now).await.unwrap_err();
    assert!(matches!(error, LakeError::Changed { .. }), "{error}");
    assert!(!done(&bench).0);
}
