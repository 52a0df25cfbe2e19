//! A store with stations and readings, and a lake in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use minuano_telemetry::{ByQuantity, Clock, Flag, GatewayName, Millis};
use object_store::memory::InMemory;
use rusqlite::Connection;

use super::plan::{Batch, Close, Limits, plan};
use super::remote::Remote;
use crate::store::row::{NewReading, Owner, insert};
use crate::store::{Store, unsettled};

/// 2026-11-20T12:00:00Z.
pub const NOON: i64 = 1_795_176_000_000;
pub const MINUTE: i64 = 60_000;
pub const LIMITS: Limits = Limits {
    close_after: Duration::from_secs(300),
    close_rows: 1000,
    settle_after: Duration::from_secs(900),
};

pub fn at(millis: i64) -> Millis {
    Millis::new(millis).unwrap()
}

pub fn home() -> GatewayName {
    "home".parse().unwrap()
}

/// A store in a folder that goes with it.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub store: Arc<Store>,
    pub connection: Connection,
    pub remote: Remote,
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("gateway.db"), at(NOON)).unwrap());
        let connection = store.writer().unwrap();
        Self { folder, store, connection, remote: Remote::of(Arc::new(InMemory::new())) }
    }

    /// A station with one stream.
    pub fn station(&self, name: &str, stream: u64) -> Owner {
        self.connection.execute("INSERT INTO stations (name) VALUES (?1)", [name]).unwrap();
        let station = self.connection.last_insert_rowid();
        self.connection
            .execute(
                "INSERT INTO streams (station, stream, first_at) VALUES (?1, ?2, ?3)",
                (station, format!("{stream:016x}"), NOON),
            )
            .unwrap();
        Owner { station, stream: self.connection.last_insert_rowid() }
    }

    /// A settled reading that arrives as it is observed.
    pub fn reading(&self, owner: Owner, seq: u64, observed_at: i64) -> i64 {
        insert_into(&self.connection, owner, seq, observed_at)
    }

    pub fn plan(&mut self, now: i64, close: Close) -> Option<Batch> {
        plan(&mut self.connection, &home(), &LIMITS, at(now), close).unwrap()
    }

    /// Keys of planned files with their rows.
    pub fn planned(&self) -> Vec<(String, u64)> {
        let mut query = self.connection.prepare("SELECT key, rows FROM lake_files ORDER BY key").unwrap();
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    /// Everything in the lake.
    pub async fn lake(&self) -> BTreeMap<String, Bytes> {
        let mut files = BTreeMap::new();
        let listed: Vec<_> = self.remote.list("readings").try_collect().await.unwrap();
        for file in listed {
            let key = file.location.to_string();
            files.insert(key.clone(), self.remote.fetch(&key).await.unwrap());
        }
        files
    }

    pub fn execute(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }
}

/// As [`Bench::reading`], in another store.
pub fn insert_into(connection: &Connection, owner: Owner, seq: u64, observed_at: i64) -> i64 {
    let row = insert(connection, owner, &reading(seq, observed_at)).unwrap();
    unsettled::settle(connection, row).unwrap();
    row
}

pub fn reading(seq: u64, observed_at: i64) -> NewReading {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let step = (seq % 50) as f64;
    NewReading {
        seq,
        observed_at: at(observed_at),
        received_at: at(observed_at),
        clock: Clock::Synchronised,
        samples: 10,
        values: ByQuantity([Some(20.0 + step / 100.0), Some(760.25), Some(48.7), Some(step * 10.0 + 0.1)]),
        faults: ByQuantity::default(),
        flags: [Flag::Good; 4],
    }
}
