//! A different batch never takes an old key, whatever happened to the store.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::memory::InMemory;

use super::testing::{Bench, LIMITS, MINUTE, NOON, at, home};
use super::*;

/// One lake; each gateway is of the same name.
struct Shared(Remote);

impl Shared {
    fn new() -> Self {
        Self(Remote::of(Arc::new(InMemory::new())))
    }

    fn of(&self, store: &Arc<Store>) -> Lake {
        Lake { store: Arc::clone(store), remote: self.0.clone(), gateway: home(), limits: LIMITS }
    }

    async fn flush(&self, store: &Arc<Store>) -> Result<Flushed, LakeError> {
        self.of(store).flush(|_| ()).await
    }

    async fn files(&self) -> BTreeMap<String, Bytes> {
        let listed: Vec<_> = self.0.list("readings").try_collect().await.unwrap();
        let mut files = BTreeMap::new();
        for file in listed {
            let key = file.location.to_string();
            files.insert(key.clone(), self.0.fetch(&key).await.unwrap());
        }
        files
    }

    /// What was there is there still, as it was.
    async fn still_has(&self, before: &BTreeMap<String, Bytes>) -> bool {
        let now = self.files().await;
        before.iter().all(|(key, bytes)| now.get(key) == Some(bytes))
    }
}

fn copy(bench: &Bench, name: &str) -> Arc<Store> {
    let file = bench.folder.path().join(name);
    bench.connection.execute("VACUUM INTO ?1", [file.to_str().unwrap()]).unwrap();
    Arc::new(Store::open(&file, at(NOON)).unwrap())
}

/// A store with a station and one reading.
fn begun() -> Bench {
    let bench = Bench::new();
    let roof = bench.station("roof", 1);
    bench.reading(roof, 1, NOON);
    bench
}

const ROOF: crate::store::row::Owner = crate::store::row::Owner { station: 1, stream: 1 };

#[tokio::test]
async fn a_store_restored_from_before_the_last_batch() {
    let (lake, bench) = (Shared::new(), begun());
    lake.flush(&bench.store).await.unwrap();
    let restored = copy(&bench, "backup.db");
    bench.reading(ROOF, 2, NOON + MINUTE);
    lake.flush(&bench.store).await.unwrap();
    let before = lake.files().await;
    // Row 2 is another reading now.
    let writer = restored.writer().unwrap();
    super::testing::insert_into(&writer, ROOF, 3, NOON + 2 * MINUTE);
    lake.flush(&restored).await.unwrap();
    assert_ne!(restored.id(), bench.store.id());
    assert!(lake.still_has(&before).await);
    assert_eq!(lake.files().await.len(), before.len() + 1);
    assert!(lake.of(&restored).verify().await.unwrap().ok);
}

#[tokio::test]
async fn a_store_restored_with_a_plan_that_was_not_uploaded() {
    let (lake, mut bench) = (Shared::new(), begun());
    bench.plan(NOON, Close::Now).unwrap();
    let restored = copy(&bench, "backup.db");
    lake.flush(&bench.store).await.unwrap();
    let before = lake.files().await;
    // The same rows under the same key: done, not again.
    lake.flush(&restored).await.unwrap();
    assert_eq!(lake.files().await, before);
    assert!(lake.of(&restored).verify().await.unwrap().ok);
}

#[tokio::test]
async fn a_store_set_aside_and_two_gateways_of_one_name() {
    let (lake, old, fresh) = (Shared::new(), begun(), begun());
    lake.flush(&old.store).await.unwrap();
    let before = lake.files().await;
    // The same numbers from a file of another identity.
    lake.flush(&fresh.store).await.unwrap();
    assert!(lake.still_has(&before).await);
    assert_eq!(lake.files().await.len(), 2);
    for store in [&old.store, &fresh.store] {
        let report = lake.of(store).verify().await.unwrap();
        assert!(report.ok && report.others == 1, "{report}");
    }
}

#[tokio::test]
async fn a_store_emptied_of_its_readings() {
    let (lake, bench) = (Shared::new(), begun());
    lake.flush(&bench.store).await.unwrap();
    let before = lake.files().await;
    bench.execute("DELETE FROM readings");
    bench.reading(ROOF, 2, NOON + MINUTE);
    lake.flush(&bench.store).await.unwrap();
    assert!(lake.still_has(&before).await);
    assert!(lake.files().await.keys().any(|key| key.ends_with("-2-2.parquet")));
}

#[tokio::test]
async fn a_store_emptied_of_its_plans_and_numbers_too() {
    let (lake, bench) = (Shared::new(), begun());
    lake.flush(&bench.store).await.unwrap();
    let (before, old) = (lake.files().await, bench.store.id());
    bench.execute(
        "DELETE FROM lake_files; DELETE FROM lake_batches; DELETE FROM readings; DELETE FROM sqlite_sequence",
    );
    bench.reading(ROOF, 2, NOON + MINUTE);
    lake.flush(&bench.store).await.unwrap();
    assert_ne!(bench.store.id(), old);
    assert!(lake.still_has(&before).await);
}

#[tokio::test]
async fn two_that_run_on_copies_of_one_store_at_once() {
    let files: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    // Whether the server keeps its word or overwrites what is created again.
    for remote in [Remote::of(Arc::clone(&files)), Remote::that_overwrites(files)] {
        let (lake, mut one) = (Shared(remote), begun());
        let two = copy(&one, "copy.db");
        super::testing::insert_into(&two.writer().unwrap(), ROOF, 9, NOON + 9 * MINUTE);
        one.reading(ROOF, 2, NOON + MINUTE);
        // Both planned before either could see the other's files.
        one.plan(NOON, Close::Now).unwrap();
        plan::plan(&mut two.writer().unwrap(), &home(), &LIMITS, at(NOON), Close::Now).unwrap();
        lake.flush(&one.store).await.unwrap();
        let before = lake.files().await;
        let refused = lake.flush(&two).await.unwrap_err();
        assert!(matches!(refused, LakeError::Different { .. }), "{refused}");
        assert!(lake.still_has(&before).await);
    }
}
