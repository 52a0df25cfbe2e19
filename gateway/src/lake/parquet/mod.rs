//! The form of a file of readings.
//!
//! # Layout
//!
//! - `readings.schema`: the columns, as Parquet's message type
//! - [`FileWriter`]: rows to bytes; the same rows always give the same bytes
//! - [`read()`]: the bytes of a sound file to rows, with the fingerprint checked
//! - [`named_sha256`]: what any bytes name as the fingerprint of their rows
//! - [`anomalies`]: the same for files of anomalies
//! - [`Footer`]: what the file says of itself in its key-value metadata, which every store keeps

pub mod anomalies;
mod read;
mod write;

use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::schema::parser::parse_message_type;
use ::parquet::schema::types::TypePtr;
use minuano_telemetry::Quantity;
use serde::Serialize;

use super::key::Key;

pub use read::{ReadError, named_sha256, read};
pub use write::{Encoded, FileWriter, Form, properties};

/// The columns. Also what a test compares every written file with.
const SCHEMA: &str = include_str!("readings.schema");
/// Name and version of the columns in a file's metadata.
pub const SCHEMA_VERSION: &str = "readings/1";
/// Rows held in memory for one row group; also small enough that a reader can skip stations.
const ROW_GROUP: usize = 65_536;

mod column {
    //! Positions in `readings.schema`.
    pub const STATION: usize = 0;
    pub const STREAM: usize = 1;
    pub const CLOCK: usize = 2;
    pub const SEQ: usize = 3;
    pub const OBSERVED_AT: usize = 4;
    pub const RECEIVED_AT: usize = 5;
    pub const VALUES: usize = 6;
    pub const FLAGS: usize = 10;
}

mod entry {
    //! Keys of the file's metadata.
    pub const SCHEMA: &str = "minuano.schema";
    pub const COLUMNS: &str = "minuano.columns";
    pub const GATEWAY: &str = "minuano.gateway";
    pub const STORE: &str = "minuano.store";
    pub const FIRST_ROW: &str = "minuano.first_row";
    pub const LAST_ROW: &str = "minuano.last_row";
    pub const ROWS: &str = "minuano.rows";
    pub const SHA256: &str = "minuano.sha256";
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footer {
    /// Who wrote it.
    pub gateway: String,
    /// From which store file.
    pub store: String,
    /// First row of its batch.
    pub first_row: i64,
    /// Last row of its batch.
    pub last_row: i64,
    /// How many rows it holds.
    pub rows: u64,
    /// The [`Fingerprint`](super::rows::Fingerprint) of its rows.
    pub sha256: String,
}

fn schema() -> Result<TypePtr, ParquetError> {
    Ok(TypePtr::new(parse_message_type(SCHEMA)?))
}

#[derive(Serialize)]
struct ColumnMeaning {
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cf_standard_name: Option<&'static str>,
}

/// Unit and CF name of each quantity, as JSON by column.
fn column_meanings() -> String {
    let meanings = Quantity::ALL.map(|quantity| {
        let meaning = ColumnMeaning { unit: quantity.unit(), cf_standard_name: quantity.cf_standard_name() };
        format!("{:?}:{}", quantity.key(), serde_json::to_string(&meaning).unwrap_or_default())
    });
    format!("{{{}}}", meanings.join(","))
}

fn metadata(key: &Key, rows: u64, sha256: &str) -> [KeyValue; 8] {
    let entry = |name: &str, value: String| KeyValue::new(name.to_owned(), value);
    [
        entry(entry::SCHEMA, SCHEMA_VERSION.to_owned()),
        entry(entry::COLUMNS, column_meanings()),
        entry(entry::GATEWAY, key.gateway.to_string()),
        entry(entry::STORE, key.store.to_string()),
        entry(entry::FIRST_ROW, key.first_row.to_string()),
        entry(entry::LAST_ROW, key.last_row.to_string()),
        entry(entry::ROWS, rows.to_string()),
        entry(entry::SHA256, sha256.to_owned()),
    ]
}

#[cfg(test)]
mod tests;
