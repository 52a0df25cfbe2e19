//! A weather series from CSV: columns by name, holes bridged where they are short, refused where they are not.

use std::fs;
use std::io;
use std::path::Path;

use csv::StringRecord;
use jiff::Timestamp;

const BUILT_IN: &str = include_str!("../../data/surfrad_alamosa_2016-01-01_1min.csv");
const TIME: &str = "time";
/// In the order of a series' columns.
const NAMES: [&str; 4] = ["temperature_c", "pressure_hpa", "humidity_pct", "solar_w_m2"];

/// The longest stretch without a value that interpolation may bridge.
const MAX_HOLE_S: u32 = 3600;
/// A year of minutes, with room.
const MAX_ROWS: usize = 600_000;
const DAY_S: u32 = 86_400;

/// A recorded series that repeats after whole days.
#[derive(Clone, Debug)]
pub struct Series {
    /// Midnight before the first row, in seconds since 1970.
    midnight_s: i64,
    period_s: u32,
    columns: [Column; 4],
}

/// One quantity: values at seconds from the series' first midnight, ascending.
#[derive(Clone, Debug, Default)]
pub struct Column(Vec<(u32, f64)>);

/// Why a file is no series, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// It cannot be read.
    #[error("{path}: {source}; name a readable CSV file, or leave bus.series out for the built-in day")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A column is not there.
    #[error("{path}: no column {name}; the first line must name time, {}", NAMES.join(", "))]
    NoColumn {
        /// The file.
        path: String,
        /// The missing name.
        name: &'static str,
    },
    /// A line is wrong.
    #[error("{path}, line {line}: {what}")]
    BadLine {
        /// The file.
        path: String,
        /// Counted from 1, the header included.
        line: u64,
        /// What is wrong and what would be right.
        what: String,
    },
    /// A stretch without values is too long to be bridged.
    #[error(
        "{path}: no {name} for {} minutes before second {until_s} of the series; at most {} can be bridged, \
         and whole UTC days are needed",
        .length_s / 60,
        MAX_HOLE_S / 60
    )]
    Hole {
        /// The file.
        path: String,
        /// The column.
        name: &'static str,
        /// Where the hole ends, from the first row's midnight.
        until_s: u32,
        /// How long it is.
        length_s: u32,
    },
}

impl Series {
    /// A winter's day at Alamosa, Colorado.
    pub fn built_in() -> Result<Self, SeriesError> {
        Self::parse("the built-in series", BUILT_IN)
    }

    /// A CSV file.
    pub fn open(path: &Path) -> Result<Self, SeriesError> {
        let name = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&name, &text),
            Err(source) => Err(SeriesError::Unreadable { path: name, source }),
        }
    }

    /// CSV text; `path` is what errors call it.
    pub fn parse(path: &str, text: &str) -> Result<Self, SeriesError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| bad_csv(path, &error))?.clone();
        let place = |name: &'static str| {
            let missing = || SeriesError::NoColumn { path: path.to_owned(), name };
            header.iter().position(|column| column == name).ok_or_else(missing)
        };
        let time = place(TIME)?;
        let mut places = [0; 4];
        for (slot, name) in places.iter_mut().zip(NAMES) {
            *slot = place(name)?;
        }

        let mut series = Self { midnight_s: 0, period_s: 0, columns: Default::default() };
        let mut before = None;
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(|error| bad_csv(path, &error))?;
            let bad = |what| bad_line(path, &record, what);
            let at_s = second(record.get(time).unwrap_or_default()).map_err(bad)?;
            if row == 0 {
                series.midnight_s = at_s - at_s.rem_euclid(DAY_S.into());
            }
            if before.is_some_and(|before| before >= at_s) || row >= MAX_ROWS {
                return Err(bad(format!("rows must ascend in time, and be at most {MAX_ROWS}")));
            }
            before = Some(at_s);
            let offset = u32::try_from(at_s - series.midnight_s)
                .ok()
                .filter(|offset| *offset < u32::MAX - DAY_S)
                .ok_or_else(|| bad("too long after the first row".to_owned()))?;
            series.period_s = (offset / DAY_S + 1) * DAY_S;
            for ((column, place), name) in series.columns.iter_mut().zip(places).zip(NAMES) {
                let cell = record.get(place).unwrap_or_default();
                if let Some(value) = number(cell, name).map_err(bad)? {
                    column.0.push((offset, value));
                }
            }
        }
        series.refuse_holes(path)?;
        Ok(series)
    }

    fn refuse_holes(&self, path: &str) -> Result<(), SeriesError> {
        for (column, name) in self.columns.iter().zip(NAMES) {
            let mut last = 0;
            for until_s in column.0.iter().map(|&(second, _)| second).chain([self.period_s.max(DAY_S)]) {
                let length_s = until_s - last;
                if length_s > MAX_HOLE_S {
                    return Err(SeriesError::Hole { path: path.to_owned(), name, until_s, length_s });
                }
                last = until_s;
            }
        }
        Ok(())
    }

    /// How long it takes to repeat, in seconds: whole days.
    pub(super) fn period_s(&self) -> f64 {
        self.period_s.into()
    }

    /// Temperature, pressure, humidity, solar irradiance.
    pub(super) fn columns(&self) -> &[Column; 4] {
        &self.columns
    }

    /// Where in the loop this time lies, in seconds.
    pub(super) fn second_of_loop(&self, now_ms: u64) -> f64 {
        let now_s = i64::try_from(now_ms / 1000).unwrap_or(i64::MAX);
        // A period of 0 does not pass `parse`, but a remainder must not panic on anybody's word.
        let into = now_s.saturating_sub(self.midnight_s).rem_euclid(i64::from(self.period_s.max(DAY_S)));
        let fraction = u16::try_from(now_ms % 1000).unwrap_or_default();
        f64::from(u32::try_from(into).unwrap_or_default()) + f64::from(fraction) / 1000.0
    }
}

impl Column {
    /// The value at this second: between two rows on the straight line, at the ends the nearest row's.
    pub(super) fn at(&self, second: f64) -> f64 {
        let after = self.0.partition_point(|&(at, _)| f64::from(at) <= second);
        let next = self.0.get(after);
        let previous = after.checked_sub(1).and_then(|index| self.0.get(index));
        match (previous, next) {
            (Some(&(from, a)), Some(&(to, b))) => {
                a + (b - a) * (second - f64::from(from)) / (f64::from(to) - f64::from(from))
            }
            (Some(&(_, value)), None) | (None, Some(&(_, value))) => value,
            (None, None) => 0.0,
        }
    }
}

fn second(cell: &str) -> Result<i64, String> {
    let time: Timestamp =
        cell.parse().map_err(|_| format!("{cell:?} is no time; write it as 2016-01-01T00:00:00Z"))?;
    Ok(time.as_second())
}

/// A cell's number, `None` where the instrument reported nothing.
fn number(cell: &str, name: &str) -> Result<Option<f64>, String> {
    if cell.is_empty() {
        return Ok(None);
    }
    match cell.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ => Err(format!("{cell:?} is no {name}; write a number, or nothing where there is none")),
    }
}

fn bad_line(path: &str, record: &StringRecord, what: String) -> SeriesError {
    let line = record.position().map_or(0, csv::Position::line);
    SeriesError::BadLine { path: path.to_owned(), line, what }
}

fn bad_csv(path: &str, error: &csv::Error) -> SeriesError {
    let line = error.position().map_or(1, csv::Position::line);
    let what = format!("{error}; each line needs as many cells as the first");
    SeriesError::BadLine { path: path.to_owned(), line, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "solar_w_m2,time,temperature_c,humidity_pct,pressure_hpa,extra\n";

    fn day(edit: impl Fn(u32) -> Option<String>) -> Result<Series, SeriesError> {
        let rows = (0..144).map(|row| {
            let time = format!("2020-03-01T{:02}:{:02}:00Z", row / 6, row % 6 * 10);
            edit(row).unwrap_or_else(|| format!("{row},{time},1.5,50,1000,")) + "\n"
        });
        Series::parse("day.csv", &(HEADER.to_owned() + &rows.collect::<String>()))
    }

    #[test]
    fn columns_go_by_name_and_short_holes_are_bridged() {
        let series = day(|row| (row == 3).then(|| "3,2020-03-01T00:30:00Z,,,,".to_owned())).expect("sound");
        assert_eq!(series.columns[0].at(1800.0), 1.5);
        assert_eq!(series.columns[0].0.len(), 143);
        assert_eq!(series.columns[3].at(900.0), 1.5);
        assert_eq!(series.second_of_loop(86_400_000 * 20_000 + 1_500), 1.5);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let said = |result: Result<Series, SeriesError>| result.expect_err("refused").to_string();
        let line = |row: u32, text: &'static str| said(day(move |at| (at == row).then(|| text.to_owned())));
        assert!(
            line(4, "1,2020-03-01T00:40:00Z,warm,50,1000,")
                .starts_with("day.csv, line 6: \"warm\" is no temp")
        );
        assert!(line(4, "1,noon,1,50,1000,").contains("line 6: \"noon\" is no time; write it as 2016-"));
        assert!(line(4, "1,2020-03-01T00:30:00Z,1,50,1000,").contains("line 6: rows must ascend"));
        assert!(line(4, "1,2").contains("line 6: "));
        assert!(line(4, "1,2020-03-01T00:40:00Z,NaN,50,1000,").contains("line 6"));
        let half =
            day(|row| (row > 70).then(|| format!("1,2020-03-01T{:02}:{:02}:00Z,,,,", row / 6, row % 6 * 10)));
        assert!(said(half).starts_with("day.csv: no temperature_c for 740 minutes"));
        assert!(
            said(Series::parse("x.csv", "time,pressure_hpa\n")).contains("x.csv: no column temperature_c")
        );
        assert!(said(Series::parse("x.csv", "")).contains("no column time"));
        assert!(said(Series::parse("x.csv", HEADER)).contains("no temperature_c for 1440 minutes"));
        assert!(said(Series::open(Path::new("/no/day.csv"))).starts_with("/no/day.csv: "));
    }

    proptest::proptest! {
        #[test]
        fn no_text_upsets_it(text: String) {
            assert!(Series::parse("x.csv", &text).is_err());
            assert!(Series::parse("x.csv", &(HEADER.to_owned() + &text)).is_err());
        }
    }
}
