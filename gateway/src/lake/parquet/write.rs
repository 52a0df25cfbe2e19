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

/// A file of at most so many rows is [`Form::Small`].
const SMALL: u64 = 4_096;

/// How a file is made, by how many rows it has; the same rows always have the same form. Chosen by measurement:
/// docs/benchmarks.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Mostly footer: nothing that a reader of the whole file has no use for, and the most compression.
    Small,
    /// Mostly rows: dictionaries, and bounds of the values.
    Large,
}

/// Writes one file; rows come sorted by station, observed_at, stream, seq.
pub struct FileWriter {
    /// Begun with the first row group.
    file: Option<SerializedFileWriter<Vec<u8>>>,
    properties: fn(Form) -> Result<WriterProperties>,
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

impl Default for FileWriter {
    fn default() -> Self {
        Self::with(properties)
    }
}

impl FileWriter {
    /// An empty file to be made in another way, to measure it.
    pub fn with(properties: fn(Form) -> Result<WriterProperties>) -> Self {
        Self { file: None, properties, group: Vec::new(), rows: 0, fingerprint: Fingerprint::default() }
    }

    /// Takes the next row.
    pub fn push(&mut self, row: LakeRow) -> Result<()> {
        self.fingerprint.add(&row);
        self.rows += 1;
        self.group.push(row);
        if self.group.len() == ROW_GROUP { self.write_group(Form::Large) } else { Ok(()) }
    }

    /// Ends the file that stands at `key`.
    pub fn finish(mut self, key: &Key) -> Result<Encoded> {
        let form = if self.rows <= SMALL { Form::Small } else { Form::Large };
        self.write_group(form)?;
        let mut file = self.take_file(form)?;
        let sha256 = self.fingerprint.finish();
        for entry in metadata(key, self.rows, &sha256) {
            file.append_key_value_metadata(entry);
        }
        Ok(Encoded { bytes: file.into_inner()?, rows: self.rows, sha256 })
    }

    /// The file as far as it is written; one that has not begun begins in this form.
    fn take_file(&mut self, form: Form) -> Result<SerializedFileWriter<Vec<u8>>> {
        match self.file.take() {
            Some(file) => Ok(file),
            None => SerializedFileWriter::new(Vec::new(), schema()?, Arc::new((self.properties)(form)?)),
        }
    }

    fn write_group(&mut self, form: Form) -> Result<()> {
        if self.group.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.group);
        let mut file = self.take_file(form)?;
        let mut group = file.next_row_group()?;
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
        self.file = Some(file);
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

/// How a file of this form is written.
pub fn properties(form: Form) -> Result<WriterProperties> {
    let sorted = |column_idx| SortingColumn { column_idx, descending: false, nulls_first: false };
    let order = [column::STATION, column::OBSERVED_AT, column::STREAM, column::SEQ];
    let order = order.into_iter().filter_map(|index| i32::try_from(index).ok()).map(sorted).collect();
    let level = match form {
        Form::Small => 19,
        Form::Large => 9,
    };
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level)?))
        .set_dictionary_enabled(form == Form::Large)
        // Bounds of each row group are what readers prune by; a page index would double the metadata of
        // files that hold a few hundred rows.
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_sorting_columns(Some(order));
    let bounded = |name: &str| ["station", "observed_at"].contains(&name);
    for field in schema()?.get_fields() {
        let (name, column) = (field.name(), ColumnPath::from(field.name()));
        let is_value = Quantity::from_key(name).is_some();
        if bounded(name) || (is_value && form == Form::Large) {
            properties = properties.set_column_statistics_enabled(column.clone(), EnabledStatistics::Chunk);
        }
        // Few values of a station come back often enough to earn a dictionary.
        if is_value {
            properties = properties.set_column_dictionary_enabled(column.clone(), false);
        }
        // Numbers that climb in even steps, or stand: their differences are next to nothing.
        let steps = ["seq", "observed_at", "received_at"].contains(&name);
        if steps || (name.ends_with("_flag") && form == Form::Small) {
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(properties.build())
}
