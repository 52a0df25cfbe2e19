//! Reads every batch back and compares it with the store.
//!
//! # Layout
//!
//! - here: every file is read, then rows and files that are left are looked for
//! - [`report`]: what was found

pub mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use minuano_telemetry::{GatewayName, StationName, StreamId};
use rusqlite::{Connection, OptionalExtension};

use super::anomalies::check::{self, Anomalies};
use super::busy::{Busy, Doing};
use super::key::{FOLDER, Key};
use super::parquet::read;
use super::remote::Remote;
use super::rows::sha256;
use super::{LakeError, blocking};
use crate::acknowledge::ranges::RangeSet;
use crate::store::Store;
use crate::store::row::parsed;

pub use report::{Gap, MOST_NAMED, Problem, Report};

/// Files fetched at once.
const FETCHED_AT_ONCE: usize = 4;
/// Files asked of the store in one go.
const PAGE: usize = 256;

/// An uploaded file, as the store remembers it.
struct Known {
    key: String,
    first_row: i64,
    rows: u64,
    sha256: String,
    file_sha256: String,
}

#[derive(Default)]
struct Verification {
    /// The batches that were in the lake at the start, by their first rows.
    done: BTreeSet<i64>,
    report: Report,
    seen: BTreeMap<(StationName, StreamId), RangeSet>,
}

/// Reads every file that the store says is uploaded, then looks for rows and files that are left.
pub async fn verify(store: &Arc<Store>, remote: &Remote, gateway: &GatewayName) -> Result<Report, LakeError> {
    let _busy = Busy::begin(store, Doing::Reading)?;
    // What a gateway that runs beside uploads from here on is of the next verification.
    let mut verification = Verification { done: store.ask(done_batches).await?, ..Verification::default() };
    let mut after = String::new();
    loop {
        let mut page = store.ask(move |connection| known(connection, &after)).await?;
        let Some(last) = page.last() else { break };
        after = last.key.clone();
        page.retain(|known| verification.done.contains(&known.first_row));
        let mut fetched = stream::iter(page)
            .map(|known| async {
                let bytes = remote.find(&known.key).await?;
                Ok::<_, LakeError>((known, bytes))
            })
            .buffered(FETCHED_AT_ONCE);
        while let Some((known, bytes)) = fetched.try_next().await? {
            verification = blocking(move || {
                verification.file(known, bytes);
                Ok(verification)
            })
            .await?;
        }
    }
    strays(store, remote, gateway, &mut verification.report).await?;
    check::verify(store, remote, gateway, &mut verification.report).await?;
    let store = Arc::clone(store);
    blocking(move || {
        store.read(|connection| verification.rows_of_done_batches(connection))?;
        let mut report = verification.report;
        report.waiting = store.read(waiting)?;
        let Anomalies { duplicates, gaps, .. } = report.anomalies;
        report.ok = report.duplicates + report.gaps + report.problems + duplicates + gaps == 0;
        Ok(report)
    })
    .await
}

impl Verification {
    /// Takes a file in, or names what is wrong with it: then none of its rows count as held.
    fn file(&mut self, known: Known, bytes: Option<Bytes>) {
        let Some(bytes) = bytes else {
            return self.report.problem(known.key, "is not there".to_owned());
        };
        let (size, found) = (bytes.len(), sha256(&bytes));
        if found != known.file_sha256 {
            let what = format!(
                "is not the file that was uploaded: {size} bytes with sha256 {found} instead of {}",
                known.file_sha256
            );
            return self.report.problem(known.key, what);
        }
        let mut identities = Vec::new();
        let footer =
            match read(bytes, |row| identities.push((row.station, row.stream, row.seq.cast_unsigned()))) {
                Ok(footer) => footer,
                Err(error) => return self.report.problem(known.key, error.to_string()),
            };
        if footer.sha256 != known.sha256 || footer.rows != known.rows {
            let what = format!(
                "holds {} rows with sha256 {} and not the {} rows with sha256 {} that were uploaded",
                footer.rows, footer.sha256, known.rows, known.sha256
            );
            return self.report.problem(known.key, what);
        }
        self.report.files += 1;
        self.report.rows += footer.rows;
        self.report.bytes += size as u64;
        for (station, stream, seq) in identities {
            let seen = self.seen.entry((station, stream)).or_default();
            if seen.contains(seq) {
                self.report.duplicates += 1;
            }
            seen.insert(seq, seq);
        }
    }

    fn rows_of_done_batches(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut batches = connection.prepare(
            "SELECT first_row, last_row, excluded FROM lake_batches WHERE done_at IS NOT NULL ORDER BY first_row",
        )?;
        let mut query = connection.prepare(
            "SELECT s.name, t.stream, r.seq, r.station IN (SELECT value FROM json_each(?3)) FROM readings r \
             CROSS JOIN stations s ON s.id = r.station CROSS JOIN streams t ON t.id = r.stream \
             WHERE r.row BETWEEN ?1 AND ?2 ORDER BY r.row",
        )?;
        let mut batches = batches.query([])?;
        while let Some(batch) = batches.next()? {
            let range: (i64, i64, String) = (batch.get(0)?, batch.get(1)?, batch.get(2)?);
            if !self.done.contains(&range.0) {
                continue;
            }
            let mut rows = query.query(range)?;
            while let Some(row) = rows.next()? {
                if row.get(3)? {
                    self.report.excluded += 1;
                    continue;
                }
                let (identity, seq) = ((parsed(row, 0)?, parsed(row, 1)?), row.get::<_, i64>(2)?);
                if !self.seen.get(&identity).is_some_and(|seen| seen.contains(seq.cast_unsigned())) {
                    self.report.gap(identity.0, identity.1, seq);
                }
            }
        }
        Ok(())
    }
}

fn done_batches(connection: &Connection) -> rusqlite::Result<BTreeSet<i64>> {
    connection
        .prepare("SELECT first_row FROM lake_batches WHERE done_at IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn known(connection: &Connection, after: &str) -> rusqlite::Result<Vec<Known>> {
    connection
        .prepare_cached(
            "SELECT key, first_row, rows, sha256, file_sha256 FROM lake_files \
             WHERE sha256 IS NOT NULL AND joined IS NULL AND key > ?1 ORDER BY key LIMIT ?2",
        )?
        .query_map((after, PAGE), |row| {
            Ok(Known {
                key: row.get(0)?,
                first_row: row.get(1)?,
                rows: row.get(2)?,
                sha256: row.get(3)?,
                file_sha256: row.get(4)?,
            })
        })?
        .collect()
}

/// Rows that no done batch covers.
fn waiting(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row(
        "SELECT (SELECT count(*) FROM readings WHERE row > coalesce( \
             (SELECT last_row FROM lake_batches ORDER BY first_row DESC LIMIT 1), 0)) \
         + coalesce((SELECT sum(f.rows) FROM lake_files f \
             JOIN lake_batches b ON b.first_row = f.first_row WHERE b.done_at IS NULL), 0)",
        [],
        |row| row.get(0),
    )
}

/// Counts what is not of this store, and names what pretends to be.
async fn strays(
    store: &Arc<Store>,
    remote: &Remote,
    gateway: &GatewayName,
    report: &mut Report,
) -> Result<(), LakeError> {
    let id = store.id();
    let mut pages = remote.list(FOLDER).try_chunks(PAGE);
    while let Some(page) = pages.try_next().await.map_err(|stopped| stopped.1)? {
        let keys: Vec<String> = page.into_iter().map(|file| file.location.to_string()).collect();
        let strays = store.ask(move |connection| strays_of(connection, keys)).await?;
        for (key, stray) in strays {
            match (stray, key.parse::<Key>()) {
                (Stray::Joined(all), _) => {
                    report.problem(key, format!("its rows are in {all} too; lake compact removes it"));
                }
                (Stray::Joining, _) => {
                    report.problem(key, "its rows are in single files too; lake compact goes on".to_owned());
                }
                (Stray::Unplanned, Ok(read)) if read.store == id && read.gateway == *gateway => {
                    report.problem(key, "is not in the store's plans".to_owned());
                }
                (Stray::Unplanned, _) => report.others += 1,
            }
        }
    }
    Ok(())
}

/// A file that is none of those that were read.
enum Stray {
    Unplanned,
    /// It was joined into this one, and should be gone.
    Joined(String),
    /// A compaction stopped before it was noted.
    Joining,
}

fn strays_of(connection: &Connection, keys: Vec<String>) -> rusqlite::Result<Vec<(String, Stray)>> {
    let mut query = connection.prepare_cached(
        "SELECT joined, last_row IS NOT NULL AND sha256 IS NULL FROM lake_files WHERE key = ?1",
    )?;
    let mut strays = Vec::new();
    for key in keys {
        let found = query
            .query_row([&key], |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, bool>(1)?)))
            .optional()?;
        match found {
            None => strays.push((key, Stray::Unplanned)),
            Some((Some(all), _)) => strays.push((key, Stray::Joined(all))),
            Some((None, true)) => strays.push((key, Stray::Joining)),
            Some((None, false)) => {}
        }
    }
    Ok(strays)
}

#[cfg(test)]
mod tests;
