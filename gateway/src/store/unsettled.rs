//! Rows whose flags may still change, and what a station's checks begin with after a restart.

use minuano_telemetry::{ByQuantity, Flag, Millis, Quantity};
use rusqlite::{Connection, Row};

use super::row::{millis, value_from_column};

/// The last row that is settled: it and all before it never change.
pub fn through(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT through FROM settlement")?.query_row([], |row| row.get(0))
}

/// Settles the rows up to `through`, as far as there are any. What is settled stays so.
pub fn settle(connection: &Connection, through: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE settlement SET through = min(?1, (SELECT max(row) FROM readings)) \
             WHERE through < min(?1, (SELECT max(row) FROM readings))",
        )?
        .execute([through])
        .map(drop)
}

/// A reading as the checks need it.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// In the store.
    pub row: i64,
    /// Within its stream.
    pub seq: u64,
    /// When it was taken.
    pub observed_at: Millis,
    /// When it arrived.
    pub received_at: Millis,
    /// What.
    pub values: ByQuantity<f64>,
    /// What stands beside it.
    pub flags: [Flag; 4],
    /// Whether that is final.
    pub settled: bool,
}

const COLUMNS: &str = "row, seq, observed_at, received_at, temperature, pressure, humidity, illuminance, \
     temperature_flag, pressure_flag, humidity_flag, illuminance_flag";

impl Past {
    fn from_row(row: &Row<'_>, settled_through: i64) -> rusqlite::Result<Self> {
        let mut values = ByQuantity::default();
        let mut flags = [Flag::Missing; 4];
        for quantity in Quantity::ALL {
            let index = quantity as usize;
            values.set(quantity, value_from_column(quantity, row.get_ref(4 + index)?)?);
            flags[index] = Flag::from_number(row.get(8 + index)?).unwrap_or(Flag::NotEvaluated);
        }
        let number = row.get(0)?;
        Ok(Self {
            row: number,
            seq: row.get(1)?,
            observed_at: millis(row, 2)?,
            received_at: millis(row, 3)?,
            values,
            flags,
            settled: number <= settled_through,
        })
    }
}

/// The last readings of a station by observation, oldest first: at most `most`, none over `age_ms` older than the newest.
pub fn past(connection: &Connection, station: i64, age_ms: i64, most: usize) -> rusqlite::Result<Vec<Past>> {
    let settled = through(connection)?;
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM readings WHERE station = ?1 ORDER BY observed_at DESC LIMIT ?2"
    ))?;
    let mut rows = query.query((station, most))?;
    let mut past: Vec<Past> = Vec::new();
    while let Some(row) = rows.next()? {
        let reading = Past::from_row(row, settled)?;
        if past.first().is_some_and(|newest| newest.observed_at.get() - reading.observed_at.get() > age_ms) {
            break;
        }
        past.push(reading);
    }
    past.reverse();
    Ok(past)
}

/// The settled readings of a station observed in [from, to), oldest first: at most the last `most`.
pub fn settled_between(
    connection: &Connection,
    station: i64,
    (from, to): (i64, i64),
    most: usize,
) -> rusqlite::Result<Vec<Past>> {
    let settled = through(connection)?;
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM readings WHERE station = ?1 AND observed_at >= ?2 AND observed_at < ?3 AND row <= ?4 \
         ORDER BY observed_at DESC LIMIT ?5"
    ))?;
    let past = query.query_map((station, from, to, settled, most), |row| Past::from_row(row, settled))?;
    let mut past = past.collect::<rusqlite::Result<Vec<_>>>()?;
    past.reverse();
    Ok(past)
}

/// Stations with rows that are not settled.
pub fn unsettled(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare("SELECT DISTINCT station FROM readings WHERE row > ?1")?
        .query_map([through(connection)?], |row| row.get(0))?
        .collect()
}
