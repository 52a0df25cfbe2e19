//! Readings and buckets as tables: the keys of the JSON form as names of columns, units in the keys.
//!
//! CSV and Parquet are both written from here, so that they cannot differ.

use minuano_telemetry::{Fault, Millis, Quantity};

use crate::derived::{Derived, DerivedQuantity};
use crate::store::StoredReading;
use crate::store::query::buckets::Bucket;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// A whole number.
    Integer,
    /// A moment, to the millisecond.
    Time,
    /// A number in the unit that the column's name ends with.
    Real,
    /// A flag of QARTOD's.
    Flag,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The key of the JSON form.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether every line has a value in it.
    pub required: bool,
}

/// What stands in a column of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing: empty in CSV, null in Parquet.
    Empty,
    /// Text of the program's.
    Word(&'static str),
    /// Other text.
    Text(String),
    /// A whole number, or a flag.
    Integer(i64),
    /// A moment.
    Time(Millis),
    /// A number.
    Real(f64),
}

fn required(name: &str, kind: Kind) -> Column {
    Column { name: name.to_owned(), kind, required: true }
}

fn optional(name: String, kind: Kind) -> Column {
    Column { name, kind, required: false }
}

/// The columns of readings.
pub fn of_readings() -> Vec<Column> {
    let mut columns = vec![
        required("row", Kind::Integer),
        required("station", Kind::Text),
        required("stream", Kind::Text),
        required("seq", Kind::Integer),
        required("observed_at", Kind::Time),
        required("received_at", Kind::Time),
        required("clock", Kind::Text),
        required("samples", Kind::Integer),
    ];
    let keys = Quantity::ALL.map(Quantity::key);
    columns.extend(keys.map(|key| optional(key.to_owned(), Kind::Real)));
    columns.extend(keys.map(|key| required(&format!("{key}_flag"), Kind::Flag)));
    columns.extend(keys.map(|key| optional(format!("{key}_fault"), Kind::Text)));
    let keys = DerivedQuantity::ALL.map(DerivedQuantity::key);
    columns.extend(keys.map(|key| optional(key.to_owned(), Kind::Real)));
    columns.extend(keys.map(|key| optional(format!("{key}_flag"), Kind::Flag)));
    columns
}

/// The line of a reading of a station at this altitude. A value that could not be measured is empty, with its
/// reason in `…_fault`.
pub fn reading(reading: &StoredReading, altitude_m: Option<f64>) -> Vec<Cell> {
    let mut line = vec![
        Cell::Integer(reading.row),
        Cell::Text(reading.station.to_string()),
        Cell::Text(reading.stream.to_string()),
        number(reading.seq),
        Cell::Time(reading.observed_at),
        Cell::Time(reading.received_at),
        Cell::Word(reading.clock.word()),
        Cell::Integer(reading.samples.into()),
    ];
    line.extend(Quantity::ALL.map(|quantity| real(reading.values.get(quantity))));
    line.extend(Quantity::ALL.map(|quantity| Cell::Integer(reading.flag(quantity).number().into())));
    line.extend(Quantity::ALL.map(|quantity| {
        reading.faults.get(quantity).map_or(Cell::Empty, |fault| Cell::Word(Fault::word(fault)))
    }));
    let derived = Derived::of(&reading.values, &reading.flags, altitude_m);
    let made = DerivedQuantity::ALL.map(|quantity| derived.get(quantity));
    line.extend(made.map(|made| real(made.map(|made| made.value))));
    line.extend(made.map(|made| made.map_or(Cell::Empty, |made| Cell::Integer(made.flag.number().into()))));
    line
}

/// The columns of buckets.
pub fn of_buckets() -> Vec<Column> {
    let mut columns = vec![required("start", Kind::Time), required("count", Kind::Integer)];
    for quantity in Quantity::ALL {
        let key = quantity.key();
        columns.extend(["min", "mean", "max"].map(|what| optional(format!("{key}_{what}"), Kind::Real)));
        columns.push(optional(format!("{key}_flag"), Kind::Flag));
    }
    columns
}

/// The line of a bucket. Where a quantity has no value its cells are empty; where all of its values failed,
/// all but the flag's.
pub fn bucket(bucket: &Bucket) -> Vec<Cell> {
    let mut line = vec![Cell::Time(bucket.start), number(bucket.count)];
    for quantity in Quantity::ALL {
        let summary = bucket.quantities.get(quantity);
        let spread = summary.and_then(|summary| summary.spread);
        line.extend([
            real(spread.map(|spread| spread.min)),
            real(spread.map(|spread| spread.mean)),
            real(spread.map(|spread| spread.max)),
            summary.map_or(Cell::Empty, |summary| Cell::Integer(summary.flag.number().into())),
        ]);
    }
    line
}

fn real(value: Option<f64>) -> Cell {
    value.map_or(Cell::Empty, Cell::Real)
}

/// The store holds none that is larger.
fn number(number: u64) -> Cell {
    Cell::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
