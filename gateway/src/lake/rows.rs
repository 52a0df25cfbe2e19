//! A row of the lake, its fingerprint, and how the rows of one batch and hour come from the store.

use minuano_telemetry::{ByQuantity, Clock, Quantity, StationName, StreamId};
use rusqlite::{Connection, Row};
use sha2::{Digest, Sha256};

use super::key::{HOUR, Key};
use crate::store::row::{clock_from_number, parsed, value_from_column};

/// A batch that touches more hours than this gets an index by hour, so that a backlog of a year does not
/// cost one scan of the batch for each of its hours.
const SCANNED_HOURS: usize = 4;
/// Names the encoding that [`Fingerprint`] hashes.
const FINGERPRINT: &[u8] = b"minuano readings 1\n";

/// One reading, in the columns of the lake.
#[derive(Clone, Debug, PartialEq)]
pub struct LakeRow {
    /// Whose.
    pub station: StationName,
    /// Of which run.
    pub stream: StreamId,
    /// How good `observed_at` is.
    pub clock: Clock,
    /// Within the run.
    pub seq: i64,
    /// Milliseconds since 1970.
    pub observed_at: i64,
    /// Milliseconds since 1970.
    pub received_at: i64,
    /// In each quantity's unit.
    pub values: ByQuantity<f64>,
    /// QARTOD numbers, in the order of [`Quantity::ALL`].
    pub flags: [u8; 4],
}

/// SHA-256 over the rows of a file, in their order. Two files with one fingerprint hold the same rows,
/// whatever encoding or compression a release chose. What is hashed:
///
/// - the line `minuano readings 1`, ended by a line feed
/// - for each row: station, stream (16 hex digits) and clock (its word), each as one byte of length and
///   its UTF-8; seq, observed_at, received_at as little-endian 64-bit integers; for each quantity a byte
///   0 (missing), or a byte 1 and the value as a little-endian IEEE 754 double; the four flags, a byte each
#[derive(Clone)]
pub struct Fingerprint {
    hash: Sha256,
    row: Vec<u8>,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self { hash: Sha256::new_with_prefix(FINGERPRINT), row: Vec::with_capacity(160) }
    }
}

impl Fingerprint {
    /// Takes the next row.
    pub fn add(&mut self, row: &LakeRow) {
        self.row.clear();
        for text in [row.station.as_str(), row.stream.to_string().as_str(), row.clock.word()] {
            // Names are at most 32 bytes.
            self.row.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            self.row.extend_from_slice(text.as_bytes());
        }
        for number in [row.seq, row.observed_at, row.received_at] {
            self.row.extend_from_slice(&number.to_le_bytes());
        }
        for quantity in Quantity::ALL {
            match row.values.get(quantity) {
                None => self.row.push(0),
                Some(value) => {
                    self.row.push(1);
                    self.row.extend_from_slice(&value.to_le_bytes());
                }
            }
        }
        self.row.extend_from_slice(&row.flags);
        self.hash.update(&self.row);
    }

    /// 64 hex digits.
    pub fn finish(self) -> String {
        hex(&self.hash.finalize())
    }
}

/// SHA-256 of `bytes`, in 64 hex digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a planned batch, hour by hour, on a connection of its own.
pub struct BatchReader {
    connection: Connection,
    first_row: i64,
    last_row: i64,
    excluded: String,
    indexed: bool,
}

impl BatchReader {
    /// A reader of the batch from `first_row` to `last_row` that becomes `files` files; `excluded` is the
    /// JSON list of the stations that are left out.
    pub fn new(
        connection: Connection,
        (first_row, last_row): (i64, i64),
        excluded: String,
        files: usize,
    ) -> rusqlite::Result<Self> {
        let indexed = files > SCANNED_HOURS;
        if indexed {
            connection.execute_batch(
                "DROP TABLE IF EXISTS temp.batch_by_hour; \
                 CREATE TEMP TABLE batch_by_hour (hour INTEGER, row INTEGER, PRIMARY KEY (hour, row)) WITHOUT ROWID",
            )?;
            connection.execute(
                "INSERT INTO temp.batch_by_hour SELECT observed_at - (observed_at % ?3 + ?3) % ?3, row \
                 FROM main.readings WHERE row BETWEEN ?1 AND ?2",
                (first_row, last_row, HOUR),
            )?;
        }
        Ok(Self { connection, first_row, last_row, excluded, indexed })
    }

    /// Hands each row of `key`'s hour to `each`, sorted by station, then time. SQLite sorts, on disk where
    /// it must, so that memory holds what `each` keeps.
    pub fn hour<E: From<rusqlite::Error>>(
        &self,
        key: &Key,
        mut each: impl FnMut(LakeRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let source = if self.indexed {
            "temp.batch_by_hour b CROSS JOIN readings r ON r.row = b.row AND b.hour = ?3"
        } else {
            "readings r"
        };
        let mut query = self.connection.prepare(&format!(
            "SELECT s.name, t.stream, r.seq, r.observed_at, r.received_at, r.clock, \
             r.temperature, r.pressure, r.humidity, r.illuminance, \
             r.temperature_flag, r.pressure_flag, r.humidity_flag, r.illuminance_flag \
             FROM {source} CROSS JOIN stations s ON s.id = r.station CROSS JOIN streams t ON t.id = r.stream \
             WHERE r.row BETWEEN ?1 AND ?2 AND r.observed_at >= ?3 AND r.observed_at < ?3 + ?4 \
             AND r.station NOT IN (SELECT value FROM json_each(?5)) \
             ORDER BY s.name, r.observed_at, t.stream, r.seq"
        ))?;
        let mut rows =
            query.query((self.first_row, self.last_row, key.hour, HOUR, self.excluded.as_str()))?;
        while let Some(row) = rows.next()? {
            each(lake_row(row)?)?;
        }
        Ok(())
    }
}

fn lake_row(row: &Row<'_>) -> rusqlite::Result<LakeRow> {
    let mut values = ByQuantity::default();
    let mut flags = [0; 4];
    for quantity in Quantity::ALL {
        let index = quantity as usize;
        values.set(quantity, value_from_column(quantity, row.get_ref(6 + index)?)?);
        flags[index] = row.get(10 + index)?;
    }
    Ok(LakeRow {
        station: parsed(row, 0)?,
        stream: parsed(row, 1)?,
        seq: row.get(2)?,
        observed_at: row.get(3)?,
        received_at: row.get(4)?,
        clock: clock_from_number(row.get(5)?),
        values,
        flags,
    })
}
