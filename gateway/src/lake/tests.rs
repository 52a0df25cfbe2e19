use super::testing::{Bench, MINUTE, NOON, at, home};
use super::*;

fn config(bench: &Bench) -> LakeConfig {
    LakeConfig {
        url: format!("file://{}/lake", bench.folder.path().display()),
        close_after: Duration::from_millis(10),
        ..LakeConfig::default()
    }
}

fn lake(bench: &Bench) -> Lake {
    let settle_after = Duration::from_secs(900);
    Lake::open(&config(bench), settle_after, &home(), Arc::clone(&bench.store)).unwrap()
}

#[tokio::test]
async fn a_running_lake_uploads_what_is_due_and_stops_when_told() {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.reading(roof, 1, NOON);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(lake(&bench).run(async {
        let _ = stopped.await;
    }));
    let rows = async || bench.store.ask(status::uploaded).await.unwrap().rows;
    let wait = async |wanted| {
        while rows().await != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait(1)).await.unwrap();
    bench.reading(roof, 2, NOON + MINUTE);
    tokio::time::timeout(Duration::from_secs(20), wait(2)).await.unwrap();
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(2), running).await.unwrap().unwrap();
    assert!(lake(&bench).verify().await.unwrap().ok);
}

#[tokio::test]
async fn a_flush_settles_and_uploads_all_there_is_and_again_nothing() {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    for seq in 1..=50 {
        bench.reading(roof, seq, NOON + i64::try_from(seq).unwrap() * MINUTE);
    }
    bench.execute("UPDATE settlement SET through = 2");
    let flushed = lake(&bench).flush(|_| ()).await.unwrap();
    assert_eq!((flushed.batches, flushed.lake_rows), (1, 50));
    let again = lake(&bench).flush(|_| ()).await.unwrap();
    assert_eq!((again.batches, again.lake_rows), (0, 50));
    let report = lake(&bench).verify().await.unwrap();
    assert!(report.ok, "{report}");
    assert_eq!((report.rows, report.waiting), (50, 0));
}

#[tokio::test]
async fn two_flushes_at_once_upload_every_row_once() {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    for seq in 1..=50 {
        bench.reading(roof, seq, NOON + i64::try_from(seq).unwrap() * 20 * MINUTE);
    }
    let (one, two) = (lake(&bench), lake(&bench));
    let (one, two) = tokio::join!(one.flush(|_| ()), two.flush(|_| ()));
    assert_eq!((one.unwrap().lake_rows, two.unwrap().lake_rows), (50, 50));
    assert!(lake(&bench).verify().await.unwrap().ok);
}

#[tokio::test]
async fn an_old_copy_of_the_store_takes_a_new_identity() {
    let mut bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.reading(roof, 1, NOON);
    lake(&bench).flush(|_| ()).await.unwrap();
    let copy = bench.folder.path().join("copy.db");
    bench.connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    bench.reading(roof, 2, NOON);
    lake(&bench).flush(|_| ()).await.unwrap();
    let old = bench.store.id();

    bench.store = Arc::new(Store::open(&copy, at(NOON)).unwrap());
    bench.connection = bench.store.writer().unwrap();
    assert_eq!(bench.store.id(), old);
    bench.reading(roof, 3, NOON);
    lake(&bench).flush(|_| ()).await.unwrap();
    assert_ne!(bench.store.id(), old);
    assert_eq!(Store::open(&copy, at(NOON)).unwrap().id(), bench.store.id(), "for good");
    let report = lake(&bench).verify().await.unwrap();
    assert!(report.ok, "{report}");
    assert_eq!((report.rows, report.others), (2, 1), "row 1, row 3, and what the original uploaded");
}

#[tokio::test]
async fn the_lag_is_the_age_of_the_oldest_row_that_waits() {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    let lag = |now| status::lag_seconds(&bench.connection, at(now)).unwrap();
    assert_eq!(lag(NOON), 0.0);
    bench.reading(roof, 1, NOON);
    bench.reading(roof, 2, NOON + MINUTE);
    assert_eq!(lag(NOON + 2 * MINUTE), 120.0);
    lake(&bench).flush(|_| ()).await.unwrap();
    assert_eq!(lag(NOON + 2 * MINUTE), 0.0);
    bench.reading(roof, 3, NOON + 2 * MINUTE);
    bench.execute("UPDATE settlement SET through = 2");
    assert_eq!(lag(NOON + 5 * MINUTE), 0.0, "not settled yet");
    bench.execute(
        "INSERT INTO lake_anomaly_files (key, first, last, day, rows, planned_at) \
         VALUES ('anomalies/a.parquet', 1, 2, 0, 2, 1795176000000)",
    );
    assert_eq!(lag(NOON + 5 * MINUTE), 300.0, "an episode waits");
    assert_eq!(bench.store.read(status::episodes).unwrap().waiting, 2);
    bench.execute("UPDATE lake_anomaly_files SET sha256 = 'aa', bytes = 7");
    assert_eq!(lag(NOON + 5 * MINUTE), 0.0);
    let there = status::Episodes { files: 1, rows: 2, bytes: 7, waiting: 0 };
    assert_eq!(bench.store.read(status::episodes).unwrap(), there);
}

#[tokio::test]
async fn a_place_that_fails_is_shown_and_tried_again_until_it_works() {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.reading(roof, 1, NOON);
    let in_the_way = bench.folder.path().join("lake/readings/date=2026-11-20");
    std::fs::create_dir_all(in_the_way.parent().unwrap()).unwrap();
    std::fs::write(&in_the_way, "a file where a folder should be").unwrap();
    let running = tokio::spawn(lake(&bench).run(std::future::pending()));
    let batch = async |wanted: &'static str| {
        let count = format!("SELECT count(*) FROM lake_batches WHERE {wanted}");
        let asked = async || {
            let count = count.clone();
            bench.store.ask(move |c| c.query_row(&count, [], |row| row.get::<_, i64>(0))).await.unwrap()
        };
        let wait = async {
            while asked().await == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect(wanted);
    };
    batch("retries > 0 AND error LIKE '%date=2026-11-20%' AND done_at IS NULL").await;
    std::fs::remove_file(in_the_way).unwrap();
    batch("retries > 0 AND error IS NULL AND done_at IS NOT NULL").await;
    running.abort();
    assert!(lake(&bench).verify().await.unwrap().ok);
}
