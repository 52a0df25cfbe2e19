use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::super::Lake;
use super::super::testing::{Bench, LIMITS, NOON, at, home};
use super::*;

struct Closed {
    bench: Bench,
    files: Arc<InMemory>,
}

impl Closed {
    fn new() -> Self {
        let mut bench = Bench::new();
        bench.station("roof", 1);
        let files = Arc::new(InMemory::new());
        bench.remote = Remote::of(Arc::clone(&files) as Arc<dyn ObjectStore>);
        Self { bench, files }
    }

    fn open(&self, id: i64, to: i64) {
        self.bench.execute(&format!(
            "INSERT INTO anomalies VALUES ({id}, 1, 'temperature_c', 'range', {NOON}, {to}, 4, 'open', 'it was {id}', NULL)"
        ));
    }

    fn close(&self, id: i64) {
        self.bench.execute(&format!("UPDATE anomalies SET state = 'closed' WHERE id = {id}"));
    }

    fn lake(&self) -> Lake {
        let Bench { store, remote, .. } = &self.bench;
        Lake { store: Arc::clone(store), remote: remote.clone(), gateway: home(), limits: LIMITS }
    }

    async fn keys(&self) -> Vec<String> {
        use futures::TryStreamExt;
        let listed: Vec<_> = self.bench.remote.list(FOLDER).try_collect().await.unwrap();
        listed.into_iter().map(|file| file.location.to_string()).collect()
    }
}

#[tokio::test]
async fn episodes_go_in_the_order_in_which_they_close_to_the_day_of_their_end() {
    let lake = Closed::new();
    for (id, to) in [(1, NOON), (2, NOON + DAY), (3, NOON)] {
        lake.open(id, to);
    }
    lake.close(3);
    lake.lake().flush(|_| ()).await.unwrap();
    lake.close(1);
    lake.close(2);
    // Closed before: not again.
    lake.close(3);
    lake.lake().flush(|_| ()).await.unwrap();
    lake.lake().flush(|_| ()).await.unwrap();
    let id = lake.bench.store.id();
    let (first, second) = ("anomalies/date=2026-11-20", "anomalies/date=2026-11-21");
    let keys = lake.keys().await;
    let expected = [
        format!("{first}/home-{id}-1-1.parquet"),
        format!("{first}/home-{id}-2-3.parquet"),
        format!("{second}/home-{id}-2-3.parquet"),
    ];
    assert_eq!(keys, expected);
    let bytes = lake.bench.remote.fetch(&keys[0]).await.unwrap();
    let (_, rows) = super::super::parquet::anomalies::read(bytes).unwrap();
    assert_eq!((rows.len(), rows[0].id, rows[0].evidence.as_str()), (1, 3, "it was 3"));
    let report = lake.lake().verify().await.unwrap();
    assert!(report.ok, "{report}");
    assert_eq!((report.anomalies.files, report.anomalies.rows, report.anomalies.waiting), (3, 3, 0));
}

#[tokio::test]
async fn a_number_is_not_given_twice_after_its_station_was_forgotten() {
    let lake = Closed::new();
    lake.open(1, NOON);
    lake.close(1);
    lake.lake().flush(|_| ()).await.unwrap();
    lake.bench.execute("DELETE FROM anomalies");
    lake.open(2, NOON);
    lake.close(2);
    lake.lake().flush(|_| ()).await.unwrap();
    let keys = lake.keys().await;
    assert!(keys[1].ends_with("-2-2.parquet"), "{keys:?}");
    assert!(lake.lake().verify().await.unwrap().ok);
}

#[tokio::test]
async fn batches_keep_their_distance_and_a_repeat_finds_its_first_try() {
    let mut lake = Closed::new();
    lake.open(1, NOON);
    lake.close(1);
    let close_after = LIMITS.close_after;
    assert!(plan(&mut lake.bench.connection, &home(), close_after, at(NOON), Close::WhenDue).unwrap());
    upload(&lake.bench.store, &lake.bench.remote).await.unwrap();
    lake.bench.execute("UPDATE lake_anomaly_files SET sha256 = NULL");
    assert_eq!(upload(&lake.bench.store, &lake.bench.remote).await.unwrap().0, 1);
    lake.open(2, NOON);
    lake.close(2);
    assert!(!is_due(&lake.bench.connection, close_after, at(NOON + 299_000)).unwrap());
    assert!(is_due(&lake.bench.connection, close_after, at(NOON + 300_000)).unwrap());
    let report = lake.lake().verify().await.unwrap();
    assert_eq!((report.ok, report.anomalies.rows, report.anomalies.waiting), (true, 1, 1));
}

#[tokio::test]
async fn what_is_missing_damaged_or_strange_is_named_and_backfilled() {
    let lake = Closed::new();
    lake.open(1, NOON);
    lake.close(1);
    lake.lake().flush(|_| ()).await.unwrap();
    let key = Path::from(lake.keys().await.remove(0));
    lake.files.delete(&key).await.unwrap();
    let report = lake.lake().verify().await.unwrap();
    assert_eq!((report.ok, report.problems, report.anomalies.gaps), (false, 1, 1));
    assert_eq!(lake.lake().backfill(false, |_| ()).await.unwrap().uploaded, 1);
    lake.files.put(&key, bytes::Bytes::from_static(b"broken").into()).await.unwrap();
    assert!(!lake.lake().verify().await.unwrap().ok);
    assert_eq!(lake.lake().backfill(false, |_| ()).await.unwrap().uploaded, 1);
    let report = lake.lake().verify().await.unwrap();
    assert!(report.ok, "{report}");
    let stray = format!("anomalies/date=2026-11-20/home-{}-7-8.parquet", lake.bench.store.id());
    lake.files.put(&Path::from(stray), bytes::Bytes::new().into()).await.unwrap();
    assert!(!lake.lake().verify().await.unwrap().ok);
    // Beyond the plan: the store is an old copy.
    let old = lake.bench.store.id();
    lake.lake().flush(|_| ()).await.unwrap();
    assert_ne!(lake.bench.store.id(), old);
}
