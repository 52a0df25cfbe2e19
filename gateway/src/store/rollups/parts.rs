//! What readings say together, in a form that adds up: of a minute, an hour, or a part of either.

use std::sync::LazyLock;

use minuano_telemetry::{Flag, Quantity};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::store::row::column;

/// The columns of `readings` that [`Parts::take`] reads, in its order.
pub const TAKEN: &str = "observed_at, temperature, pressure, humidity, illuminance, \
     temperature_flag, pressure_flag, humidity_flag, illuminance_flag";

/// Of one quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Readings with a value.
    pub values: i64,
    /// Of these, not flagged 4. What follows is of them.
    pub valid: i64,
    /// Steps of the wire's resolution.
    pub sum: i64,
    /// Steps, and when they were first seen.
    pub min: (i64, i64),
    /// Steps, and when they were first seen.
    pub max: (i64, i64),
    /// The worst beside any reading: 4, then 3, 2, 1; 9 says only that there was nothing.
    pub flag: Flag,
}

impl Default for Part {
    fn default() -> Self {
        Self { values: 0, valid: 0, sum: 0, min: (0, 0), max: (0, 0), flag: Flag::Missing }
    }
}

const fn badness(flag: Flag) -> u8 {
    match flag {
        Flag::Missing => 0,
        other => other.number(),
    }
}

impl Part {
    /// Takes a value with its flag.
    pub fn take(&mut self, at: i64, column: ValueRef<'_>, flag: u8) {
        let flag = Flag::from_number(flag).unwrap_or(Flag::NotEvaluated);
        let mut one = Self { values: i64::from(!matches!(column, ValueRef::Null)), flag, ..Self::default() };
        // What is kept as REAL was beyond the column and has failed.
        if let ValueRef::Integer(steps) = column
            && flag != Flag::Fail
        {
            one = Self { valid: 1, sum: steps, min: (steps, at), max: (steps, at), ..one };
        }
        self.add(&one);
    }

    /// Takes another part. The order in which parts come makes no difference.
    pub fn add(&mut self, other: &Self) {
        if badness(other.flag) > badness(self.flag) {
            self.flag = other.flag;
        }
        self.values += other.values;
        if other.valid == 0 {
            return;
        }
        if self.valid == 0 {
            (self.min, self.max) = (other.min, other.max);
        } else {
            self.min = self.min.min(other.min);
            if other.max.0 > self.max.0 || (other.max.0 == self.max.0 && other.max.1 < self.max.1) {
                self.max = other.max;
            }
        }
        self.valid += other.valid;
        // Only values that a check let pass are here; no sum of those comes near.
        self.sum = self.sum.saturating_add(other.sum);
    }
}

/// Of all quantities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Readings.
    pub count: i64,
    /// In the order of [`Quantity::ALL`].
    pub of: [Part; 4],
}

impl Parts {
    /// Takes a reading whose [`TAKEN`] begin at `first`.
    pub fn take(&mut self, row: &Row<'_>, first: usize) -> rusqlite::Result<()> {
        let at = row.get(first)?;
        self.count += 1;
        for (index, part) in self.of.iter_mut().enumerate() {
            part.take(at, row.get_ref(first + 1 + index)?, row.get(first + 5 + index)?);
        }
        Ok(())
    }

    /// Takes other parts.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        for (part, other) in self.of.iter_mut().zip(&other.of) {
            part.add(other);
        }
    }
}

const WORDS: [&str; 8] = ["values", "valid", "sum", "min", "min_at", "max", "max_at", "flag"];

fn columns() -> String {
    let of = |quantity| WORDS.map(|word| format!("{}_{word}", column(quantity))).join(", ");
    format!("start, count, {}", Quantity::ALL.map(of).join(", "))
}

/// `?1` station, `?2` width, [`?3`, `?4`) starts.
pub static IN_ORDER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM rollups WHERE station = ?1 AND width = ?2 AND start >= ?3 AND start < ?4 ORDER BY start",
        columns()
    )
});
static ONE: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {} FROM rollups WHERE station = ?1 AND width = ?2 AND start = ?3", columns())
});
static REPLACE: LazyLock<String> = LazyLock::new(|| {
    let places: Vec<String> = (1..=4 + 4 * WORDS.len()).map(|place| format!("?{place}")).collect();
    format!("INSERT OR REPLACE INTO rollups (station, width, {}) VALUES ({})", columns(), places.join(", "))
});

/// Reads a row of [`IN_ORDER`]: where the parts begin, and the parts.
pub fn from_row(row: &Row<'_>) -> rusqlite::Result<(i64, Parts)> {
    let start: i64 = row.get(0)?;
    let mut parts = Parts { count: row.get(1)?, ..Parts::default() };
    for (index, part) in parts.of.iter_mut().enumerate() {
        let first = 2 + index * WORDS.len();
        let time = |column: usize| Ok::<_, rusqlite::Error>(start.saturating_add(row.get(first + column)?));
        *part = Part {
            values: row.get(first)?,
            valid: row.get(first + 1)?,
            sum: row.get(first + 2)?,
            min: (row.get(first + 3)?, time(4)?),
            max: (row.get(first + 5)?, time(6)?),
            flag: Flag::from_number(row.get(first + 7)?).unwrap_or(Flag::NotEvaluated),
        };
    }
    Ok((start, parts))
}

/// The parts that are written down there.
pub fn load(
    connection: &Connection,
    station: i64,
    width: i64,
    start: i64,
) -> rusqlite::Result<Option<Parts>> {
    connection
        .prepare_cached(&ONE)?
        .query_row((station, width, start), |row| from_row(row).map(|(_, parts)| parts))
        .optional()
}

/// Writes parts down in the place of what was there.
pub fn save(
    connection: &Connection,
    station: i64,
    width: i64,
    start: i64,
    parts: &Parts,
) -> rusqlite::Result<()> {
    let mut numbers = [0i64; 4 + 4 * WORDS.len()];
    numbers[..4].copy_from_slice(&[station, width, start, parts.count]);
    for (part, numbers) in parts.of.iter().zip(numbers[4..].chunks_exact_mut(WORDS.len())) {
        let after = |at: i64| if part.valid == 0 { 0 } else { at - start };
        numbers.copy_from_slice(&[
            part.values,
            part.valid,
            part.sum,
            part.min.0,
            after(part.min.1),
            part.max.0,
            after(part.max.1),
            i64::from(part.flag.number()),
        ]);
    }
    connection.prepare_cached(&REPLACE)?.execute(rusqlite::params_from_iter(numbers)).map(drop)
}
