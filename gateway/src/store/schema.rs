//! Versions of the schema, and how a store of an earlier one becomes one of this.
//!
//! `schema.sql` is version 1; each file in `migrations/` makes the next version of the one before. A new store
//! takes all of them, so that it cannot differ from one that has grown.

use rusqlite::Connection;

/// What makes each version of the one before, the first first.
const VERSIONS: [&str; 9] = [
    include_str!("schema.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
    include_str!("migrations/5.sql"),
    include_str!("migrations/6.sql"),
    include_str!("migrations/7.sql"),
    include_str!("migrations/8.sql"),
    include_str!("migrations/9.sql"),
];
/// `PRAGMA user_version` of a store of this release.
pub const VERSION: usize = VERSIONS.len();

/// Brings a store from `version` (0: an empty file) to [`VERSION`]. To be called in a transaction, so that a
/// store is of one version or of the other.
pub fn migrate(connection: &Connection, version: usize) -> rusqlite::Result<()> {
    for step in VERSIONS.iter().skip(version) {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "user_version", i64::try_from(VERSION).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use minuano_telemetry::Millis;

    use super::*;
    use crate::store::{Store, integrity, rollups, stations};

    const GOLDEN: [&str; 9] = [
        include_str!("golden/v1.sql"),
        include_str!("golden/v2.sql"),
        include_str!("golden/v3.sql"),
        include_str!("golden/v4.sql"),
        include_str!("golden/v5.sql"),
        include_str!("golden/v6.sql"),
        include_str!("golden/v7.sql"),
        include_str!("golden/v8.sql"),
        include_str!("golden/v9.sql"),
    ];

    fn schema(connection: &Connection) -> Vec<String> {
        let mut query = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
            .unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn write(file: &Path, golden: &str) {
        let connection = Connection::open(file).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.execute_batch(golden).unwrap();
    }

    #[test]
    fn a_store_of_every_version_opens_with_all_that_it_had() {
        assert_eq!(GOLDEN.len(), VERSION, "a golden store of each version");
        for golden in GOLDEN {
            let folder = tempfile::tempdir().unwrap();
            let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
            write(&old, golden);
            let old = integrity::open(&old, Millis::YEAR_2020).unwrap().store;
            let new = Store::open(&new, Millis::YEAR_2020).unwrap();
            assert_eq!(old.id().to_string(), "0a1b2c3d");
            let version: usize =
                old.read(|c| c.pragma_query_value(None, "user_version", |row| row.get(0))).unwrap();
            assert_eq!(version, VERSION);
            assert_eq!(schema(&old.writer().unwrap()), schema(&new.writer().unwrap()));
            let stations = old.read(stations::load_all).unwrap();
            assert_eq!(stations[0].0.as_str(), "roof");
            assert_eq!((stations[0].2.counts.stored, stations[0].2.counts.duplicates), (3, 2));
            assert_eq!(stations[0].2.last_reading.as_ref().unwrap().seq, 3);
            let connection = old.writer().unwrap();
            let hour = |c: &Connection| {
                rollups::parts::load(c, 1, rollups::HOUR, 1_795_176_000_000).unwrap().unwrap()
            };
            while rollups::advance(&connection).unwrap() {}
            let known = hour(&connection);
            assert_eq!(known.count, 3);
            connection.execute_batch("DELETE FROM rollups; UPDATE rollup_progress SET through = 0").unwrap();
            while rollups::advance(&connection).unwrap() {}
            assert_eq!(hour(&connection), known, "a recount says the same");
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_that_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("old.db");
        write(&file, GOLDEN[0]);
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch("CREATE TABLE rollups (in_the_way)").unwrap();
        assert!(Store::open(&file, Millis::YEAR_2020).is_err());
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 1);
        connection.execute_batch("DROP TABLE rollups").unwrap();
        assert!(Store::open(&file, Millis::YEAR_2020).is_ok());
    }
}
