//! Reads every batch back and compares it with the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use minuano_telemetry::{GatewayName, StationName, StreamId};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::anomalies::check::{self, Anomalies};
use super::key::{FOLDER, Key};
use super::parquet::read;
use super::remote::Remote;
use super::rows::sha256;
use super::{LakeError, blocking};
use crate::acknowledge::ranges::RangeSet;
use crate::store::Store;
use crate::store::row::parsed;

/// Files fetched at once.
const FETCHED_AT_ONCE: usize = 4;
/// Files asked of the store in one go.
const PAGE: usize = 256;
/// Problems and gaps that a report names one by one; all are counted.
pub const MOST_NAMED: usize = 100;

/// What stands in the lake, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// No duplicate, no gap, no problem.
    pub ok: bool,
    /// Files of this store that were read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their size.
    pub bytes: u64,
    /// Rows that share station, stream and seq with a row before them.
    pub duplicates: u64,
    /// Rows of done batches that the store has and no file holds.
    pub gaps: u64,
    /// The first [`MOST_NAMED`] ranges of them.
    pub gap_ranges: Vec<Gap>,
    /// Rows in the store that are not uploaded yet: not settled, not planned, or planned.
    pub waiting: u64,
    /// Rows that were left to the gateway that owned their station.
    pub excluded: u64,
    /// Files of other gateways and stores, and what is no file of readings: not read.
    pub others: u64,
    /// Closed episodes.
    pub anomalies: Anomalies,
    /// Files with a problem.
    pub problems: u64,
    /// The first [`MOST_NAMED`] of them.
    pub problem_files: Vec<Problem>,
}

/// Rows that no file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Whose.
    pub station: StationName,
    /// Of which run.
    pub stream: StreamId,
    /// The first seq.
    pub from: i64,
    /// The last seq.
    pub to: i64,
}

/// A file that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which.
    pub key: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} rows in {} files, {} bytes", self.rows, self.files, self.bytes)?;
        writeln!(formatter, "{} duplicates, {} gaps", self.duplicates, self.gaps)?;
        writeln!(formatter, "{} rows wait for their upload", self.waiting)?;
        if self.excluded > 0 {
            writeln!(formatter, "{} rows were left to the gateways that own their stations", self.excluded)?;
        }
        let Anomalies { files, rows, duplicates, gaps, waiting, .. } = self.anomalies;
        writeln!(
            formatter,
            "{rows} anomalies in {files} files, {duplicates} duplicates, {gaps} gaps, {waiting} wait"
        )?;
        if self.others > 0 {
            writeln!(formatter, "{} files are of other gateways or stores, and were not read", self.others)?;
        }
        for Gap { station, stream, from, to } in &self.gap_ranges {
            writeln!(formatter, "missing: {station} {stream} {from} to {to}")?;
        }
        for Problem { key, what } in &self.problem_files {
            writeln!(formatter, "{key}: {what}")?;
        }
        if self.problems > MOST_NAMED as u64 {
            writeln!(formatter, "and {} files more", self.problems - MOST_NAMED as u64)?;
        }
        formatter.write_str(if self.ok { "all is well" } else { "the lake is not as it should be" })
    }
}

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

impl Report {
    pub(super) fn problem(&mut self, key: String, what: String) {
        self.problems += 1;
        if self.problem_files.len() < MOST_NAMED {
            self.problem_files.push(Problem { key, what });
        }
    }

    fn gap(&mut self, station: StationName, stream: StreamId, seq: i64) {
        self.gaps += 1;
        if let Some(last) = self.gap_ranges.last_mut()
            && last.station == station
            && last.stream == stream
            && last.to.checked_add(1) == Some(seq)
        {
            last.to = seq;
        } else if self.gap_ranges.len() < MOST_NAMED {
            self.gap_ranges.push(Gap { station, stream, from: seq, to: seq });
        }
    }
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
            "SELECT key, first_row, rows, sha256, file_sha256 FROM lake_files WHERE sha256 IS NOT NULL AND key > ?1 \
             ORDER BY key LIMIT ?2",
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
        let unplanned = store.ask(move |connection| unplanned(connection, keys)).await?;
        for key in unplanned {
            match key.parse::<Key>() {
                Ok(read) if read.store == id && read.gateway == *gateway => {
                    report.problem(key, "is not in the store's plans".to_owned());
                }
                _ => report.others += 1,
            }
        }
    }
    Ok(())
}

fn unplanned(connection: &Connection, keys: Vec<String>) -> rusqlite::Result<Vec<String>> {
    let mut query = connection.prepare_cached("SELECT 1 FROM lake_files WHERE key = ?1")?;
    let mut unplanned = Vec::new();
    for key in keys {
        if query.query_row([&key], |_| Ok(())).optional()?.is_none() {
            unplanned.push(key);
        }
    }
    Ok(unplanned)
}

#[cfg(test)]
mod tests;
