//! A table as Parquet, a row group at a time: what is written can leave while the rest is not read yet.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::parser::parse_message_type;
use minuano_telemetry::Millis;

use crate::http::table::{Cell, Column, Kind};

/// A file under way.
pub struct File {
    columns: Vec<Column>,
    writer: SerializedFileWriter<Outlet>,
    outlet: Outlet,
}

/// Where the writer writes, and from where it is taken.
#[derive(Clone, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Outlet {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl File {
    /// An empty one.
    pub fn new(columns: Vec<Column>) -> Result<Self> {
        let outlet = Outlet::default();
        let schema = Arc::new(parse_message_type(&schema(&columns))?);
        // Made while somebody waits: a level that costs no more than the reading.
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let writer = SerializedFileWriter::new(outlet.clone(), schema, Arc::new(properties))?;
        Ok(Self { columns, writer, outlet })
    }

    /// Writes one row group and gives all bytes that are due.
    pub fn group(&mut self, lines: &[Vec<Cell>]) -> Result<Vec<u8>> {
        if !lines.is_empty() {
            let mut group = self.writer.next_row_group()?;
            for (index, column) in self.columns.iter().enumerate() {
                let cells = lines.iter().map(|line| line.get(index).unwrap_or(&Cell::Empty));
                write_column(&mut group, column, cells)?;
            }
            group.close()?;
        }
        Ok(self.outlet.take())
    }

    /// The last bytes.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.writer.finish()?;
        Ok(self.outlet.take())
    }
}

/// As Parquet's message type.
fn schema(columns: &[Column]) -> String {
    let fields: String = columns
        .iter()
        .map(|Column { name, kind, required }| {
            let repetition = if *required { "required" } else { "optional" };
            let (kind, meaning) = match kind {
                Kind::Text => ("binary", " (STRING)"),
                Kind::Integer => ("int64", ""),
                Kind::Time => ("int64", " (TIMESTAMP(MILLIS,true))"),
                Kind::Real => ("double", ""),
                Kind::Flag => ("int32", " (INTEGER(8,false))"),
            };
            format!("{repetition} {kind} {name}{meaning}; ")
        })
        .collect();
    format!("message minuano {{ {fields}}}")
}

type Group<'a> = SerializedRowGroupWriter<'a, Outlet>;

fn write_column<'a>(
    group: &mut Group<'_>,
    column: &Column,
    cells: impl Iterator<Item = &'a Cell> + Clone,
) -> Result<()> {
    let levels: Option<Vec<i16>> =
        (!column.required).then(|| cells.clone().map(|cell| i16::from(*cell != Cell::Empty)).collect());
    let levels = levels.as_deref();
    match column.kind {
        Kind::Text => {
            let text = |cell: &Cell| match cell {
                Cell::Word(word) => Some(ByteArray::from(*word)),
                Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                _ => None,
            };
            write::<ByteArrayType>(group, cells.filter_map(text).collect(), levels)
        }
        Kind::Integer | Kind::Time => write::<Int64Type>(group, cells.filter_map(integer).collect(), levels),
        Kind::Real => {
            let real = |cell: &Cell| if let Cell::Real(value) = cell { Some(*value) } else { None };
            write::<DoubleType>(group, cells.filter_map(real).collect(), levels)
        }
        Kind::Flag => {
            let flag = |cell: &Cell| integer(cell).and_then(|flag| i32::try_from(flag).ok());
            write::<Int32Type>(group, cells.filter_map(flag).collect(), levels)
        }
    }
}

fn integer(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Integer(number) => Some(*number),
        Cell::Time(at) => Some(Millis::get(*at)),
        _ => None,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "made for this call alone")]
fn write<T: DataType>(group: &mut Group<'_>, values: Vec<T::T>, levels: Option<&[i16]>) -> Result<()> {
    let missing = || ParquetError::General("more columns than the schema has".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(&values, levels, None)?;
    column.close()
}
