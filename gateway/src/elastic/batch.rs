//! Which readings go next: settled ones in the order of the store, as the lake takes them.

use minuano_telemetry::GatewayName;
use rusqlite::Connection;

use super::document::Document;
use super::pace::Size;
use crate::lake::plan::frontier;
use crate::store::StoredReading;
use crate::store::row::COLUMNS;

/// Settled readings after some row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Those that go. A station that another gateway owned is left out, since that one sends it.
    pub documents: Vec<Document>,
    /// The last row that is in it or left out.
    pub through: i64,
    /// Whether it has as many as may be, so that more may follow.
    pub full: bool,
}

/// Takes the readings after row `after`, at most as many as `most` says and one at least.
pub fn next(
    connection: &Connection,
    gateway: &GatewayName,
    after: i64,
    most: Size,
) -> rusqlite::Result<Batch> {
    let frontier = frontier(connection)?;
    let mut batch = Batch { through: after.max(frontier - 1), ..Batch::default() };
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM readings r CROSS JOIN stations s ON s.id = r.station \
         CROSS JOIN streams t ON t.id = r.stream WHERE r.row > ?1 AND r.row < ?2 AND s.owner IS NULL ORDER BY r.row"
    ))?;
    let mut rows = query.query((after, frontier))?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let document = Document::of(&StoredReading::from_row(row)?, gateway);
        bytes += document.bytes();
        let full = batch.documents.len() == most.documents || bytes > most.bytes;
        if let Some(last) = batch.documents.last().filter(|_| full) {
            batch.through = last.row;
            batch.full = true;
            break;
        }
        batch.documents.push(document);
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use minuano_telemetry::Millis;

    use super::*;
    use crate::store::Store;

    const MOST: Size = Size { documents: 3, bytes: 100_000 };

    #[test]
    fn settled_readings_of_own_stations_in_order_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("g.db"), Millis::YEAR_2020).unwrap();
        let connection = store.writer().unwrap();
        connection
            .execute_batch(
                "INSERT INTO stations (id, name, owner) VALUES (1, 'roof', NULL), (2, 'shed', 'other');
                 INSERT INTO streams (id, station, stream, first_at)
                     VALUES (1, 1, '9f2c41d07a3be658', 0), (2, 2, '0000000000000001', 0);
                 WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 10)
                 INSERT INTO readings (station, stream, seq, observed_at, received_at, clock, samples, temperature,
                     temperature_flag, pressure_flag, humidity_flag, illuminance_flag, faults)
                 SELECT 1 + (seq = 2), 1 + (seq = 2), seq, 1800000000000, 1800000000000, 0, 1, 2143, 1, 9, 9, 9, 0 FROM n;
                 UPDATE settlement SET through = 7",
            )
            .unwrap();
        let gateway = "home".parse().unwrap();
        let rows = |batch: &Batch| batch.documents.iter().map(|document| document.row).collect::<Vec<_>>();
        let first = next(&connection, &gateway, 0, MOST).unwrap();
        assert_eq!((rows(&first), first.through, first.full), (vec![1, 3, 4], 4, true));
        let second = next(&connection, &gateway, first.through, MOST).unwrap();
        assert_eq!((rows(&second), second.through, second.full), (vec![5, 6, 7], 7, false));
        let none = next(&connection, &gateway, second.through, MOST).unwrap();
        assert_eq!((none.documents.len(), none.through, none.full), (0, 7, false));
        let small = next(&connection, &gateway, 0, Size { documents: 3, bytes: 1 }).unwrap();
        assert_eq!((rows(&small), small.through), (vec![1], 1), "one goes, however large");
    }
}
