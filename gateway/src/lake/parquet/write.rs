//! Rows to bytes.

use std::sync::Arc;

use ::parquet::basic::{Compression, Encoding, ZstdLevel};
use ::parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::metadata::SortingColumn;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::types::ColumnPath;
use minuano_telemetry::Quantity;

use super::super::key::Key;
use super::super::rows::{Fingerprint, LakeRow};
use super::{ROW_GROUP, column, metadata, schema};

/// Writes one file; rows come sorted by station, observed_at, stream, seq.
pub struct FileWriter {
    file: SerializedFileWriter<Vec<u8>>,
    group: Vec<LakeRow>,
    rows: u64,
    fingerprint: Fingerprint,
}

/// A whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many rows it holds.
    pub rows: u64,
    /// Their fingerprint.
    pub sha256: String,
}

impl FileWriter {
    /// An empty file.
    pub fn new() -> Result<Self> {
        Self::with(properties()?)
    }

    pub(super) fn with(properties: WriterProperties) -> Result<Self> {
        let file = SerializedFileWriter::new(Vec::new(), schema()?, Arc::new(properties))?;
        Ok(Self { file, group: Vec::new(), rows: 0, fingerprint: Fingerprint::default() })
    }

    /// Takes the next row.
    pub fn push(&mut self, row: LakeRow) -> Result<()> {
        self.fingerprint.add(&row);
        self.rows += 1;
        self.group.push(row);
        if self.group.len() == ROW_GROUP { self.write_group() } else { Ok(()) }
    }

    /// Ends the file that stands at `key`.
    pub fn finish(mut self, key: &Key) -> Result<Encoded> {
        self.write_group()?;
        let sha256 = self.fingerprint.finish();
        for entry in metadata(key, self.rows, &sha256) {
            self.file.append_key_value_metadata(entry);
        }
        Ok(Encoded { bytes: self.file.into_inner()?, rows: self.rows, sha256 })
    }

    fn write_group(&mut self) -> Result<()> {
        if self.group.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.group);
        let mut group = self.file.next_row_group()?;
        text(&mut group, &rows, |row| row.station.as_str().into())?;
        text(&mut group, &rows, |row| row.stream.to_string().as_str().into())?;
        text(&mut group, &rows, |row| row.clock.word().into())?;
        integers(&mut group, &rows, |row| row.seq)?;
        integers(&mut group, &rows, |row| row.observed_at)?;
        integers(&mut group, &rows, |row| row.received_at)?;
        for quantity in Quantity::ALL {
            values(&mut group, &rows, quantity)?;
        }
        for quantity in Quantity::ALL {
            let flags: Vec<i32> = rows.iter().map(|row| row.flags[quantity as usize].into()).collect();
            write::<Int32Type>(&mut group, &flags, None)?;
        }
        group.close()?;
        self.group = rows;
        self.group.clear();
        Ok(())
    }
}

pub(super) type Group<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;

fn text(group: &mut Group<'_>, rows: &[LakeRow], of: impl Fn(&LakeRow) -> ByteArray) -> Result<()> {
    let values: Vec<ByteArray> = rows.iter().map(of).collect();
    write::<ByteArrayType>(group, &values, None)
}

fn integers(group: &mut Group<'_>, rows: &[LakeRow], of: impl Fn(&LakeRow) -> i64) -> Result<()> {
    let values: Vec<i64> = rows.iter().map(of).collect();
    write::<Int64Type>(group, &values, None)
}

fn values(group: &mut Group<'_>, rows: &[LakeRow], quantity: Quantity) -> Result<()> {
    let there: Vec<f64> = rows.iter().filter_map(|row| row.values.get(quantity)).collect();
    let levels: Vec<i16> = rows.iter().map(|row| row.values.get(quantity).is_some().into()).collect();
    write::<DoubleType>(group, &there, Some(&levels))
}

pub(super) fn write<T: DataType>(
    group: &mut Group<'_>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<()> {
    let missing = || ParquetError::General("more columns than the schema has".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}

pub(super) fn properties() -> Result<WriterProperties> {
    let sorted = |column_idx| SortingColumn { column_idx, descending: false, nulls_first: false };
    let order = [column::STATION, column::OBSERVED_AT, column::STREAM, column::SEQ];
    let order = order.into_iter().filter_map(|index| i32::try_from(index).ok()).map(sorted).collect();
    // Chosen by measurement: docs/benchmarks.md.
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(9)?))
        // Bounds of each row group are what readers prune by; a page index would double the metadata of
        // files that hold a few hundred rows.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_sorting_columns(Some(order));
    // Nobody looks for rows by these.
    let flags = Quantity::ALL.map(|quantity| format!("{}_flag", quantity.key()));
    for name in ["stream", "clock", "seq", "received_at"].into_iter().chain(flags.iter().map(String::as_str))
    {
        let column = ColumnPath::from(name);
        properties = properties.set_column_statistics_enabled(column, EnabledStatistics::None);
    }
    // Few values of a station come back often enough to earn a dictionary.
    for quantity in Quantity::ALL {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(quantity.key()), false);
    }
    // Numbers that climb in even steps: their differences are next to nothing.
    for name in ["seq", "observed_at", "received_at"] {
        properties = properties
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    Ok(properties.build())
}
