//! Whatever step a compaction stops after, nothing is lost, and the next one ends what it began.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::super::key::hour_of;
use super::super::parquet::read;
use super::super::plan::Close;
use super::super::remote::Remote;
use super::super::testing::{Bench, LIMITS, MINUTE, NOON, at, home};
use super::super::upload::upload;
use super::*;
use crate::store::row::Owner;

/// Two stations over two past hours in six batches, whose rows are not in the order of time.
struct Filled {
    bench: Bench,
    files: Arc<InMemory>,
    roof: Owner,
}

async fn filled() -> Filled {
    let mut bench = Bench::new();
    let files = Arc::new(InMemory::new());
    bench.remote = Remote::of(Arc::clone(&files) as Arc<dyn ObjectStore>);
    let (shed, roof) = (bench.station("shed", 2), bench.station("roof", 1));
    for batch in 0..6u64 {
        for step in 0..10u64 {
            let seq = batch * 10 + step + 1;
            let minute = i64::try_from(step * 12 + batch).unwrap();
            bench.reading(shed, seq, NOON + minute * MINUTE);
            bench.reading(roof, seq, NOON + minute * MINUTE);
        }
        put_batch(&mut bench).await;
    }
    Filled { bench, files, roof }
}

async fn put_batch(bench: &mut Bench) {
    let batch = bench.plan(NOON, Close::Now).unwrap();
    upload(&bench.store, &bench.remote, &batch, || at(NOON)).await.unwrap();
}

impl Filled {
    fn lake(&self) -> Lake {
        let Bench { store, remote, .. } = &self.bench;
        Lake { store: Arc::clone(store), remote: remote.clone(), gateway: home(), limits: LIMITS }
    }

    /// The test's readings are long past.
    async fn compact(&self) -> Compacted {
        self.lake().compact(false, |_| ()).await.unwrap()
    }

    fn due(&self) -> Vec<Group> {
        due(&self.bench.connection, i64::MAX).unwrap()
    }

    async fn is_well(&self) -> bool {
        self.lake().verify().await.unwrap().ok
    }

    async fn rows(&self) -> BTreeMap<(String, i64), u32> {
        let mut rows = BTreeMap::new();
        for bytes in self.bench.lake().await.into_values() {
            read(bytes, |row| *rows.entry((row.station.to_string(), row.seq)).or_default() += 1).unwrap();
        }
        rows
    }
}

/// Twelve files, six of each hour, become these.
const JOINED: [&str; 2] = [
    "readings/date=2026-11-20/hour=12/home-ID-1-120.parquet",
    "readings/date=2026-11-20/hour=13/home-ID-1-120.parquet",
];

#[tokio::test]
async fn files_of_past_hours_become_one_each_with_the_same_rows() {
    let lake = filled().await;
    let (before, rows) = (lake.bench.lake().await, lake.rows().await);
    assert_eq!(before.len(), 12);
    let dry = lake.lake().compact(true, |_| ()).await.unwrap();
    assert_eq!((dry.files, dry.joined, dry.rows, dry.bytes_after), (12, 2, 120, 0));
    assert_eq!(lake.bench.lake().await, before);
    let mut told = Vec::new();
    let done = lake.lake().compact(false, |line| told.push(line.to_owned())).await.unwrap();
    assert_eq!((done.ok, done.files, done.joined, done.rows, done.removed), (true, 12, 2, 120, 12));
    assert_eq!(told.len(), 2);
    assert!(done.bytes_after * 4 < done.bytes_before, "{done}");
    let after = lake.bench.lake().await;
    let id = lake.bench.store.id().to_string();
    assert_eq!(after.keys().cloned().collect::<Vec<_>>(), JOINED.map(|key| key.replace("ID", &id)));
    for bytes in after.values() {
        let mut sorted = Vec::new();
        read(bytes.clone(), |row| sorted.push((row.station.to_string(), row.observed_at))).unwrap();
        assert!(sorted.is_sorted(), "by station, then time");
    }
    assert_eq!(lake.rows().await, rows);
    assert!(rows.values().all(|times| *times == 1));
    let report = lake.lake().verify().await.unwrap();
    assert_eq!((report.ok, report.files, report.rows, report.others), (true, 2, 120, 0), "{report}");
    let uploaded = lake.bench.store.read(super::super::status::uploaded).unwrap();
    assert_eq!((uploaded.files, uploaded.rows), (2, 120));
    assert_eq!(lake.compact().await, Compacted { ok: true, ..Compacted::default() }, "nothing is left");
}

#[tokio::test]
async fn a_compaction_that_stops_after_any_step_is_ended_by_the_next() {
    for stop in 0..6 {
        let lake = filled().await;
        let rows = lake.rows().await;
        let group = lake.due().remove(0);
        let remote = lake.lake();
        let made = remote.made(&group).await.unwrap();
        if stop > 0 {
            remote.plan_join(&group).await.unwrap();
        }
        if stop > 1 {
            remote.put_joined(&group, &made).await.unwrap();
        }
        if stop > 2 {
            remote.note_joined(&group, &made, &Bytes::from(made.bytes.clone())).await.unwrap();
        }
        if stop > 3 {
            // Some of them are gone.
            for input in &group.inputs[..3] {
                remote.remote.remove(&input.key.to_string()).await.unwrap();
            }
        }
        if stop > 4 {
            remote.remove_joined().await.unwrap();
        }
        let twice = [2, 3, 4].contains(&stop);
        assert_eq!(lake.rows().await.values().any(|times| *times > 1), twice, "after step {stop}");
        assert_eq!(lake.is_well().await, !twice, "and verify says so, after step {stop}");
        assert!(lake.compact().await.ok);
        assert_eq!(lake.rows().await, rows, "after step {stop}");
        assert_eq!(lake.bench.lake().await.len(), 2);
        assert!(lake.is_well().await, "after step {stop}");
        assert_eq!(lake.compact().await.files, 0);
    }
}

#[tokio::test]
async fn a_late_reading_is_joined_with_what_was_joined() {
    let mut lake = filled().await;
    lake.compact().await;
    lake.bench.reading(lake.roof, 99, NOON + 7 * MINUTE);
    put_batch(&mut lake.bench).await;
    assert_eq!(lake.bench.lake().await.len(), 3);
    assert_eq!((lake.compact().await.files, lake.bench.lake().await.len()), (2, 2));
    assert!(lake.bench.lake().await.keys().next().unwrap().ends_with("-1-121.parquet"));
    assert!(lake.is_well().await);
    let page = crate::store::query::lake::page(&lake.bench.connection, None, 10).unwrap();
    assert!(page.items.iter().flat_map(|batch| &batch.files).all(|file| {
        let hour = hour_of(file.hour.get());
        file.key.ends_with(if hour == NOON { "-1-121.parquet" } else { "-1-120.parquet" })
    }));
}

#[tokio::test]
async fn an_hour_waits_for_files_that_are_on_their_way() {
    let mut lake = filled().await;
    lake.bench.reading(lake.roof, 99, NOON + 7 * MINUTE);
    lake.bench.plan(NOON, Close::Now).unwrap();
    let keys: Vec<_> = lake.due().into_iter().map(|group| group.key.hour).collect();
    assert_eq!(keys, [NOON + 60 * MINUTE], "only the other hour");
    assert_eq!(due(&lake.bench.connection, NOON).unwrap(), [], "and only past ones");
    assert!(past(Duration::ZERO, at(NOON + 119 * MINUTE)) < NOON);
    assert_eq!(past(Duration::ZERO, at(NOON + 120 * MINUTE)), NOON);
}

#[tokio::test]
async fn a_damaged_file_is_never_joined() {
    let lake = filled().await;
    let key = lake.due()[0].inputs[2].key.to_string();
    lake.files.put(&Path::from(key.clone()), Bytes::from_static(b"PAR1").into()).await.unwrap();
    let refused = lake.compact().await;
    assert!(!refused.ok && refused.refused == 1 && refused.joined == 1, "{refused}");
    assert!(refused.to_string().contains(&key), "{refused}");
    assert_eq!(lake.bench.lake().await.len(), 7);
    assert!(lake.lake().backfill(false, |_| ()).await.unwrap().ok);
    assert!(lake.compact().await.ok);
    assert!(lake.is_well().await);
}

#[tokio::test]
async fn what_was_joined_is_backfilled_and_pruned_rows_are_named() {
    let lake = filled().await;
    lake.compact().await;
    let whole = lake.bench.lake().await;
    let key = whole.keys().next().unwrap().clone();
    lake.files.delete(&Path::from(key.clone())).await.unwrap();
    assert!(!lake.is_well().await);
    let backfilled = lake.lake().backfill(false, |_| ()).await.unwrap();
    assert_eq!((backfilled.ok, backfilled.checked, backfilled.uploaded, backfilled.rows), (true, 2, 1, 60));
    assert_eq!(lake.bench.lake().await, whole, "the same bytes");
    lake.files.delete(&Path::from(key)).await.unwrap();
    lake.bench.execute("DELETE FROM readings WHERE row < 5");
    let backfilled = lake.lake().backfill(false, |_| ()).await.unwrap();
    assert_eq!((backfilled.ok, backfilled.refused), (false, 1));
    assert!(backfilled.to_string().contains("pruned"), "{backfilled}");
}

#[tokio::test]
async fn a_store_from_before_takes_note_of_what_was_joined() {
    let mut lake = filled().await;
    let copy = lake.bench.folder.path().join("backup.db");
    crate::store::backup::backup(&lake.bench.store, &copy).unwrap();
    lake.compact().await;
    let whole = lake.bench.lake().await;
    lake.bench.store = Arc::new(crate::store::Store::open(&copy, at(NOON)).unwrap());
    lake.bench.connection = lake.bench.store.writer().unwrap();
    assert!(!lake.is_well().await);
    let backfilled = lake.lake().backfill(false, |_| ()).await.unwrap();
    assert_eq!((backfilled.uploaded, backfilled.refused), (0, 12), "no row goes up twice");
    assert_eq!(lake.compact().await.adopted, 2);
    assert_eq!(lake.bench.lake().await, whole);
    assert!(lake.is_well().await);
    assert!(lake.lake().backfill(false, |_| ()).await.unwrap().ok);
}

#[tokio::test]
async fn commands_that_count_on_the_files_wait_for_each_other() {
    let lake = filled().await;
    let reading = Busy::begin(&lake.bench.store, Doing::Reading).unwrap();
    assert!(matches!(lake.lake().compact(false, |_| ()).await, Err(LakeError::Busy(_))));
    assert!(lake.is_well().await, "any number may read");
    drop(reading);
    let _compacting = Busy::begin(&lake.bench.store, Doing::Compacting).unwrap();
    assert!(matches!(lake.lake().verify().await, Err(LakeError::Busy(_))));
}
