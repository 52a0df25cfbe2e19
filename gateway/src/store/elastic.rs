//! How far Elasticsearch is, and which documents it would not take.

use minuano_telemetry::Millis;
use rusqlite::{Connection, OptionalExtension};

/// Documents that are kept by name; beyond it the oldest make place, and only the count goes on.
pub const MOST_SET_ASIDE: u32 = 10_000;

/// How far a target is, and what became of the documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// All settled rows up to this are there, set aside, or were pruned before.
    pub through: i64,
    /// Documents made.
    pub created: u64,
    /// Documents that were there already.
    pub present: u64,
    /// Documents that it would not take.
    pub refused: u64,
}

/// What became of some rows more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The last row such that it and all before it are done.
    pub through: i64,
    /// As in [`Progress`].
    pub created: u64,
    /// As in [`Progress`].
    pub present: u64,
    /// Those that it would not take.
    pub refused: Vec<SetAside>,
}

/// A document that it would not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The reading's row.
    pub row: i64,
    /// The document's id.
    pub document: String,
    /// Why, in its words.
    pub reason: String,
}

/// Remembers that a gateway begins to send to `target`, and gives how far it is.
pub fn begin(connection: &Connection, target: &str, now: Millis) -> rusqlite::Result<Progress> {
    connection.execute(
        "INSERT INTO elastic_progress (target, used_at) VALUES (?1, ?2) \
         ON CONFLICT (target) DO UPDATE SET used_at = excluded.used_at",
        (target, now.get()),
    )?;
    progress(connection, target)
}

/// How far a target is; at the beginning where it is not known.
pub fn progress(connection: &Connection, target: &str) -> rusqlite::Result<Progress> {
    let found = connection
        .prepare_cached("SELECT through, created, present, refused FROM elastic_progress WHERE target = ?1")?
        .query_row([target], read)
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// The target that was used last, and how far it is.
pub fn newest(connection: &Connection) -> rusqlite::Result<Option<(String, Progress)>> {
    connection
        .prepare_cached(
            "SELECT through, created, present, refused, target FROM elastic_progress \
             ORDER BY used_at DESC, target LIMIT 1",
        )?
        .query_row([], |row| Ok((row.get(4)?, read(row)?)))
        .optional()
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Progress> {
    Ok(Progress { through: row.get(0)?, created: row.get(1)?, present: row.get(2)?, refused: row.get(3)? })
}

/// The last row that the target used last is done with; 0 where there is none.
pub fn through(connection: &Connection) -> rusqlite::Result<i64> {
    Ok(newest(connection)?.map_or(0, |(_, progress)| progress.through))
}

/// Writes down what became of some rows, in one transaction.
pub fn advance(
    connection: &Connection,
    target: &str,
    done: &Done,
    now: Millis,
) -> rusqlite::Result<Progress> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute(
        "UPDATE elastic_progress SET through = max(through, ?2), created = created + ?3, \
         present = present + ?4, refused = refused + ?5 WHERE target = ?1",
        (target, done.through, done.created, done.present, done.refused.len()),
    )?;
    for SetAside { row, document, reason } in &done.refused {
        transaction.execute(
            "INSERT OR REPLACE INTO elastic_set_aside (target, row, document, reason, at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (target, row, document, reason, now.get()),
        )?;
    }
    if !done.refused.is_empty() {
        transaction.execute(
            "DELETE FROM elastic_set_aside WHERE target = ?1 AND row <= \
             (SELECT row FROM elastic_set_aside WHERE target = ?1 ORDER BY row DESC LIMIT 1 OFFSET ?2)",
            (target, MOST_SET_ASIDE),
        )?;
    }
    transaction.commit()?;
    progress(connection, target)
}

/// What is set aside after a row, oldest first.
pub fn set_aside(
    connection: &Connection,
    target: &str,
    after: i64,
    most: usize,
) -> rusqlite::Result<Vec<SetAside>> {
    connection
        .prepare_cached(
            "SELECT row, document, reason FROM elastic_set_aside WHERE target = ?1 AND row > ?2 \
             ORDER BY row LIMIT ?3",
        )?
        .query_map((target, after, most), |row| {
            Ok(SetAside { row: row.get(0)?, document: row.get(1)?, reason: row.get(2)? })
        })?
        .collect()
}

/// Forgets that these were set aside, since they are there after all.
pub fn taken_after_all(connection: &Connection, target: &str, rows: &[i64]) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for row in rows {
        transaction.execute("DELETE FROM elastic_set_aside WHERE target = ?1 AND row = ?2", (target, row))?;
    }
    transaction.commit()
}

/// When the oldest settled row after `through` and before `frontier` arrived, of stations that this gateway owns.
pub fn waiting_since(
    connection: &Connection,
    through: i64,
    frontier: i64,
) -> rusqlite::Result<Option<Millis>> {
    connection
        .prepare_cached(
            "SELECT received_at FROM readings WHERE row > ?1 AND row < ?2 \
             AND station NOT IN (SELECT id FROM stations WHERE owner IS NOT NULL) ORDER BY row LIMIT 1",
        )?
        .query_row((through, frontier), |row| super::row::millis(row, 0))
        .optional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    const TARGET: &str = "cluster/stream";

    fn at(seconds: i64) -> Millis {
        Millis::new(1_800_000_000_000 + seconds * 1000).unwrap()
    }

    fn refused(rows: impl IntoIterator<Item = i64>) -> Vec<SetAside> {
        let one = |row| SetAside { row, document: format!("roof/s/{row}"), reason: "no".to_owned() };
        rows.into_iter().map(one).collect()
    }

    #[test]
    fn each_target_has_a_cursor_that_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("g.db"), at(0)).unwrap();
        let connection = store.writer().unwrap();
        assert_eq!(through(&connection).unwrap(), 0);
        assert_eq!(begin(&connection, TARGET, at(1)).unwrap(), Progress::default());
        let done = Done { through: 9, created: 6, present: 2, refused: refused([4]) };
        let now = advance(&connection, TARGET, &done, at(2)).unwrap();
        assert_eq!(now, Progress { through: 9, created: 6, present: 2, refused: 1 });
        let older = Done { through: 3, ..Done::default() };
        assert_eq!(advance(&connection, TARGET, &older, at(2)).unwrap().through, 9);
        begin(&connection, "another/stream", at(3)).unwrap();
        assert_eq!(through(&connection).unwrap(), 0, "the one used last counts");
        assert_eq!(begin(&connection, TARGET, at(4)).unwrap(), now);
        assert_eq!(newest(&connection).unwrap(), Some((TARGET.to_owned(), now)));
    }

    #[test]
    fn what_is_set_aside_has_a_name_until_it_is_taken_or_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("g.db"), at(0)).unwrap();
        let connection = store.writer().unwrap();
        begin(&connection, TARGET, at(1)).unwrap();
        let most = i64::from(MOST_SET_ASIDE);
        let done = Done { through: most + 3, refused: refused(1..=most + 3), ..Done::default() };
        let now = advance(&connection, TARGET, &done, at(2)).unwrap();
        assert_eq!(now.refused, u64::from(MOST_SET_ASIDE) + 3, "all are counted");
        let named = set_aside(&connection, TARGET, 0, 20_000).unwrap();
        assert_eq!((named.len(), named[0].row), (MOST_SET_ASIDE as usize, 4));
        taken_after_all(&connection, TARGET, &[4, 5]).unwrap();
        assert_eq!(set_aside(&connection, TARGET, 0, 1).unwrap(), refused([6]));
    }
}
