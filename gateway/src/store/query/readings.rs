//! One station's readings by time, and everyone's by arrival.

use minuano_telemetry::Millis;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Page, one_more};
use crate::store::row::{COLUMNS, SOURCE, StoredReading, millis};

/// Where a page ends: the time and row of its last reading.
pub type Position = (Millis, i64);

fn by_time() -> String {
    format!(
        "SELECT {COLUMNS} FROM {SOURCE} WHERE r.station = ?1 AND r.observed_at >= ?2 AND r.observed_at < ?3 \
         AND (r.observed_at > ?2 OR r.row > ?4) ORDER BY r.observed_at, r.row LIMIT ?5"
    )
}

/// The readings of `station` in [from, to), by time and then by arrival.
pub fn page(
    connection: &Connection,
    station: i64,
    (from, to): (Millis, Millis),
    after: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Page<StoredReading, Position>> {
    let (begin, row) = after.map_or((from, i64::MIN), |(at, row)| (at.max(from), row));
    let items = connection
        .prepare_cached(&by_time())?
        .query_map(
            (station, begin.get(), to.get(), row, one_more(limit)),
            StoredReading::from_row as fn(&Row<'_>) -> _,
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Page::cut(items, limit, |last| (last.observed_at, last.row)))
}

/// The highest row ever given out; 0 before the first. Retention never lowers it.
pub fn newest_row(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'readings'")?
        .query_row([], |row| row.get(0))
        .optional()
        .map(|row| row.unwrap_or(0))
}

/// At most `limit` readings of any station with `after` < row ≤ `through`, by arrival.
pub fn arrived(
    connection: &Connection,
    after: i64,
    through: i64,
    limit: usize,
) -> rusqlite::Result<Vec<StoredReading>> {
    let sql =
        format!("SELECT {COLUMNS} FROM {SOURCE} WHERE r.row > ?1 AND r.row <= ?2 ORDER BY r.row LIMIT ?3");
    connection
        .prepare_cached(&sql)?
        .query_map(
            (after, through, i64::try_from(limit).unwrap_or(i64::MAX)),
            StoredReading::from_row as fn(&Row<'_>) -> _,
        )?
        .collect()
}

/// When this row arrived; `None` where it was pruned.
pub fn arrival(connection: &Connection, row: i64) -> rusqlite::Result<Option<Millis>> {
    connection
        .prepare_cached("SELECT received_at FROM readings WHERE row = ?1")?
        .query_row([row], |row| millis(row, 0))
        .optional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn a_page_is_read_in_the_order_of_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db"), Millis::YEAR_2020).unwrap();
        let plan: Vec<String> = store
            .read(|connection| {
                connection
                    .prepare(&format!("EXPLAIN QUERY PLAN {}", by_time()))?
                    .query_map((1, 0, 1, 0, 1), |row| row.get(3))?
                    .collect()
            })
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("readings_by_time (station=? AND observed_at>? AND observed_at<?)"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}
