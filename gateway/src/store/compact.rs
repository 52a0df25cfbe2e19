//! A store is written anew: with a checksum in each page, without free pages, able to shrink from then on.
//!
//! A store of an earlier release lacks all three. A small one is written anew as the gateway starts;
//! a large one takes `store compact`, because that needs time, and room for a second copy.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use rusqlite::OpenFlags;

use super::backup::{NO_LIMIT, remove_if_there};
use super::file::BUSY;
use super::integrity::check;
use super::lock::Lock;
use super::set_aside::{beside, sync_folder};
use super::{Store, StoreError};

/// Up to this size a store is written anew while the gateway starts: a second or two.
const AT_START: u64 = 256 << 20;
/// `PRAGMA auto_vacuum` of a store that can give pages back a few at a time.
const INCREMENTAL: i64 = 2;

/// What a compaction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes.
    pub before: u64,
    /// Bytes.
    pub after: u64,
}

/// Whether the store lacks checksums, or cannot shrink.
pub fn is_due(store: &Store) -> Result<bool, StoreError> {
    let folder = |cause| StoreError::Folder { file: store.file().to_owned(), cause };
    let kind: i64 = store.read(|c| c.pragma_query_value(None, "auto_vacuum", |row| row.get(0)))?;
    Ok(kind != INCREMENTAL || !minuano_pagesum::is_summed(store.file()).map_err(folder)?)
}

/// Writes a small store anew. Where that fails, the store stays as it is.
pub(super) fn at_start(file: &Path) {
    let bytes = std::fs::metadata(file).map_or(u64::MAX, |is| is.len());
    if bytes > AT_START {
        tracing::warn!(
            store = %file.display(),
            "the store has no page checksums or cannot shrink. Stop the gateway and run: minuano-gateway store compact"
        );
        return;
    }
    match rewrite(file) {
        Ok(Compacted { before, after }) => {
            tracing::info!(store = %file.display(), before, after, "the store has page checksums now");
        }
        Err(error) => {
            tracing::warn!(store = %file.display(), "the store could not be written anew: {error:#}");
        }
    }
}

/// Writes the store at `file` anew; the gateway is stopped.
pub fn compact(file: &Path) -> anyhow::Result<Compacted> {
    let _lock = Lock::take(file)?;
    rewrite(file)
}

/// Whatever stops this, the store is whole: the old one until the new one takes its name.
fn rewrite(file: &Path) -> anyhow::Result<Compacted> {
    let fresh = beside(file, ".compacting");
    for companion in ["", "-journal"] {
        remove_if_there(&beside(&fresh, companion))?;
    }
    let before = std::fs::metadata(file).with_context(|| file.display().to_string())?.len();
    let written = write(file, &fresh);
    if written.is_err() {
        remove_if_there(&fresh)?;
    }
    written?;
    // A log beside the new file would be taken for its own.
    ensure!(!beside(file, "-wal").exists(), "another program has {} open", file.display());
    std::fs::rename(&fresh, file)?;
    sync_folder(file)?;
    Ok(Compacted { before, after: std::fs::metadata(file)?.len() })
}

fn write(file: &Path, fresh: &Path) -> anyhow::Result<()> {
    let store = minuano_pagesum::open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    store.busy_timeout(BUSY)?;
    // All of it in the one file, and nobody else at it.
    store.pragma_update(None, "journal_mode", "DELETE")?;
    store.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    store.execute("VACUUM INTO ?1", [minuano_pagesum::uri(fresh)])?;
    drop(store);
    if let Some(wrong) = check(fresh, NO_LIMIT)? {
        bail!("what was written is damaged: {wrong}");
    }
    Ok(std::fs::File::open(fresh)?.sync_all()?)
}

#[cfg(test)]
mod tests {
    use minuano_telemetry::Millis;
    use rusqlite::Connection;

    use super::*;
    use crate::store::{integrity, retention, stations};

    fn old(file: &Path, bulk: u32) {
        let connection = Connection::open(file).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.execute_batch(include_str!("golden/v1.sql")).unwrap();
        connection
            .execute(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                 INSERT INTO readings (station, stream, seq, observed_at, received_at, clock, samples,
                     temperature_flag, pressure_flag, humidity_flag, illuminance_flag, faults, settled)
                 SELECT 1, 1, i + 100, i, i, 0, 1, 9, 9, 9, 9, 0, 1 FROM n",
                [bulk],
            )
            .unwrap();
    }

    #[test]
    fn a_store_of_version_1_gets_checksums_as_it_starts_and_shrinks_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("old.db");
        old(&file, 50_000);
        let now = Millis::YEAR_2020;
        let integrity::Opened { store, lock, replaced } = integrity::open(&file, now).unwrap();
        assert_eq!((replaced, store.id().to_string().as_str()), (None, "0a1b2c3d"));
        assert!(!is_due(&store).unwrap());
        assert_eq!(store.read(stations::load_all).unwrap()[0].2.counts.stored, 3);
        let connection = store.writer().unwrap();
        connection.execute("DELETE FROM readings", []).unwrap();
        while retention::give_back(&connection).unwrap() {}
        let (pages, free): (i64, i64) = (
            connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap(),
            connection.pragma_query_value(None, "freelist_count", |row| row.get(0)).unwrap(),
        );
        assert!(pages < 600 && free <= 500, "{pages} pages, {free} free");
        drop((connection, store));
        assert!(compact(&file).unwrap_err().to_string().contains("in use"));
        drop(lock);
        let Compacted { before, after } = compact(&file).unwrap();
        assert!(after <= before);
        assert_eq!(Store::open(&file, now).unwrap().id().to_string(), "0a1b2c3d");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the store and its lock");
    }

    #[test]
    fn another_program_at_the_store_stops_a_compaction_and_harms_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("old.db");
        old(&file, 10);
        let other = Connection::open(&file).unwrap();
        other.execute_batch("BEGIN; SELECT * FROM readings").unwrap();
        let store = minuano_pagesum::open(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        store.busy_timeout(std::time::Duration::ZERO).unwrap();
        assert!(store.pragma_update(None, "journal_mode", "DELETE").is_err());
        drop(store);
        assert_eq!(
            other.query_row("SELECT count(*) FROM readings", [], |row| row.get::<_, i64>(0)).unwrap(),
            13
        );
    }
}
