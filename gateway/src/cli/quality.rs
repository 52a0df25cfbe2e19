//! `quality check`: anyone's series through the checks.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use minuano_telemetry::{ByQuantity, Flag, Millis, Quantity, StationName};

use super::ConfigArg;
use crate::config::Config;
use crate::derived::tendency::{PERIOD_MS, SLACK_MS, tendency};
use crate::derived::{Derived, DerivedQuantity};
use crate::quality::place::Place;
use crate::quality::series;
use crate::quality::station::Observation;

const EXAMPLES: &str = "\
The series has a header line: time (RFC 3339, YYYY-MM-DD HH:MM:SS in UTC, or seconds since 1970) and any of
temperature_c, pressure_hpa, humidity_pct and illuminance_lx; other columns are left out. An empty cell is a missing
value; nan, NA and null are taken for one.
Flags are QARTOD's: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing.
Where the station is, which some checks and the sea-level pressure need, is said by [[quality.places]].

Examples:
  minuano-gateway quality check --station roof series.csv
  minuano-gateway quality check --config gateway.toml --station roof series.csv > flagged.csv";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prints a series of a station with a flag beside each value, and with derived quantities.
    #[command(after_help = EXAMPLES)]
    Check {
        /// Whose series it is.
        #[arg(long)]
        station: StationName,
        /// The series, as CSV.
        series: PathBuf,
        #[command(flatten)]
        config: ConfigArg,
    },
}

pub(super) fn execute(command: Command) -> anyhow::Result<bool> {
    let Command::Check { station, series, config } = command;
    let rules = Config::quality_only(config.config)?.rules();
    let place = rules.places.get(&station).copied().unwrap_or_default();
    let table = Table::read(&series).with_context(|| series.display().to_string())?;
    let flags = series::flags_of(&rules.limits, &place, &table.rows);
    match table.write(&flags, &place, std::io::stdout().lock()) {
        Err(error) if is_closed(&error) => Ok(true),
        other => other.map(|()| true),
    }
}

/// A reader that went away, as `head` does, is no error of ours.
fn is_closed(error: &anyhow::Error) -> bool {
    let closed = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        cause.downcast_ref().is_some_and(closed)
            || cause.downcast_ref::<csv::Error>().is_some_and(|error| match error.kind() {
                csv::ErrorKind::Io(cause) => closed(cause),
                _ => false,
            })
    })
}

/// A series with the quantities that its file has.
struct Table {
    quantities: Vec<Quantity>,
    /// Times as they were written.
    times: Vec<String>,
    rows: Vec<Observation>,
}

impl Table {
    fn read(file: &Path) -> anyhow::Result<Self> {
        let mut reader = csv::Reader::from_path(file)?;
        let header = reader.headers()?.clone();
        // Spreadsheets begin a file with a byte order mark.
        let name_of = |cell: &str| cell.trim_start_matches('\u{feff}').trim().to_ascii_lowercase();
        let column = |name: &str| header.iter().position(|other| name_of(other) == name);
        let time = column("time").context("has no column \"time\"")?;
        let columns: Vec<(Quantity, usize)> = Quantity::ALL
            .into_iter()
            .filter_map(|quantity| Some((quantity, column(quantity.key())?)))
            .collect();
        ensure!(!columns.is_empty(), "has none of {}", Quantity::ALL.map(Quantity::key).join(", "));
        let mut table = Self {
            quantities: columns.iter().map(|(quantity, _)| *quantity).collect(),
            times: Vec::new(),
            rows: Vec::new(),
        };
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |index| record.get(index).unwrap_or_default().trim();
            let mut values = ByQuantity::default();
            for (quantity, index) in &columns {
                values.set(*quantity, value(cell(*index), quantity.key(), line)?);
            }
            let at = at(cell(time)).with_context(|| {
                format!("line {line}: {:?} is no time such as 2026-11-20T12:00:00Z", cell(time))
            })?;
            table.times.push(cell(time).to_owned());
            table.rows.push(Observation { at, values });
        }
        Ok(table)
    }

    fn write(&self, flags: &[[Flag; 4]], place: &Place, out: impl Write) -> anyhow::Result<()> {
        let mut out = csv::Writer::from_writer(out);
        let keys = self.quantities.iter().map(|quantity| quantity.key().to_owned());
        let flagged = self.quantities.iter().map(|quantity| format!("{}_flag", quantity.key()));
        let derived = DerivedQuantity::ALL.map(|quantity| quantity.key().to_owned());
        let header = std::iter::once("time".to_owned()).chain(keys).chain(flagged).chain(derived);
        out.write_record(header.chain(["pressure_tendency_hpa_3h".to_owned()]))?;
        let mut pressures: Vec<(Millis, f64)> = Vec::new();
        for ((time, row), flags) in self.times.iter().zip(&self.rows).zip(flags) {
            out.write_field(time)?;
            for quantity in &self.quantities {
                out.write_field(shown(row.values.get(*quantity)))?;
            }
            for quantity in &self.quantities {
                out.write_field(flags[*quantity as usize].number().to_string())?;
            }
            let derived = Derived::of(&row.values, flags, place.altitude_m);
            for quantity in DerivedQuantity::ALL {
                out.write_field(shown(derived.get(quantity).map(|made| made.value)))?;
            }
            let pressure = Quantity::Pressure;
            let sound = row.values.get(pressure).filter(|_| flags[pressure as usize] != Flag::Fail);
            let mut change = None;
            if let (Some(value), true) = (sound, pressures.last().is_none_or(|(last, _)| *last < row.at)) {
                pressures.push((row.at, value));
                let old = row.at.get() - PERIOD_MS - SLACK_MS;
                pressures.drain(..pressures.partition_point(|(at, _)| at.get() < old));
                change = tendency(&pressures).map(|tendency| tendency.change_hpa);
            }
            out.write_field(shown(change))?;
            out.write_record(None::<&[u8]>)?;
        }
        out.flush()?;
        Ok(())
    }
}

fn value(cell: &str, key: &str, line: u64) -> anyhow::Result<Option<f64>> {
    const MISSING: [&str; 5] = ["", "nan", "na", "null", "none"];
    if MISSING.iter().any(|missing| cell.eq_ignore_ascii_case(missing)) {
        return Ok(None);
    }
    match cell.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ => bail!("line {line}: {key} {cell:?} is no number; a missing value is an empty cell"),
    }
}

fn at(cell: &str) -> Option<Millis> {
    let civil = || {
        let civil: jiff::civil::DateTime = cell.trim_end_matches("UTC").trim_end().parse().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    let seconds = || {
        let seconds = cell.parse().ok().filter(|seconds: &f64| seconds.is_finite())?;
        jiff::Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
    };
    // A bare number is also a date to whoever looks for dates first: 20200101.
    let instant = seconds().or_else(|| cell.parse().ok()).or_else(civil)?;
    Millis::new(instant.as_millisecond())
}

fn shown(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::limits::Limits;

    #[test]
    fn a_series_is_printed_with_its_flags_and_what_follows_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("series.csv");
        let spike = "time,temperature_c,humidity_pct,solar\n\
                     2026-11-20T12:00:00Z,20.0,50,1\n2026-11-20 12:01:00,20.1,50,1\n\
                     2026-11-20T12:02:00Z,38.1,50,1\n2026-11-20T12:03:00Z,20.1,,1\n";
        std::fs::write(&file, spike).unwrap();
        let table = Table::read(&file).unwrap();
        let flags = series::flags_of(&Limits::default(), &Place::default(), &table.rows);
        let mut out = Vec::new();
        table.write(&flags, &Place::default(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "time,temperature_c,humidity_pct,temperature_c_flag,humidity_pct_flag,dew_point_c,\
             sea_level_pressure_hpa,heat_index_c,humidex_c,wet_bulb_c,feels_like_c,pressure_tendency_hpa_3h"
        );
        assert!(lines[1].starts_with("2026-11-20T12:00:00Z,20,50,1,1,9.2"), "{text}");
        assert!(lines[3].starts_with("2026-11-20T12:02:00Z,38.1,50,4,1,,"), "{text}");
        assert!(lines[4].starts_with("2026-11-20T12:03:00Z,20.1,,1,9,"), "{text}");
    }

    #[test]
    fn times_and_missing_values_are_read_as_people_write_them() {
        let noon = Millis::new(1_795_176_000_000);
        for form in [
            "2026-11-20T12:00:00Z",
            "2026-11-20T13:00:00+01:00",
            "2026-11-20 12:00:00+00:00",
            "2026-11-20 12:00:00",
            "2026-11-20 12:00",
            "2026-11-20T12:00:00.000",
            "2026-11-20 12:00:00 UTC",
            "1795176000",
            "1795176000.0",
        ] {
            assert_eq!(at(form), noon, "{form}");
        }
        assert_eq!(at("noon"), None);
        for form in ["", "NaN", "NA", "null", "None"] {
            assert_eq!(value(form, "temperature_c", 2).unwrap(), None, "{form}");
        }
        assert_eq!(value("-1.5", "temperature_c", 2).unwrap(), Some(-1.5));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("series.csv");
        let error = |text: &str| {
            std::fs::write(&file, text).unwrap();
            format!("{:#}", Table::read(&file).err().unwrap())
        };
        assert!(error("at,temperature_c\n").contains("\"time\""));
        assert!(error("time,wind\n").contains("temperature_c"));
        assert!(error("time,temperature_c\nyesterday,1\n").contains("line 2: \"yesterday\""));
        assert!(error("time,temperature_c\n2026-11-20T12:00:00Z,warm\n").contains("line 2: temperature_c"));
    }
}
