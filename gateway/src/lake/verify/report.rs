//! What a verification found.

use std::fmt;

use minuano_telemetry::{StationName, StreamId};
use serde::Serialize;

use crate::lake::anomalies::check::Anomalies;

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

impl Report {
    pub(in crate::lake) fn problem(&mut self, key: String, what: String) {
        self.problems += 1;
        if self.problem_files.len() < MOST_NAMED {
            self.problem_files.push(Problem { key, what });
        }
    }

    pub(super) fn gap(&mut self, station: StationName, stream: StreamId, seq: i64) {
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
