//! The form of a file of anomalies: closed episodes.

use std::sync::Arc;

use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use ::parquet::schema::types::TypePtr;
use bytes::Bytes;

use super::super::anomalies::{AnomalyKey, AnomalyRow, fingerprint};
use super::read::{ReadError, count_of, footer, form, integers, optional_texts, small_integers, texts};
use super::write::{Encoded, Group, write};
use super::{Footer, entry};

const SCHEMA: &str = include_str!("anomalies.schema");
/// Name and version of the columns in a file's metadata.
pub const SCHEMA_VERSION: &str = "anomalies/1";

/// The file of `rows` that stands at `key`: the same rows always give the same bytes.
pub fn encode(key: &AnomalyKey, rows: &[AnomalyRow]) -> Result<Encoded, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .build();
    let schema = TypePtr::new(parse_message_type(SCHEMA)?);
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    integers_of(&mut group, rows, |row| row.id)?;
    texts_of(&mut group, rows, |row| Some(&row.station))?;
    texts_of(&mut group, rows, |row| row.quantity.as_deref())?;
    texts_of(&mut group, rows, |row| Some(&row.kind))?;
    integers_of(&mut group, rows, |row| row.from_time)?;
    integers_of(&mut group, rows, |row| row.to_time)?;
    let flags: Vec<i32> = rows.iter().map(|row| row.flag.into()).collect();
    write::<Int32Type>(&mut group, &flags, None)?;
    texts_of(&mut group, rows, |row| Some(&row.evidence))?;
    group.close()?;
    let (count, sha256) = (rows.len() as u64, fingerprint(rows));
    for (name, value) in [
        (entry::SCHEMA, SCHEMA_VERSION.to_owned()),
        (entry::GATEWAY, key.gateway.to_string()),
        (entry::STORE, key.store.to_string()),
        (entry::FIRST_ROW, key.first.to_string()),
        (entry::LAST_ROW, key.last.to_string()),
        (entry::ROWS, count.to_string()),
        (entry::SHA256, sha256.clone()),
    ] {
        file.append_key_value_metadata(KeyValue::new(name.to_owned(), value));
    }
    Ok(Encoded { bytes: file.into_inner()?, rows: count, sha256 })
}

fn integers_of(
    group: &mut Group<'_>,
    rows: &[AnomalyRow],
    of: impl Fn(&AnomalyRow) -> i64,
) -> Result<(), ParquetError> {
    let values: Vec<i64> = rows.iter().map(of).collect();
    write::<Int64Type>(group, &values, None)
}

/// Levels are ignored where the column is required.
fn texts_of<'a>(
    group: &mut Group<'_>,
    rows: &'a [AnomalyRow],
    of: impl Fn(&'a AnomalyRow) -> Option<&'a str>,
) -> Result<(), ParquetError> {
    let values: Vec<ByteArray> = rows.iter().filter_map(&of).map(ByteArray::from).collect();
    let levels: Vec<i16> = rows.iter().map(|row| of(row).is_some().into()).collect();
    write::<ByteArrayType>(group, &values, Some(&levels))
}

/// The rows of a sound file, its fingerprint checked. As with readings, only of bytes known to be ours.
pub fn read(bytes: Bytes) -> Result<(Footer, Vec<AnomalyRow>), ReadError> {
    let reader = SerializedFileReader::new(bytes)?;
    let footer = footer(reader.metadata().file_metadata(), SCHEMA_VERSION, SCHEMA)?;
    let mut rows = Vec::new();
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index)?;
        let (group, count) = (group.as_ref(), count_of(group.as_ref())?);
        let ids = integers(group, 0, count)?;
        let stations = texts(group, 1, count)?;
        let quantities = optional_texts(group, 2, count)?;
        let kinds = texts(group, 3, count)?;
        let (from, to) = (integers(group, 4, count)?, integers(group, 5, count)?);
        let flags = small_integers(group, 6, count)?;
        let evidence = texts(group, 7, count)?;
        for row in 0..count {
            rows.push(AnomalyRow {
                id: ids[row],
                station: stations[row].as_utf8()?.to_owned(),
                quantity: quantities[row]
                    .as_ref()
                    .map(|text| text.as_utf8().map(str::to_owned))
                    .transpose()?,
                kind: kinds[row].as_utf8()?.to_owned(),
                from_time: from[row],
                to_time: to[row],
                flag: u8::try_from(flags[row]).map_err(|_| form("a flag is no byte"))?,
                evidence: evidence[row].as_utf8()?.to_owned(),
            });
        }
    }
    let found = fingerprint(&rows);
    if rows.len() as u64 != footer.rows {
        return Err(form(format_args!("it holds {} rows and its footer names {}", rows.len(), footer.rows)));
    }
    if found == footer.sha256 {
        Ok((footer, rows))
    } else {
        Err(ReadError::Altered { named: footer.sha256, found })
    }
}
