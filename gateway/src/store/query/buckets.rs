//! Readings folded into minutes, hours, days.
//!
//! The rows come in the order of the index and are folded as they pass, so that memory is bounded by
//! the answer and a day with 23 or 25 hours is no special case.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minuano_telemetry::{ByQuantity, Flag, Millis, Quantity};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::Page;

/// How long a bucket is.
#[derive(Clone, Debug, PartialEq)]
pub enum Width {
    /// So many milliseconds, counted from 1970 (UTC).
    Fixed(i64),
    /// From midnight to midnight there.
    Day(TimeZone),
}

const DAY_MS: i64 = 86_400_000;

impl Width {
    /// Beginning and end of the bucket in which `at` lies, in milliseconds since 1970.
    pub fn around(&self, at: i64) -> (i64, i64) {
        match self {
            Self::Fixed(width) => fixed(*width, at),
            // A day that jiff cannot hold is at an end of its calendar, where no station stands.
            Self::Day(zone) => day(zone, at).unwrap_or_else(|| fixed(DAY_MS, at)),
        }
    }
}

fn fixed(width: i64, at: i64) -> (i64, i64) {
    let start = at - at.rem_euclid(width);
    (start, start + width)
}

fn day(zone: &TimeZone, at: i64) -> Option<(i64, i64)> {
    let start = Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone()).start_of_day().ok()?;
    // Where clocks spring forward at midnight the day begins at 01:00 and the next one does not.
    let end = start.tomorrow().ok()?.start_of_day().ok()?;
    Some((start.timestamp().as_millisecond(), end.timestamp().as_millisecond()))
}

/// What the readings of a bucket say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// When it begins, whatever part of it was asked for.
    pub start: Millis,
    /// How many readings are in it.
    pub count: u64,
    /// The quantities that have any value in it.
    pub quantities: ByQuantity<Summary>,
}

/// What the values of a quantity say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The worst beside any of them.
    pub flag: Flag,
    /// Over those that did not fail; `None` where all did.
    pub spread: Option<Spread>,
}

/// Over values that did not fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// When it was first seen.
    pub min_at: Millis,
    /// At the wire's resolution.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
    /// When it was first seen.
    pub max_at: Millis,
}

const BY_TIME: &str = "SELECT observed_at, temperature, pressure, humidity, illuminance, \
     temperature_flag, pressure_flag, humidity_flag, illuminance_flag \
     FROM readings WHERE station = ?1 AND observed_at >= ?2 AND observed_at < ?3 ORDER BY observed_at";

/// The buckets of `station` that hold any reading of [from, to). `next` is where the next bucket begins.
pub fn page(
    connection: &Connection,
    station: i64,
    (from, to): (Millis, Millis),
    width: &Width,
    limit: usize,
) -> rusqlite::Result<Page<Bucket, Millis>> {
    let mut statement = connection.prepare_cached(BY_TIME)?;
    let mut rows = statement.query((station, from.get(), to.get()))?;
    let mut page = Page::empty();
    let mut open: Option<Open> = None;
    while let Some(row) = rows.next()? {
        let at: i64 = row.get(0)?;
        let bucket = match open.take_if(|bucket| at >= bucket.end) {
            Some(full) => {
                page.items.extend(full.close());
                open.insert(Open::around(width, at))
            }
            None => open.get_or_insert_with(|| Open::around(width, at)),
        };
        if page.items.len() >= limit {
            page.next = Millis::new(bucket.start);
            return Ok(page);
        }
        bucket.count += 1;
        for (index, fold) in bucket.folds.iter_mut().enumerate() {
            fold.take(at, row.get_ref(1 + index)?, row.get(5 + index)?);
        }
    }
    page.items.extend(open.and_then(Open::close));
    Ok(page)
}

/// A bucket while readings still fall into it.
struct Open {
    start: i64,
    end: i64,
    count: u64,
    folds: [Fold; 4],
}

impl Open {
    fn around(width: &Width, at: i64) -> Self {
        let (start, end) = width.around(at);
        Self { start, end, count: 0, folds: Default::default() }
    }

    fn close(self) -> Option<Bucket> {
        let mut quantities = ByQuantity::default();
        for quantity in Quantity::ALL {
            quantities.set(quantity, self.folds[quantity as usize].close(quantity));
        }
        Some(Bucket { start: Millis::new(self.start)?, count: self.count, quantities })
    }
}

#[derive(Clone, Copy, Default)]
struct Fold {
    valid: i64,
    sum: i128,
    /// Steps and time.
    min: (i64, i64),
    max: (i64, i64),
    any: bool,
    worst: Option<Flag>,
}

/// 4 is worse than 3, 2, 1; 9 says only that there was nothing.
const fn badness(flag: Flag) -> u8 {
    match flag {
        Flag::Missing => 0,
        other => other.number(),
    }
}

impl Fold {
    fn take(&mut self, at: i64, column: ValueRef<'_>, flag: u8) {
        let flag = Flag::from_number(flag).unwrap_or(Flag::NotEvaluated);
        if self.worst.is_none_or(|worst| badness(flag) > badness(worst)) {
            self.worst = Some(flag);
        }
        self.any |= !matches!(column, ValueRef::Null);
        // What is kept as REAL was beyond the column and has failed.
        let ValueRef::Integer(steps) = column else { return };
        if flag == Flag::Fail {
            return;
        }
        if self.valid == 0 || steps < self.min.0 {
            self.min = (steps, at);
        }
        if self.valid == 0 || steps > self.max.0 {
            self.max = (steps, at);
        }
        self.valid += 1;
        self.sum += i128::from(steps);
    }

    fn close(self, quantity: Quantity) -> Option<Summary> {
        if !self.any {
            return None;
        }
        let flag = self.worst.unwrap_or(Flag::Missing);
        #[expect(clippy::cast_precision_loss, reason = "steps are within 2⁵³, and a mean is rounded")]
        let spread = || {
            let unit = f64::from(quantity.steps_per_unit());
            Some(Spread {
                min: self.min.0 as f64 / unit,
                min_at: Millis::new(self.min.1)?,
                // Adding 0.0 turns −0.0 into 0.0.
                mean: (self.sum as f64 / self.valid as f64).round() / unit + 0.0,
                max: self.max.0 as f64 / unit,
                max_at: Millis::new(self.max.1)?,
            })
        };
        Some(Summary { flag, spread: if self.valid > 0 { spread() } else { None } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Millis>().unwrap().get()
    }

    #[test]
    fn days_are_as_long_as_the_zone_says() {
        let denver = Width::Day(TimeZone::get("America/Denver").unwrap());
        let spring = (at("2026-03-08T07:00:00Z"), at("2026-03-09T06:00:00Z"));
        assert_eq!(denver.around(at("2026-03-08T20:00:00Z")), spring);
        assert_eq!(denver.around(spring.0), spring);
        assert_eq!(denver.around(spring.1 - 1), spring);
        let autumn = (at("2026-11-01T06:00:00Z"), at("2026-11-02T07:00:00Z"));
        assert_eq!(denver.around(at("2026-11-01T20:00:00Z")), autumn);
        // Midnight did not exist: the day began at 01:00 (03:00 UTC).
        let paulo = Width::Day(TimeZone::get("America/Sao_Paulo").unwrap());
        let short = (at("2018-11-04T03:00:00Z"), at("2018-11-05T02:00:00Z"));
        assert_eq!(paulo.around(at("2018-11-04T12:00:00Z")), short);
    }

    #[test]
    fn a_failed_value_counts_for_the_flag_alone() {
        let mut fold = Fold::default();
        fold.take(1, ValueRef::Integer(2_000), 1);
        fold.take(2, ValueRef::Integer(2_003), 3);
        fold.take(3, ValueRef::Integer(99_999), 4);
        fold.take(4, ValueRef::Null, 9);
        let summary = fold.close(Quantity::Temperature).unwrap();
        assert_eq!(summary.flag, Flag::Fail);
        let spread = summary.spread.unwrap();
        assert_eq!((spread.min, spread.mean, spread.max), (20.0, 20.02, 20.03));
        assert_eq!((spread.min_at.get(), spread.max_at.get()), (1, 2));
    }

    #[test]
    fn nothing_measured_is_nothing_said() {
        let mut fold = Fold::default();
        fold.take(1, ValueRef::Null, 9);
        assert_eq!(fold.close(Quantity::Pressure), None);
        fold.take(2, ValueRef::Real(1e300), 4);
        assert_eq!(fold.close(Quantity::Pressure), Some(Summary { flag: Flag::Fail, spread: None }));
    }
}
