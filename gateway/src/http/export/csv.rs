//! A table as CSV (RFC 4180), with a header line.

use std::io::Write;

use csv::{Terminator, WriterBuilder};

use crate::http::table::{Cell, Column};

/// The header line.
pub fn header(columns: &[Column]) -> csv::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(columns.iter().map(|column| &column.name))?;
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

/// Lines without a header.
pub fn lines(lines: impl Iterator<Item = Vec<Cell>>) -> csv::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let mut field = Vec::new();
    for line in lines {
        for cell in line {
            field.clear();
            match cell {
                Cell::Empty => {}
                Cell::Word(word) => field.extend_from_slice(word.as_bytes()),
                Cell::Text(text) => field.extend_from_slice(text.as_bytes()),
                Cell::Integer(number) => write!(field, "{number}")?,
                Cell::Time(at) => write!(field, "{at}")?,
                Cell::Real(value) => write!(field, "{value}")?,
            }
            writer.write_field(&field)?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}
