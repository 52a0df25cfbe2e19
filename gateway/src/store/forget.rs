//! A station is forgotten, or gets another name. The gateway does not run meanwhile: it has stations in memory.

use anyhow::{bail, ensure};
use minuano_telemetry::StationName;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::Store;
use super::lock::Lock;
use super::query::station_row;

/// Rows deleted in one transaction, so that the log beside the store stays small.
const AT_ONCE: i64 = 50_000;

/// Deletes everything that the store knows of a station, and gives how many readings that were.
pub fn forget(store: &Store, station: &StationName) -> anyhow::Result<u64> {
    let _lock = Lock::take(store.file())?;
    let mut connection = store.writer()?;
    let id = known(&connection, station)?;
    nothing_is_under_way(&connection)?;
    let mut readings = 0;
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let gone = transaction.execute(
            "DELETE FROM readings WHERE row IN (SELECT row FROM readings WHERE station = ?1 LIMIT ?2)",
            (id, AT_ONCE),
        )?;
        transaction.commit()?;
        if gone == 0 {
            break;
        }
        readings += gone as u64;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for sql in [
        "DELETE FROM rollups WHERE station = ?1",
        "DELETE FROM ranges WHERE stream IN (SELECT id FROM streams WHERE station = ?1)",
        "DELETE FROM streams WHERE station = ?1",
        "DELETE FROM anomalies WHERE station = ?1",
        "DELETE FROM health_history WHERE station = ?1",
        "DELETE FROM quality_learned WHERE station = ?1",
        "DELETE FROM stations WHERE id = ?1",
    ] {
        transaction.execute(sql, [id])?;
    }
    transaction.commit()?;
    Ok(readings)
}

/// Gives a station another name. All that is known of it goes along.
pub fn rename(store: &Store, old: &StationName, new: &StationName) -> anyhow::Result<()> {
    let _lock = Lock::take(store.file())?;
    let connection = store.writer()?;
    let id = known(&connection, old)?;
    nothing_is_under_way(&connection)?;
    if station_row(&connection, new)?.is_some() {
        bail!("there is a station {new} already; forget it first, or choose another name");
    }
    connection.execute("UPDATE stations SET name = ?2 WHERE id = ?1", (id, new.as_str()))?;
    Ok(())
}

fn known(connection: &Connection, station: &StationName) -> anyhow::Result<i64> {
    match station_row(connection, station)? {
        Some(id) => Ok(id),
        None => bail!("the store knows no station {station}"),
    }
}

/// A planned batch must stay what it is: its next try would put other rows under its keys.
fn nothing_is_under_way(connection: &Connection) -> anyhow::Result<()> {
    let planned = connection
        .query_row(
            "SELECT 1 FROM lake_batches WHERE done_at IS NULL \
             UNION ALL SELECT 1 FROM lake_anomaly_files WHERE sha256 IS NULL LIMIT 1",
            [],
            |_| Ok(()),
        )
        .optional()?;
    ensure!(planned.is_none(), "a batch is on its way to the lake; run minuano-gateway lake flush first");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{integrity, rollups};

    fn count(connection: &Connection, table: &str) -> i64 {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_station_is_renamed_and_forgotten_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("s.db");
        Connection::open(&file).unwrap().execute_batch(include_str!("golden/v1.sql")).unwrap();
        let now = minuano_telemetry::Millis::YEAR_2020;
        let running = integrity::open(&file, now).unwrap();
        let (roof, shed) = ("roof".parse().unwrap(), "shed".parse().unwrap());
        assert!(forget(&running.store, &roof).unwrap_err().to_string().contains("in use"));
        let integrity::Opened { store, lock, .. } = running;
        drop(lock);
        let connection = store.writer().unwrap();
        rollups::advance(&connection).unwrap();
        assert!(rename(&store, &shed, &roof).is_err(), "nobody is called that");
        assert!(rename(&store, &roof, &roof).is_err());
        rename(&store, &roof, &shed).unwrap();
        assert!(forget(&store, &roof).is_err());
        connection
            .execute_batch(
                "INSERT INTO lake_batches (first_row, last_row, planned_at, excluded) VALUES (1, 2, 0, '[]')",
            )
            .unwrap();
        assert!(forget(&store, &shed).unwrap_err().to_string().contains("lake flush"));
        connection.execute_batch("UPDATE lake_batches SET done_at = 1").unwrap();
        assert_eq!(forget(&store, &shed).unwrap(), 3);
        for table in ["stations", "streams", "ranges", "readings", "rollups", "anomalies"] {
            assert_eq!(count(&connection, table), 0, "{table}");
        }
    }
}
