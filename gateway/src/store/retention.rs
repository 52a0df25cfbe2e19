//! Rows that are old and where they must be are pruned, a few at a time, so that ingest never waits long.

use minuano_telemetry::Millis;
use rusqlite::{Connection, OptionalExtension};

use super::{elastic, rollups};

/// Rows deleted in one go.
const AT_ONCE: i64 = 2_000;
/// Pages given back to the file system in one go.
const PAGES_AT_ONCE: i64 = 500;
/// Of so many pages one may be free: new rows use it.
const FREE_OF: i64 = 4;

/// Who must have a row before it may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// The lake, for ever.
    pub lake: bool,
    /// Elasticsearch, for rows that arrived at this moment or later: what is older goes without.
    pub elastic_from: Option<Millis>,
}

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Rows.
    pub rows: u64,
    /// Of these, without having been sent to Elasticsearch, which was to have them.
    pub unsent: u64,
}

/// Deletes some of the rows that arrived before `before`, are in the rollups, and wait for nobody. Rows that arrived while
/// the gateway's clock was not set are of unknown age, and stay.
pub fn prune(connection: &Connection, before: Millis, waiting: Waiting) -> rusqlite::Result<Pruned> {
    let mut pruned = Pruned::default();
    let Some(first) = connection
        .prepare_cached("SELECT row FROM readings WHERE received_at >= ?1 ORDER BY row LIMIT 1")?
        .query_row([Millis::YEAR_2020.get()], |row| row.get::<_, i64>(0))
        .optional()?
    else {
        return Ok(pruned);
    };
    let mut last = (first + AT_ONCE - 1).min(rollups::through(connection)?);
    if waiting.lake {
        last = last.min(uploaded_to(connection)?);
    }
    let (sent, unsent_before) = match waiting.elastic_from {
        Some(from) => (elastic::through(connection)?, from.min(before)),
        None => (i64::MAX, before),
    };
    let mut delete = connection.prepare_cached(
        "DELETE FROM readings WHERE row BETWEEN ?1 AND ?2 AND received_at >= ?3 \
         AND received_at < CASE WHEN row <= ?4 THEN ?5 ELSE ?6 END RETURNING row > ?4",
    )?;
    let bounds = (first, last, Millis::YEAR_2020.get(), sent, before.get(), unsent_before.get());
    for unsent in delete.query_map(bounds, |row| row.get::<_, bool>(0))? {
        pruned.rows += 1;
        pruned.unsent += u64::from(unsent?);
    }
    Ok(pruned)
}

/// Gives some pages back to the file system where many are free; says whether there are more. A store that began
/// as version 1 keeps its pages and uses them again.
pub fn give_back(connection: &Connection) -> rusqlite::Result<bool> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (free, pages) = (number("freelist_count")?, number("page_count")?);
    if free <= PAGES_AT_ONCE || free * FREE_OF <= pages {
        return Ok(false);
    }
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(number("freelist_count")? < free)
}

/// The last row such that it and all before it are in the lake.
fn uploaded_to(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "SELECT COALESCE((SELECT MIN(first_row) - 1 FROM lake_batches WHERE done_at IS NULL), \
             (SELECT MAX(last_row) FROM lake_batches), 0)",
        )?
        .query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    const LAKE: Waiting = Waiting { lake: true, elastic_from: None };

    fn at(day: i64) -> Millis {
        Millis::new(1_800_000_000_000 + day * 86_400_000).unwrap()
    }

    fn rows(connection: &Connection) -> Vec<i64> {
        let mut statement = connection.prepare("SELECT row FROM readings ORDER BY row").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Rows 1 to 6, of days 1 to 6, and one of an unset clock.
    fn seven_rows(connection: &Connection) {
        let unset = Millis::new(0).unwrap();
        for (seq, received_at) in (1..=6).map(at).chain([unset]).enumerate() {
            connection
                .execute(
                    "INSERT INTO readings (station, stream, seq, observed_at, received_at, clock, samples, \
                     temperature_flag, pressure_flag, humidity_flag, illuminance_flag, faults) \
                     VALUES (1, 1, ?1, ?2, ?2, 0, 1, 9, 9, 9, 9, 0)",
                    (seq + 1, received_at.get()),
                )
                .unwrap();
        }
    }

    #[test]
    fn only_what_is_old_and_in_the_lake_goes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("g.db"), at(0)).unwrap();
        let connection = store.writer().unwrap();
        seven_rows(&connection);
        assert_eq!(
            prune(&connection, at(100), Waiting::default()).unwrap().rows,
            0,
            "nothing is in the rollups yet"
        );
        assert!(!rollups::advance(&connection).unwrap());
        assert_eq!(prune(&connection, at(100), LAKE).unwrap().rows, 0, "nothing is in the lake yet");
        connection
            .execute_batch(
                "INSERT INTO lake_batches (first_row, last_row, planned_at, excluded, done_at) VALUES (1, 2, 0, '[]', 1);
                 INSERT INTO lake_batches (first_row, last_row, planned_at, excluded) VALUES (3, 4, 0, '[]');",
            )
            .unwrap();
        assert_eq!(prune(&connection, at(2), LAKE).unwrap().rows, 1);
        assert_eq!(prune(&connection, at(100), LAKE).unwrap().rows, 1);
        assert_eq!(rows(&connection), [3, 4, 5, 6, 7]);
        assert_eq!(prune(&connection, at(5), Waiting::default()).unwrap().rows, 2);
        assert_eq!(rows(&connection), [5, 6, 7]);
    }

    #[test]
    fn what_elasticsearch_has_not_waits_so_long_and_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("g.db"), at(0)).unwrap();
        let connection = store.writer().unwrap();
        seven_rows(&connection);
        assert!(!rollups::advance(&connection).unwrap());
        let from = |day| Waiting { lake: false, elastic_from: Some(at(day)) };
        assert_eq!(prune(&connection, at(5), from(1)).unwrap(), Pruned::default(), "it has nothing yet");
        elastic::begin(&connection, "cluster/stream", at(7)).unwrap();
        let sent = elastic::Done { through: 2, created: 2, ..elastic::Done::default() };
        elastic::advance(&connection, "cluster/stream", &sent, at(7)).unwrap();
        assert_eq!(prune(&connection, at(5), from(1)).unwrap(), Pruned { rows: 2, unsent: 0 });
        assert_eq!(prune(&connection, at(5), from(4)).unwrap(), Pruned { rows: 1, unsent: 1 });
        assert_eq!(prune(&connection, at(5), from(9)).unwrap(), Pruned { rows: 1, unsent: 1 });
        assert_eq!(rows(&connection), [5, 6, 7]);
    }

    #[test]
    fn free_pages_are_given_back_a_few_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("g.db"), at(0)).unwrap();
        let connection = store.writer().unwrap();
        connection
            .execute_batch(
                "WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 120000)
                 INSERT INTO readings (station, stream, seq, observed_at, received_at, clock, samples,
                     temperature_flag, pressure_flag, humidity_flag, illuminance_flag, faults)
                 SELECT 1, 1, seq, 1800000000000 + seq * 10, 1800000000000 + seq * 10, 0, 1, 9, 9, 9, 9, 0 FROM n",
            )
            .unwrap();
        while rollups::advance(&connection).unwrap() {}
        let pages = || connection.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0)).unwrap();
        let before = pages();
        assert!(!give_back(&connection).unwrap());
        let mut longest = std::time::Duration::ZERO;
        loop {
            let begun = std::time::Instant::now();
            let gone = prune(&connection, at(100), Waiting::default()).unwrap().rows;
            let more = gone > 0 || give_back(&connection).unwrap();
            longest = longest.max(begun.elapsed());
            if !more {
                break;
            }
        }
        assert!(pages() * 4 < before, "{} of {before} pages", pages());
        println!("longest chunk {} ms", longest.as_millis());
    }
}
