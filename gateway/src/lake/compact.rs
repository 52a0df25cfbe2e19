//! Joins the files of each past hour into one.
//!
//! A file every five minutes is mostly footer where few stations speak, and slow to list and open. Once its hour is
//! past, its rows go into one file with those of the others: written, read back, noted in the store, and only then the
//! others are deleted. Rows are copied from the lake, so it makes no difference what the store has pruned.
//!
//! Each step can be the last one of a process, and the next compaction goes on from there:
//!
//! | stopped | the lake holds | the next compaction |
//! |---|---|---|
//! | before the joined file is there | the single files | makes the same file again |
//! | before it is noted | both: each row twice | finds it there, notes it |
//! | before all others are deleted | both, in part | deletes them |
//!
//! # Layout
//!
//! - here: what is due, the command, its report
//! - [`join`]: one group of files becomes one
//! - [`adopt`]: joined files of an earlier life of this store are noticed

pub mod adopt;
pub mod join;

use std::fmt;
use std::time::Duration;

use minuano_telemetry::Millis;
use rusqlite::Connection;
use serde::Serialize;

use super::busy::{Busy, Doing};
use super::key::{HOUR, Key};
use super::verify::{MOST_NAMED, Problem};
use super::{Lake, LakeError};
use crate::clock::now;
use crate::store::row::parsed;

/// Rows of one joined file: what a batch may have, and what memory holds at once (about 90 MB).
pub const MOST_ROWS: u64 = 500_000;
/// How long ago an hour has ended, beyond what its last rows took to settle and to close.
const PAST: Duration = Duration::from_secs(3600);

/// What a compaction did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compacted {
    /// Nothing was refused.
    pub ok: bool,
    /// Nothing was done.
    pub dry_run: bool,
    /// Files that were joined.
    pub files: u64,
    /// Files that they became.
    pub joined: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of the files that were joined.
    pub bytes_before: u64,
    /// Bytes of the files that they became; 0 for a dry run.
    pub bytes_after: u64,
    /// Files removed, with those that an earlier compaction left.
    pub removed: u64,
    /// Joined files that the store did not know, and knows now.
    pub adopted: u64,
    /// Groups that could not be joined.
    pub refused: u64,
    /// The first of them, and why.
    pub refused_files: Vec<Problem>,
}

impl fmt::Display for Compacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, joined, rows, bytes_before, bytes_after, removed, adopted, refused, .. } = self;
        if self.dry_run {
            write!(
                formatter,
                "{files} files with {rows} rows and {bytes_before} bytes would become {joined}"
            )?;
        } else {
            write!(
                formatter,
                "{files} files with {rows} rows and {bytes_before} bytes became {joined} with {bytes_after} bytes; \
                 {removed} removed; {refused} refused"
            )?;
        }
        if *adopted > 0 {
            write!(formatter, "; {adopted} joined files were there already")?;
        }
        for Problem { key, what } in &self.refused_files {
            write!(formatter, "\n{key}: {what}")?;
        }
        Ok(())
    }
}

impl Compacted {
    fn refuse(&mut self, key: &Key, what: String) {
        self.refused += 1;
        if self.refused_files.len() < MOST_NAMED {
            self.refused_files.push(Problem { key: key.to_string(), what });
        }
    }
}

/// A file that is to be joined with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Where it is; also its rows' hour and range.
    pub key: Key,
    /// How many.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Of its rows.
    pub sha256: String,
    /// Of its bytes.
    pub file_sha256: String,
}

/// Files of one hour that become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Where that will be.
    pub key: Key,
    /// What it will hold, in the order of their rows.
    pub inputs: Vec<Input>,
}

impl Group {
    /// Rows in all.
    pub fn rows(&self) -> u64 {
        self.inputs.iter().map(|input| input.rows).sum()
    }

    /// Bytes in all.
    pub fn bytes(&self) -> u64 {
        self.inputs.iter().map(|input| input.bytes).sum()
    }
}

impl Lake {
    /// Joins what is due, beside a running gateway or without one; `progress` hears of each file. A dry run only says
    /// what is.
    pub async fn compact(
        &self,
        dry_run: bool,
        mut progress: impl FnMut(&str),
    ) -> Result<Compacted, LakeError> {
        let _busy = Busy::begin(&self.store, Doing::Compacting)?;
        let mut compacted = Compacted { dry_run, ..Compacted::default() };
        if !dry_run {
            compacted.adopted = self.patiently(async || self.adopt().await, &mut progress).await?;
            compacted.removed += self.patiently(async || self.remove_joined().await, &mut progress).await?;
        }
        let before = past(self.limits.settle_after + self.limits.close_after, now());
        for group in self.store.ask(move |connection| due(connection, before)).await? {
            progress(&format!(
                "{}: {} files with {} rows and {} bytes",
                group.key,
                group.inputs.len(),
                group.rows(),
                group.bytes()
            ));
            if !dry_run {
                match self.patiently(async || self.join(&group).await, &mut progress).await {
                    Ok(bytes) => compacted.bytes_after += bytes,
                    Err(LakeError::Unsound { key, what }) => {
                        let what = format!("{key} {what}; lake backfill puts it right");
                        compacted.refuse(&group.key, what);
                        continue;
                    }
                    Err(error) if error.is_of_one_batch() => {
                        compacted.refuse(&group.key, error.to_string());
                        continue;
                    }
                    Err(error) => return Err(error),
                }
                compacted.removed +=
                    self.patiently(async || self.remove_joined().await, &mut progress).await?;
            }
            compacted.files += group.inputs.len() as u64;
            compacted.joined += 1;
            compacted.rows += group.rows();
            compacted.bytes_before += group.bytes();
        }
        compacted.ok = compacted.refused == 0;
        Ok(compacted)
    }
}

/// Hours that begin before this are past at `now`.
fn past(settled_after: Duration, now: Millis) -> i64 {
    let wait = i64::try_from((settled_after + PAST).as_millis()).unwrap_or(i64::MAX);
    now.get().saturating_sub(wait).saturating_sub(HOUR)
}

/// A file of an hour that has several.
struct File {
    input: Input,
    /// All of its batch is in the lake; of a joined file: it is.
    is_there: bool,
    /// Planned by a compaction that did not end.
    is_planned_join: bool,
}

/// What is to be joined, of hours that begin before `before`.
pub fn due(connection: &Connection, before: i64) -> rusqlite::Result<Vec<Group>> {
    let mut query = connection.prepare(
        "SELECT f.key, f.rows, coalesce(f.bytes, 0), coalesce(f.sha256, ''), coalesce(f.file_sha256, ''), \
             f.sha256 IS NOT NULL AND b.done_at IS NOT NULL, f.last_row IS NOT NULL AND f.sha256 IS NULL \
         FROM lake_files f JOIN lake_batches b ON b.first_row = f.first_row \
         WHERE f.joined IS NULL AND f.hour IN ( \
             SELECT hour FROM lake_files WHERE joined IS NULL AND hour < ?1 GROUP BY hour HAVING count(*) > 1) \
         ORDER BY f.hour, f.first_row, f.key",
    )?;
    let files: Vec<File> = query
        .query_map([before], |row| {
            Ok(File {
                input: Input {
                    key: parsed(row, 0)?,
                    rows: row.get(1)?,
                    bytes: row.get(2)?,
                    sha256: row.get(3)?,
                    file_sha256: row.get(4)?,
                },
                is_there: row.get(5)?,
                is_planned_join: row.get(6)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(files.chunk_by(|a, b| a.input.key.hour == b.input.key.hour).flat_map(of_an_hour).collect())
}

fn of_an_hour(files: &[File]) -> Vec<Group> {
    let (planned, mut single): (Vec<&File>, Vec<&File>) = files.iter().partition(|file| file.is_planned_join);
    let mut groups = Vec::new();
    for join in planned {
        let key = join.input.key.clone();
        let is_in = |file: &&File| is_of(&file.input.key, &key);
        let inputs = single.extract_if(.., |file| is_in(file)).map(|file| file.input.clone()).collect();
        groups.push(Group { key, inputs });
    }
    // A file between two others that comes later would have to go under the key of what was joined without it.
    if single.iter().any(|file| !file.is_there) {
        return groups;
    }
    let mut open: Option<Group> = None;
    for File { input, .. } in single {
        match &mut open {
            Some(group) if is_beside(&group.key, &input.key) && group.rows() + input.rows <= MOST_ROWS => {
                group.key.last_row = input.key.last_row;
                group.inputs.push(input.clone());
            }
            _ => {
                groups.extend(open.replace(Group { key: input.key.clone(), inputs: vec![input.clone()] }));
            }
        }
    }
    groups.extend(open);
    groups.retain(|group| group.inputs.len() > 1);
    groups
}

/// Whether both are of one store.
fn is_beside(one: &Key, other: &Key) -> bool {
    (one.hour, &one.gateway, one.store) == (other.hour, &other.gateway, other.store)
}

/// Whether the rows of `one` are in the range of `all`.
pub(super) fn is_of(one: &Key, all: &Key) -> bool {
    is_beside(one, all) && all.first_row <= one.first_row && one.last_row <= all.last_row && one != all
}

#[cfg(test)]
mod tests;
