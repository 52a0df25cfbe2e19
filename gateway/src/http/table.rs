//! Readings and buckets as CSV (RFC 4180): the keys of the JSON form as header, units in the keys.

use csv::WriterBuilder;
use minuano_telemetry::{Fault, Quantity};

use crate::derived::{Derived, DerivedQuantity};
use crate::store::StoredReading;
use crate::store::query::buckets::Bucket;

/// With a header line, in UTF-8.
pub const TEXT_CSV: &str = "text/csv; charset=utf-8; header=present";

/// A line a reading of a station at this altitude. A value that could not be measured is an empty cell, with its reason in `…_fault`.
pub fn readings(readings: &[StoredReading], altitude_m: Option<f64>) -> Vec<u8> {
    let mut header: Vec<String> =
        ["row", "station", "stream", "seq", "observed_at", "received_at", "clock", "samples"]
            .map(str::to_owned)
            .into();
    for suffix in ["", "_flag", "_fault"] {
        header.extend(Quantity::ALL.map(|quantity| format!("{}{suffix}", quantity.key())));
    }
    for suffix in ["", "_flag"] {
        header.extend(DerivedQuantity::ALL.map(|quantity| format!("{}{suffix}", quantity.key())));
    }
    let lines = readings.iter().map(|reading| {
        let mut line = vec![
            reading.row.to_string(),
            reading.station.to_string(),
            reading.stream.to_string(),
            reading.seq.to_string(),
            reading.observed_at.to_string(),
            reading.received_at.to_string(),
            reading.clock.word().to_owned(),
            reading.samples.to_string(),
        ];
        line.extend(Quantity::ALL.map(|quantity| cell(reading.values.get(quantity))));
        line.extend(Quantity::ALL.map(|quantity| reading.flag(quantity).number().to_string()));
        line.extend(Quantity::ALL.map(|quantity| cell(reading.faults.get(quantity).map(Fault::word))));
        let derived = Derived::of(&reading.values, &reading.flags, altitude_m);
        let made = DerivedQuantity::ALL.map(|quantity| derived.get(quantity));
        line.extend(made.map(|made| cell(made.map(|made| made.value))));
        line.extend(made.map(|made| cell(made.map(|made| made.flag.number()))));
        line
    });
    write(&header, lines)
}

/// A line a bucket. Where a quantity has no value its cells are empty; where all of its values failed,
/// all but the flag's.
pub fn buckets(buckets: &[Bucket]) -> Vec<u8> {
    let mut header: Vec<String> = ["start", "count"].map(str::to_owned).into();
    for quantity in Quantity::ALL {
        header.extend(["min", "mean", "max", "flag"].map(|what| format!("{}_{what}", quantity.key())));
    }
    let lines = buckets.iter().map(|bucket| {
        let mut line = vec![bucket.start.to_string(), bucket.count.to_string()];
        for quantity in Quantity::ALL {
            let summary = bucket.quantities.get(quantity);
            let spread = summary.and_then(|summary| summary.spread);
            line.extend([
                cell(spread.map(|spread| spread.min)),
                cell(spread.map(|spread| spread.mean)),
                cell(spread.map(|spread| spread.max)),
                cell(summary.map(|summary| summary.flag.number())),
            ]);
        }
        line
    });
    write(&header, lines)
}

fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn write(header: &[String], lines: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory fails for lines of unequal length alone, and these are all as long as the header.
    let written =
        std::iter::once(header.to_vec()).chain(lines).try_for_each(|line| writer.write_record(&line));
    if let Err(error) = written {
        tracing::error!(%error, "a table was cut short");
    }
    writer.into_inner().unwrap_or_default()
}
