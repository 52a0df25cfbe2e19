//! Rows whose flags may still change, and what a station's checks begin with after a restart.

use minuano_telemetry::{ByQuantity, Flag, Millis, Quantity};
use rusqlite::Connection;

use super::row::{millis, value_from_column};

/// Rows settled in one transaction, so that commits never wait long for it.
const AT_ONCE: i64 = 20_000;

/// Settles the first of the rows up to `through`.
pub fn settle(connection: &Connection, through: i64) -> rusqlite::Result<()> {
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(row) FROM readings INDEXED BY readings_unsettled WHERE settled = 0")?
        .query_row([], |row| row.get(0))?;
    if let Some(first) = first.filter(|first| *first <= through) {
        connection
            .prepare_cached("UPDATE readings SET settled = 1 WHERE settled = 0 AND row <= ?1")?
            .execute([through.min(first + AT_ONCE)])?;
    }
    Ok(())
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

/// The last readings of a station by observation, oldest first: at most `most`, none over `age_ms` older than the newest.
pub fn past(connection: &Connection, station: i64, age_ms: i64, most: usize) -> rusqlite::Result<Vec<Past>> {
    let mut query = connection.prepare_cached(
        "SELECT row, seq, observed_at, received_at, temperature, pressure, humidity, illuminance, \
         temperature_flag, pressure_flag, humidity_flag, illuminance_flag, settled FROM readings \
         WHERE station = ?1 ORDER BY observed_at DESC LIMIT ?2",
    )?;
    let mut rows = query.query((station, most))?;
    let mut past: Vec<Past> = Vec::new();
    while let Some(row) = rows.next()? {
        let observed_at = millis(row, 2)?;
        if past.first().is_some_and(|newest| newest.observed_at.get() - observed_at.get() > age_ms) {
            break;
        }
        let mut values = ByQuantity::default();
        let mut flags = [Flag::Missing; 4];
        for quantity in Quantity::ALL {
            let index = quantity as usize;
            values.set(quantity, value_from_column(quantity, row.get_ref(4 + index)?)?);
            flags[index] = Flag::from_number(row.get(8 + index)?).unwrap_or(Flag::NotEvaluated);
        }
        past.push(Past {
            row: row.get(0)?,
            seq: row.get(1)?,
            observed_at,
            received_at: millis(row, 3)?,
            values,
            flags,
            settled: row.get(12)?,
        });
    }
    past.reverse();
    Ok(past)
}

/// Stations with rows that are not settled.
pub fn unsettled(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare("SELECT DISTINCT station FROM readings INDEXED BY readings_unsettled WHERE settled = 0")?
        .query_map([], |row| row.get(0))?
        .collect()
}
