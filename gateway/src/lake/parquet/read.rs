//! Bytes to rows.
//!
//! The parquet crate panics on some broken files (72 of the 79,176 that differ from a sound one by one
//! bit). So a file is parsed only when its bytes are known to be ours, by their own hash; of any other
//! only [`named_sha256`] is asked.

use std::str::FromStr;

use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, DataType};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::FileMetaData;
use ::parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use ::parquet::schema::printer::print_schema;
use bytes::Bytes;
use minuano_telemetry::{ByQuantity, Clock, Quantity};

use super::super::rows::{Fingerprint, LakeRow};
use super::{Footer, SCHEMA, SCHEMA_VERSION, column, entry};

/// A row group that claims more rows than a batch can have is not read.
const MOST_ROWS: usize = 500_000;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not Parquet, or broken.
    #[error("{0}")]
    Parquet(#[from] ParquetError),
    /// Parquet, but not of this form.
    #[error("{0}")]
    Form(String),
    /// The rows are not those that the footer's hash is of.
    #[error("the rows do not have the sha256 that the footer names: {found} instead of {named}")]
    Altered {
        /// In the footer.
        named: String,
        /// Of the rows.
        found: String,
    },
}

/// Hands each row of a sound file to `each`, then gives the footer.
pub fn read(bytes: Bytes, mut each: impl FnMut(LakeRow)) -> Result<Footer, ReadError> {
    let reader = SerializedFileReader::new(bytes)?;
    let footer = footer(reader.metadata().file_metadata(), SCHEMA_VERSION, SCHEMA)?;
    let mut fingerprint = Fingerprint::default();
    let mut rows = 0;
    for index in 0..reader.num_row_groups() {
        for row in read_group(reader.get_row_group(index)?.as_ref())? {
            fingerprint.add(&row);
            rows += 1;
            each(row);
        }
    }
    if rows != footer.rows {
        return Err(form(format_args!("it holds {rows} rows and its footer names {}", footer.rows)));
    }
    let found = fingerprint.finish();
    if found == footer.sha256 { Ok(footer) } else { Err(ReadError::Altered { named: footer.sha256, found }) }
}

/// The fingerprint that any bytes name in their footer, found without parsing them.
pub fn named_sha256(bytes: &[u8]) -> Option<&str> {
    // The last 8 bytes are the footer's length and PAR1. In it the key is followed by its value: a Thrift
    // string (compact protocol, next field) of 64 bytes.
    let (rest, end) = bytes.split_last_chunk::<8>()?;
    let length = usize::try_from(u32::from_le_bytes(*end.first_chunk()?)).ok()?;
    let footer = rest.get(rest.len().checked_sub(length)?..)?;
    let entry = [entry::SHA256.as_bytes(), &[0x18, 64]].concat();
    let at = footer.windows(entry.len()).position(|window| window == entry)? + entry.len();
    let text = std::str::from_utf8(footer.get(at..at + 64)?).ok()?;
    text.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(text)
}

pub(super) fn form(what: impl std::fmt::Display) -> ReadError {
    ReadError::Form(what.to_string())
}

/// What a file of `version` says of itself, when its columns are those of `schema`.
pub(super) fn footer(metadata: &FileMetaData, version: &str, schema: &str) -> Result<Footer, ReadError> {
    let entries = metadata.key_value_metadata().map(Vec::as_slice).unwrap_or_default();
    let text = |name: &str| {
        let found = entries.iter().find(|entry| entry.key == name);
        found
            .and_then(|entry| entry.value.clone())
            .ok_or_else(|| form(format_args!("its metadata has no {name}")))
    };
    let found = text(entry::SCHEMA)?;
    if found != version {
        return Err(form(format_args!("its columns are {found}, this release reads {version}")));
    }
    let mut printed = Vec::new();
    print_schema(&mut printed, metadata.schema());
    if printed.trim_ascii() != schema.as_bytes().trim_ascii() {
        return Err(form("its columns are not those of its version"));
    }
    Ok(Footer {
        gateway: text(entry::GATEWAY)?,
        store: text(entry::STORE)?,
        first_row: number(&text(entry::FIRST_ROW)?, entry::FIRST_ROW)?,
        last_row: number(&text(entry::LAST_ROW)?, entry::LAST_ROW)?,
        rows: number(&text(entry::ROWS)?, entry::ROWS)?,
        sha256: text(entry::SHA256)?,
    })
}

fn number<T: FromStr>(text: &str, name: &str) -> Result<T, ReadError> {
    text.parse().map_err(|_| form(format_args!("its {name} is {text:?}")))
}

pub(super) fn count_of(group: &dyn RowGroupReader) -> Result<usize, ReadError> {
    let claimed = group.metadata().num_rows();
    usize::try_from(claimed)
        .ok()
        .filter(|count| *count <= MOST_ROWS)
        .ok_or_else(|| form(format_args!("a row group claims {claimed} rows")))
}

fn read_group(group: &dyn RowGroupReader) -> Result<Vec<LakeRow>, ReadError> {
    let count = count_of(group)?;
    let stations = texts(group, column::STATION, count)?;
    let streams = texts(group, column::STREAM, count)?;
    let clocks = texts(group, column::CLOCK, count)?;
    let seqs = integers(group, column::SEQ, count)?;
    let observed = integers(group, column::OBSERVED_AT, count)?;
    let received = integers(group, column::RECEIVED_AT, count)?;
    let mut values = [const { Vec::new() }; 4];
    let mut flags = [const { Vec::new() }; 4];
    for quantity in Quantity::ALL {
        let index = quantity as usize;
        values[index] = doubles(group, column::VALUES + index, count)?;
        flags[index] = small_integers(group, column::FLAGS + index, count)?;
    }
    (0..count)
        .map(|row| {
            let flag = |of: &Vec<i32>| u8::try_from(of[row]).map_err(|_| form("a flag is no byte"));
            Ok(LakeRow {
                station: parse(&stations[row], "station")?,
                stream: parse(&streams[row], "stream")?,
                clock: clock(&clocks[row])?,
                seq: seqs[row],
                observed_at: observed[row],
                received_at: received[row],
                values: ByQuantity([values[0][row], values[1][row], values[2][row], values[3][row]]),
                flags: [flag(&flags[0])?, flag(&flags[1])?, flag(&flags[2])?, flag(&flags[3])?],
            })
        })
        .collect()
}

pub(super) fn parse<T: FromStr>(bytes: &ByteArray, what: &str) -> Result<T, ReadError> {
    let text = bytes.as_utf8()?;
    text.parse().map_err(|_| form(format_args!("{text:?} is no {what}")))
}

fn clock(bytes: &ByteArray) -> Result<Clock, ReadError> {
    let word = bytes.as_utf8()?;
    let known = [Clock::Synchronised, Clock::Holdover, Clock::Unsynchronised];
    known
        .into_iter()
        .find(|clock| clock.word() == word)
        .ok_or_else(|| form(format_args!("{word:?} is no clock")))
}

pub(super) fn texts(
    group: &dyn RowGroupReader,
    index: usize,
    count: usize,
) -> Result<Vec<ByteArray>, ReadError> {
    match group.get_column_reader(index)? {
        ColumnReader::ByteArrayColumnReader(reader) => required(reader, count),
        _ => Err(form("a column is of another type")),
    }
}

pub(super) fn integers(
    group: &dyn RowGroupReader,
    index: usize,
    count: usize,
) -> Result<Vec<i64>, ReadError> {
    match group.get_column_reader(index)? {
        ColumnReader::Int64ColumnReader(reader) => required(reader, count),
        _ => Err(form("a column is of another type")),
    }
}

pub(super) fn small_integers(
    group: &dyn RowGroupReader,
    index: usize,
    count: usize,
) -> Result<Vec<i32>, ReadError> {
    match group.get_column_reader(index)? {
        ColumnReader::Int32ColumnReader(reader) => required(reader, count),
        _ => Err(form("a column is of another type")),
    }
}

fn doubles(group: &dyn RowGroupReader, index: usize, count: usize) -> Result<Vec<Option<f64>>, ReadError> {
    match group.get_column_reader(index)? {
        ColumnReader::DoubleColumnReader(reader) => optional(reader, count),
        _ => Err(form("a column is of another type")),
    }
}

pub(super) fn optional_texts(
    group: &dyn RowGroupReader,
    index: usize,
    count: usize,
) -> Result<Vec<Option<ByteArray>>, ReadError> {
    match group.get_column_reader(index)? {
        ColumnReader::ByteArrayColumnReader(reader) => optional(reader, count),
        _ => Err(form("a column is of another type")),
    }
}

fn optional<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    count: usize,
) -> Result<Vec<Option<T::T>>, ReadError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    while levels.len() < count {
        let before = levels.len();
        reader.read_records(count - before, Some(&mut levels), None, &mut values)?;
        if levels.len() == before {
            return Err(form("a column ends early"));
        }
    }
    let mut values = values.into_iter();
    let rows: Vec<_> = levels.iter().map(|level| if *level == 0 { None } else { values.next() }).collect();
    let there = levels.iter().filter(|level| **level != 0).count();
    let given = rows.iter().flatten().count() + values.len();
    if rows.len() == count && given == there {
        Ok(rows)
    } else {
        Err(form("a column's values and its nulls do not add up"))
    }
}

fn required<T: DataType>(mut reader: ColumnReaderImpl<T>, count: usize) -> Result<Vec<T::T>, ReadError> {
    let mut values = Vec::new();
    while values.len() < count {
        let before = values.len();
        reader.read_records(count - before, None, None, &mut values)?;
        if values.len() == before {
            return Err(form("a column ends early"));
        }
    }
    if values.len() == count { Ok(values) } else { Err(form("a column is too long")) }
}
