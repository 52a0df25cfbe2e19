//! A stored reading, and how its values stand in columns.

use std::sync::LazyLock;

use minuano_telemetry::{ByQuantity, Clock, Fault, Flag, Millis, Quantity, StationName, StreamId};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, Statement};

/// The largest count of resolution steps that stands as an integer: beyond it f64 is no longer exact.
const MAX_STEPS: f64 = 9_007_199_254_740_992.0;

/// A reading as the store keeps it and the routes give it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredReading {
    /// Order of arrival.
    pub row: i64,
    /// Whose.
    pub station: StationName,
    /// Of which run.
    pub stream: StreamId,
    /// Within the run.
    pub seq: u64,
    /// The station's time, or the arrival where that cannot be.
    pub observed_at: Millis,
    /// When the gateway had it.
    pub received_at: Millis,
    /// How good `observed_at` is.
    pub clock: Clock,
    /// How many samples the values are the mean of.
    pub samples: u32,
    /// In each quantity's unit.
    pub values: ByQuantity<f64>,
    /// Why a value is missing.
    pub faults: ByQuantity<Fault>,
    /// One for each quantity, in the order of [`Quantity::ALL`].
    pub flags: [Flag; 4],
}

impl StoredReading {
    /// The flag that stands beside `quantity`.
    pub fn flag(&self, quantity: Quantity) -> Flag {
        self.flags[quantity as usize]
    }
}

/// A value in its column: whole steps of the wire's resolution where they fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps(pub Quantity, pub Option<f64>);

impl ToSql for Steps {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let Some(value) = self.1 else { return Ok(ToSqlOutput::Owned(Value::Null)) };
        let steps = (value * f64::from(self.0.steps_per_unit())).round();
        #[expect(clippy::cast_possible_truncation, reason = "within 2⁵³")]
        let stored = if steps.abs() <= MAX_STEPS { Value::Integer(steps as i64) } else { Value::Real(value) };
        Ok(ToSqlOutput::Owned(stored))
    }
}

/// Reads a column of whole steps back in its unit.
pub fn value_from_column(quantity: Quantity, column: ValueRef<'_>) -> FromSqlResult<Option<f64>> {
    match column {
        ValueRef::Null => Ok(None),
        #[expect(clippy::cast_precision_loss, reason = "written within 2⁵³")]
        ValueRef::Integer(steps) => Ok(Some(steps as f64 / f64::from(quantity.steps_per_unit()))),
        ValueRef::Real(value) => Ok(Some(value)),
        ValueRef::Text(_) | ValueRef::Blob(_) => Err(FromSqlError::InvalidType),
    }
}

/// Name of the column that holds `quantity`.
pub const fn column(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Temperature => "temperature",
        Quantity::Pressure => "pressure",
        Quantity::Humidity => "humidity",
        Quantity::Illuminance => "illuminance",
    }
}

/// The clock's number in its column.
pub const fn clock_number(clock: Clock) -> i64 {
    match clock {
        Clock::Synchronised => 0,
        Clock::Holdover => 1,
        Clock::Unsynchronised => 2,
    }
}

/// The clock with this number in its column.
pub fn clock_from_number(number: i64) -> Clock {
    match number {
        0 => Clock::Synchronised,
        1 => Clock::Holdover,
        _ => Clock::Unsynchronised,
    }
}

/// Faults in one integer, 4 bits a quantity.
pub fn pack_faults(faults: &ByQuantity<Fault>) -> i64 {
    faults.iter().fold(0, |packed, (quantity, fault)| packed | (fault_number(fault) << (4 * quantity as u32)))
}

/// The faults in this integer.
pub fn unpack_faults(packed: i64) -> ByQuantity<Fault> {
    let mut faults = ByQuantity::default();
    for quantity in Quantity::ALL {
        faults.set(quantity, fault_from_number((packed >> (4 * quantity as u32)) & 0xf));
    }
    faults
}

const fn fault_number(fault: Fault) -> i64 {
    match fault {
        Fault::Bus => 1,
        Fault::Crc => 2,
        Fault::Range => 3,
        Fault::Frozen => 4,
        Fault::Absent => 5,
    }
}

const fn fault_from_number(number: i64) -> Option<Fault> {
    Some(match number {
        1 => Fault::Bus,
        2 => Fault::Crc,
        3 => Fault::Range,
        4 => Fault::Frozen,
        5 => Fault::Absent,
        _ => return None,
    })
}

/// The columns that [`StoredReading::from_row`] reads, in its order, from [`SOURCE`].
pub const COLUMNS: &str = "r.row, s.name, t.stream, r.seq, r.observed_at, r.received_at, r.clock, r.samples, \
     r.temperature, r.pressure, r.humidity, r.illuminance, \
     r.temperature_flag, r.pressure_flag, r.humidity_flag, r.illuminance_flag, r.faults";
/// Where they stand.
pub const SOURCE: &str = "readings r JOIN stations s ON s.id = r.station JOIN streams t ON t.id = r.stream";

impl StoredReading {
    /// Reads [`COLUMNS`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut values = ByQuantity::default();
        let mut flags = [Flag::Missing; 4];
        for quantity in Quantity::ALL {
            let index = quantity as usize;
            values.set(quantity, value_from_column(quantity, row.get_ref(8 + index)?)?);
            flags[index] = Flag::from_number(row.get(12 + index)?).unwrap_or(Flag::NotEvaluated);
        }
        Ok(Self {
            row: row.get(0)?,
            station: parsed(row, 1)?,
            stream: parsed(row, 2)?,
            seq: row.get(3)?,
            observed_at: millis(row, 4)?,
            received_at: millis(row, 5)?,
            clock: clock_from_number(row.get(6)?),
            samples: row.get(7)?,
            values,
            faults: unpack_faults(row.get(16)?),
            flags,
        })
    }
}

/// Reads a text column as the type that it stands for.
pub fn parsed<T: std::str::FromStr>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let column = row.get_ref(index)?;
    column.as_str()?.parse().map_err(|_| {
        rusqlite::Error::FromSqlConversionFailure(index, column.data_type(), "not of its form".into())
    })
}

/// Reads a time.
pub fn millis(row: &Row<'_>, index: usize) -> rusqlite::Result<Millis> {
    let number = i64::column_result(row.get_ref(index)?)?;
    Millis::new(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(index, number))
}

/// The ids of the station and stream that a new row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Row in `stations`.
    pub station: i64,
    /// Row in `streams`.
    pub stream: i64,
}

/// A reading on its way to the store.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReading {
    /// Within the run.
    pub seq: u64,
    /// The station's time, or the arrival where that cannot be.
    pub observed_at: Millis,
    /// When the gateway had it.
    pub received_at: Millis,
    /// How good `observed_at` is.
    pub clock: Clock,
    /// How many samples the values are the mean of.
    pub samples: u32,
    /// In each quantity's unit.
    pub values: ByQuantity<f64>,
    /// Why a value is missing.
    pub faults: ByQuantity<Fault>,
    /// One for each quantity.
    pub flags: [Flag; 4],
}

impl NewReading {
    /// What stands in the store after [`insert`].
    pub fn stored(self, row: i64, station: StationName, stream: StreamId) -> StoredReading {
        StoredReading {
            row,
            station,
            stream,
            seq: self.seq,
            observed_at: self.observed_at,
            received_at: self.received_at,
            clock: self.clock,
            samples: self.samples,
            values: self.values,
            faults: self.faults,
            flags: self.flags,
        }
    }
}

/// Rows that one statement puts: what a statement costs by itself, the row of `sqlite_sequence` among it, is shared by them.
const TOGETHER: usize = 16;
const INSERTED: usize = 17;

/// A statement that puts `rows` readings. FAIL, not ABORT: no page has to be kept for a statement that is undone alone, since the
/// caller's transaction goes with it.
fn insertion(rows: usize) -> String {
    let mut sql = String::from(
        "INSERT OR FAIL INTO readings (row, station, stream, seq, observed_at, received_at, clock, samples, \
         temperature, pressure, humidity, illuminance, \
         temperature_flag, pressure_flag, humidity_flag, illuminance_flag, faults) VALUES ",
    );
    for row in 0..rows {
        let places: Vec<String> =
            (1..=INSERTED).map(|place| format!("?{}", row * INSERTED + place)).collect();
        sql.push_str(if row == 0 { "(" } else { ", (" });
        sql.push_str(&places.join(", "));
        sql.push(')');
    }
    sql
}

static ONE: LazyLock<String> = LazyLock::new(|| insertion(1));
static MANY: LazyLock<String> = LazyLock::new(|| insertion(TOGETHER));

/// Puts a reading and gives its row. In a transaction, or by itself.
pub fn insert(connection: &Connection, owner: Owner, reading: &NewReading) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached(&ONE)?;
    bind(&mut statement, 0, None, owner, reading)?;
    statement.raw_execute()?;
    Ok(connection.last_insert_rowid())
}

/// Puts readings into the rows from `first` on, which nobody has had. In the transaction of the caller.
pub fn insert_all(
    connection: &Connection,
    first: i64,
    readings: &[(Owner, NewReading)],
) -> rusqlite::Result<()> {
    let mut row = first;
    let mut put = |readings: &[(Owner, NewReading)], sql: &str| {
        let mut statement = connection.prepare_cached(sql)?;
        for (place, (owner, reading)) in readings.iter().enumerate() {
            bind(&mut statement, place * INSERTED, Some(row), *owner, reading)?;
            row += 1;
        }
        statement.raw_execute().map(drop)
    };
    let (many, rest) = readings.as_chunks::<TOGETHER>();
    many.iter().try_for_each(|readings| put(readings, &MANY))?;
    rest.iter().try_for_each(|reading| put(std::slice::from_ref(reading), &ONE))
}

fn bind(
    statement: &mut Statement<'_>,
    before: usize,
    row: Option<i64>,
    owner: Owner,
    reading: &NewReading,
) -> rusqlite::Result<()> {
    let mut place = before;
    let mut next = || {
        place += 1;
        place
    };
    statement.raw_bind_parameter(next(), row)?;
    let numbers = [
        owner.station,
        owner.stream,
        // A number of the wire is below 2⁵³.
        i64::try_from(reading.seq).unwrap_or(i64::MAX),
        reading.observed_at.get(),
        reading.received_at.get(),
        clock_number(reading.clock),
        i64::from(reading.samples),
    ];
    for number in numbers {
        statement.raw_bind_parameter(next(), number)?;
    }
    for quantity in Quantity::ALL {
        statement.raw_bind_parameter(next(), Steps(quantity, reading.values.get(quantity)))?;
    }
    for flag in reading.flags {
        statement.raw_bind_parameter(next(), flag.number())?;
    }
    statement.raw_bind_parameter(next(), pack_faults(&reading.faults))
}
