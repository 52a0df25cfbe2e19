//! What the lake lost comes back; what is another's stays.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::super::parquet::FileWriter;
use super::super::plan::Close;
use super::super::remote::Remote;
use super::super::testing::{Bench, LIMITS, MINUTE, NOON, at, home};
use super::*;

/// 30 rows in the lake over two hours.
struct Filled {
    bench: Bench,
    files: Arc<InMemory>,
    keys: Vec<String>,
    whole: BTreeMap<String, Bytes>,
}

async fn filled() -> Filled {
    let mut bench = Bench::new();
    let files = Arc::new(InMemory::new());
    bench.remote = Remote::of(Arc::clone(&files) as Arc<dyn ObjectStore>);
    let roof = bench.station("roof", 1);
    for seq in 1..=30 {
        bench.reading(roof, seq, NOON - 11 * MINUTE + i64::try_from(seq).unwrap() * MINUTE);
    }
    let batch = bench.plan(NOON, Close::Now).unwrap();
    upload(&bench.store, &bench.remote, &batch, || at(NOON)).await.unwrap();
    let whole = bench.lake().await;
    Filled { keys: whole.keys().cloned().collect(), bench, files, whole }
}

impl Filled {
    fn lake(&self) -> Lake {
        let Bench { store, remote, .. } = &self.bench;
        Lake { store: Arc::clone(store), remote: remote.clone(), gateway: home(), limits: LIMITS }
    }

    async fn backfill(&self, replace: bool) -> Backfilled {
        self.lake().backfill(replace, |_| ()).await.unwrap()
    }

    async fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        self.files.put(&Path::from(key), bytes.into().into()).await.unwrap();
    }

    async fn is_whole(&self) -> bool {
        self.bench.lake().await == self.whole && self.lake().verify().await.unwrap().ok
    }
}

#[tokio::test]
async fn a_whole_lake_is_left_alone() {
    let lake = filled().await;
    let backfilled = lake.backfill(false).await;
    assert_eq!(backfilled, Backfilled { ok: true, checked: 2, ..Backfilled::default() });
}

#[tokio::test]
async fn what_is_gone_and_what_is_damaged_comes_back_as_it_was() {
    let lake = filled().await;
    lake.files.delete(&Path::from(lake.keys[0].clone())).await.unwrap();
    let mut flipped = lake.whole[&lake.keys[1]].to_vec();
    flipped[700] ^= 1;
    for damaged in [flipped, lake.whole[&lake.keys[1]][..900].to_vec(), Vec::new()] {
        lake.put(&lake.keys[1], damaged).await;
        assert!(!lake.is_whole().await);
        let backfilled = lake.backfill(false).await;
        assert!(backfilled.ok && backfilled.uploaded > 0, "{backfilled}");
        assert!(lake.is_whole().await);
    }
    assert_eq!(lake.backfill(false).await.uploaded, 0);
}

#[tokio::test]
async fn a_file_of_other_rows_is_overwritten_only_on_demand() {
    let lake = filled().await;
    let other = FileWriter::default().finish(&lake.keys[0].parse().unwrap()).unwrap().bytes;
    lake.put(&lake.keys[0], other.clone()).await;
    let backfilled = lake.backfill(false).await;
    assert_eq!((backfilled.ok, backfilled.refused, backfilled.uploaded), (false, 1, 0));
    assert_eq!(backfilled.refused_files[0].key, lake.keys[0]);
    assert_eq!(lake.bench.lake().await[&lake.keys[0]], other);
    assert_eq!(lake.backfill(true).await.uploaded, 1);
    assert!(lake.is_whole().await);
}

#[tokio::test]
async fn pruned_ranges_are_refused_and_named() {
    let lake = filled().await;
    lake.bench.execute("DELETE FROM readings WHERE row < 5");
    for key in &lake.keys {
        lake.files.delete(&Path::from(key.clone())).await.unwrap();
    }
    let backfilled = lake.backfill(true).await;
    assert_eq!((backfilled.ok, backfilled.uploaded, backfilled.rows), (false, 1, 20));
    assert_eq!(backfilled.refused_files[0].key, lake.keys[0]);
    let said = backfilled.to_string();
    assert!(said.contains("pruned: of the 10 that it held, from row 1 on, the store has 6"), "{said}");
    assert_eq!(lake.bench.lake().await.len(), 1);
}

#[tokio::test]
async fn rows_that_changed_since_go_up_only_on_demand() {
    let lake = filled().await;
    lake.files.delete(&Path::from(lake.keys[0].clone())).await.unwrap();
    lake.bench.execute("UPDATE stations SET name = 'attic'");
    let backfilled = lake.backfill(false).await;
    assert_eq!((backfilled.refused, backfilled.uploaded), (1, 0));
    assert!(backfilled.to_string().contains("a station renamed?"), "{backfilled}");
    assert_eq!(lake.backfill(true).await.uploaded, 1);
    assert!(lake.backfill(false).await.ok);
}

#[tokio::test]
async fn a_planned_batch_is_uploaded_and_overwrites_nothing() {
    let mut lake = filled().await;
    let barn = lake.bench.station("barn", 2);
    lake.bench.reading(barn, 1, NOON);
    lake.bench.plan(NOON, Close::Now).unwrap();
    let (key, _) = lake.bench.planned().into_iter().find(|(key, _)| !lake.keys.contains(key)).unwrap();
    lake.put(&key, "mine").await;
    let backfilled = lake.backfill(true).await;
    assert_eq!((backfilled.ok, backfilled.uploaded), (false, 0));
    assert_eq!(lake.bench.lake().await[&key], "mine");
    lake.files.delete(&Path::from(key)).await.unwrap();
    let backfilled = lake.backfill(false).await;
    assert_eq!((backfilled.ok, backfilled.uploaded, backfilled.rows), (true, 1, 1));
}
