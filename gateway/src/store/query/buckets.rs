//! Readings folded into minutes, hours, days.
//!
//! Rollups come in the order of time and are added up as they pass, so that memory is bounded by the answer
//! and by what the rollups do not hold yet.

use std::collections::{BTreeMap, HashMap};

use minuano_telemetry::{ByQuantity, Flag, Millis, Quantity};
use rusqlite::Connection;

use super::Page;
use super::readings::newest_row;
use super::spans::{Span, spans};
use crate::store::rollups;
use crate::store::rollups::parts::{IN_ORDER, Part, Parts, TAKEN, from_row};

pub use super::spans::Width;

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

/// What is wanted of a station.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its row.
    pub station: i64,
    /// From here.
    pub from: Millis,
    /// Until before here.
    pub to: Millis,
    /// How long buckets are.
    pub width: Width,
    /// The most of them.
    pub limit: usize,
}

/// The buckets of `station` that hold any reading of [from, to). `next` is where the next bucket begins.
///
/// Most comes from the rollups. Read from the readings themselves is what the rollups do not hold yet, and a
/// minute that `from` or `to` cuts: what retention has taken of that is left out.
pub fn page(
    connection: &Connection,
    station: i64,
    (from, to): (Millis, Millis),
    width: &Width,
    limit: usize,
) -> rusqlite::Result<Page<Bucket, Millis>> {
    let wanted = Wanted { station, from, to, width: width.clone(), limit };
    Ok(pages(connection, &[wanted])?.pop().unwrap_or(Page::empty()))
}

/// [`page`] for each that is wanted. What the rollups do not hold yet is read once for all.
pub fn pages(connection: &Connection, wanted: &[Wanted]) -> rusqlite::Result<Vec<Page<Bucket, Millis>>> {
    // Rollups and readings of one moment, or a reading that goes from one to the other would count twice.
    let _moment = if connection.is_autocommit() { Some(connection.unchecked_transaction()?) } else { None };
    let cuts: Vec<Cut> = wanted
        .iter()
        .map(|wanted| Cut {
            station: wanted.station,
            spans: spans(&wanted.width, wanted.from.get(), wanted.to.get()),
        })
        .collect();
    let tails = tails(connection, &cuts)?;
    wanted
        .iter()
        .zip(&cuts)
        .zip(tails)
        .map(|((wanted, cut), tail)| fold(connection, wanted, cut, tail))
        .collect()
}

/// A station's range, cut by what answers it.
struct Cut {
    station: i64,
    spans: Vec<Span>,
}

/// What the rollups do not hold yet of a cut, folded as its spans are.
type Tail = BTreeMap<i64, Parts>;

fn fold(
    connection: &Connection,
    Wanted { station, width, limit, .. }: &Wanted,
    cut: &Cut,
    mut tail: Tail,
) -> rusqlite::Result<Page<Bucket, Millis>> {
    let mut folding = Folding { width, limit: *limit, page: Page::empty(), open: None };
    for span in &cut.spans {
        let all = if span.width == 0 {
            folding.readings(connection, *station, span)?
        } else {
            let later = tail.split_off(&span.to);
            folding.rollups(connection, *station, span, std::mem::replace(&mut tail, later))?
        };
        if !all {
            return Ok(folding.page);
        }
    }
    let Folding { mut page, open, .. } = folding;
    page.items.extend(open.and_then(Open::close));
    Ok(page)
}

/// The tail of each cut; what lies in spans that are read from the readings themselves is left out.
fn tails(connection: &Connection, cuts: &[Cut]) -> rusqlite::Result<Vec<Tail>> {
    let mut tails = vec![Tail::new(); cuts.len()];
    let through = rollups::through(connection)?;
    let waiting = newest_row(connection)? - through;
    if waiting <= 0 {
        return Ok(tails);
    }
    // A few rows are read as they came, once for all stations; many (after a migration, a salvage) by the index.
    if waiting <= 2 * rollups::MAX_TAIL {
        let mut by_station: HashMap<i64, Vec<usize>> = HashMap::new();
        for (index, cut) in cuts.iter().enumerate() {
            by_station.entry(cut.station).or_default().push(index);
        }
        let mut statement =
            connection.prepare_cached(&format!("SELECT station, {TAKEN} FROM readings WHERE row > ?1"))?;
        let mut rows = statement.query([through])?;
        while let Some(row) = rows.next()? {
            for index in by_station.get(&row.get(0)?).into_iter().flatten() {
                if let (Some(tail), Some(cut)) = (tails.get_mut(*index), cuts.get(*index)) {
                    cut.take(tail, row, 1)?;
                }
            }
        }
        return Ok(tails);
    }
    for (cut, tail) in cuts.iter().zip(&mut tails) {
        let (Some(first), Some(last)) = (cut.spans.first(), cut.spans.last()) else { continue };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {TAKEN} FROM readings WHERE +row > ?1 AND station = ?2 AND observed_at >= ?3 AND observed_at < ?4"
        ))?;
        let mut rows = statement.query((through, cut.station, first.from, last.to))?;
        while let Some(row) = rows.next()? {
            cut.take(tail, row, 0)?;
        }
    }
    Ok(tails)
}

impl Cut {
    /// Folds a reading whose columns begin at `column`.
    fn take(&self, tail: &mut Tail, row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<()> {
        let at: i64 = row.get(column)?;
        match self.spans.get(self.spans.partition_point(|span| span.to <= at)) {
            Some(span) if span.width > 0 && span.from <= at => {
                tail.entry(rollups::floor(at, span.width)).or_default().take(row, column)
            }
            _ => Ok(()),
        }
    }
}

/// A page as it grows.
struct Folding<'a> {
    width: &'a Width,
    limit: usize,
    page: Page<Bucket, Millis>,
    open: Option<Open>,
}

impl Folding<'_> {
    /// False when the page is full.
    fn readings(&mut self, connection: &Connection, station: i64, span: &Span) -> rusqlite::Result<bool> {
        let sql = format!(
            "SELECT {TAKEN} FROM readings WHERE station = ?1 AND observed_at >= ?2 AND observed_at < ?3 \
             ORDER BY observed_at"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((station, span.from, span.to))?;
        while let Some(row) = rows.next()? {
            let mut one = Parts::default();
            one.take(row, 0)?;
            if !self.take(row.get(0)?, &one) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// False when the page is full.
    fn rollups(
        &mut self,
        connection: &Connection,
        station: i64,
        span: &Span,
        tail: BTreeMap<i64, Parts>,
    ) -> rusqlite::Result<bool> {
        let mut tail = tail.into_iter().peekable();
        let mut statement = connection.prepare_cached(&IN_ORDER)?;
        let mut rows = statement.query((station, span.width, span.from, span.to))?;
        while let Some(row) = rows.next()? {
            let (start, parts) = from_row(row)?;
            while let Some((at, parts)) = tail.next_if(|(at, _)| *at <= start) {
                if !self.take(at, &parts) {
                    return Ok(false);
                }
            }
            if !self.take(start, &parts) {
                return Ok(false);
            }
        }
        Ok(tail.all(|(at, parts)| self.take(at, &parts)))
    }

    /// Takes what begins at `at`, at or after all before it. False when the page is full.
    fn take(&mut self, at: i64, parts: &Parts) -> bool {
        let bucket = match self.open.take_if(|bucket| at >= bucket.end) {
            Some(full) => {
                self.page.items.extend(full.close());
                self.open.insert(Open::around(self.width, at))
            }
            None => self.open.get_or_insert_with(|| Open::around(self.width, at)),
        };
        if self.page.items.len() >= self.limit {
            self.page.next = Millis::new(bucket.start);
            return false;
        }
        bucket.parts.add(parts);
        true
    }
}

/// A bucket while readings still fall into it.
struct Open {
    start: i64,
    end: i64,
    parts: Parts,
}

impl Open {
    fn around(width: &Width, at: i64) -> Self {
        let (start, end) = width.around(at);
        Self { start, end, parts: Parts::default() }
    }

    fn close(self) -> Option<Bucket> {
        let mut quantities = ByQuantity::default();
        for quantity in Quantity::ALL {
            quantities.set(quantity, close(quantity, &self.parts.of[quantity as usize]));
        }
        let count = u64::try_from(self.parts.count).ok()?;
        Some(Bucket { start: Millis::new(self.start)?, count, quantities })
    }
}

fn close(quantity: Quantity, part: &Part) -> Option<Summary> {
    if part.values == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "steps are within 2⁵³, and a mean is rounded")]
    let spread = || {
        let unit = f64::from(quantity.steps_per_unit());
        Some(Spread {
            min: part.min.0 as f64 / unit,
            min_at: Millis::new(part.min.1)?,
            // Adding 0.0 turns −0.0 into 0.0.
            mean: (part.sum as f64 / part.valid as f64).round() / unit + 0.0,
            max: part.max.0 as f64 / unit,
            max_at: Millis::new(part.max.1)?,
        })
    };
    Some(Summary { flag: part.flag, spread: if part.valid > 0 { spread() } else { None } })
}

#[cfg(test)]
mod tests {
    use rusqlite::types::ValueRef;

    use super::*;

    #[test]
    fn a_failed_value_counts_for_the_flag_alone() {
        let mut part = Part::default();
        part.take(1, ValueRef::Integer(2_000), 1);
        part.take(2, ValueRef::Integer(2_003), 3);
        part.take(3, ValueRef::Integer(99_999), 4);
        part.take(4, ValueRef::Null, 9);
        let summary = close(Quantity::Temperature, &part).unwrap();
        assert_eq!(summary.flag, Flag::Fail);
        let spread = summary.spread.unwrap();
        assert_eq!((spread.min, spread.mean, spread.max), (20.0, 20.02, 20.03));
        assert_eq!((spread.min_at.get(), spread.max_at.get()), (1, 2));
    }

    #[test]
    fn nothing_measured_is_nothing_said() {
        let mut part = Part::default();
        part.take(1, ValueRef::Null, 9);
        assert_eq!(close(Quantity::Pressure, &part), None);
        part.take(2, ValueRef::Real(1e300), 4);
        assert_eq!(close(Quantity::Pressure, &part), Some(Summary { flag: Flag::Fail, spread: None }));
    }
}
