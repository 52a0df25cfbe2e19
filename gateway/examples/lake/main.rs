//! Bytes a row in the lake: ours, ours in other ways, and the files themselves for `tests/python/lake_peer.py`.
//!
//! cargo xtask bench lake
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a report, of readings that are made here")]

mod day;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use minuano_gateway::lake::key::{HOUR, Key};
use minuano_gateway::lake::parquet::{FileWriter, Form, properties};
use minuano_gateway::lake::rows::LakeRow;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::Result;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use day::MIDNIGHT;

const FIVE_MINUTES: i64 = 300_000;
const VALUES: [&str; 4] = ["temperature_c", "pressure_hpa", "humidity_pct", "illuminance_lx"];

/// A name, and how files are made by it.
type Way = (&'static str, fn(Form) -> Result<WriterProperties>);

const WAYS: [Way; 8] = [
    ("**as written**", properties),
    ("all files as small ones", |_| properties(Form::Small)),
    ("all files as large ones", |_| properties(Form::Large)),
    ("zstd 3", |form| zstd(form, 3)),
    ("zstd 9", |form| zstd(form, 9)),
    ("values in dictionaries", |form| {
        each_value(form, |way, name| way.set_column_dictionary_enabled(name, true))
    }),
    ("values in BYTE_STREAM_SPLIT", |form| {
        each_value(form, |way, name| way.set_column_encoding(name, Encoding::BYTE_STREAM_SPLIT))
    }),
    ("bounds of every column", |form| {
        let way = properties(form)?.into_builder();
        let columns = VALUES.iter().map(|name| (*name).to_owned());
        let flags = VALUES.iter().map(|name| format!("{name}_flag"));
        let others = ["stream", "clock", "seq", "received_at"].map(str::to_owned);
        let bounded = |way: WriterPropertiesBuilder, name: String| {
            way.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Chunk)
        };
        Ok(columns.chain(flags).chain(others).fold(way, bounded).build())
    }),
];

fn zstd(form: Form, level: i32) -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(level)?;
    Ok(properties(form)?.into_builder().set_compression(Compression::ZSTD(level)).build())
}

fn each_value(
    form: Form,
    change: fn(WriterPropertiesBuilder, ColumnPath) -> WriterPropertiesBuilder,
) -> Result<WriterProperties> {
    let way = properties(form)?.into_builder();
    Ok(VALUES.iter().fold(way, |way, name| change(way, ColumnPath::from(*name))).build())
}

fn main() -> anyhow::Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).context("takes a folder for the files")?.into();
    let (few, many) = (day::readings(3, 24), day::readings(100, 24));
    println!(
        "| way | 3 stations, 5 min | 3 stations, 1 h | 100 stations, 5 min | 100 stations, 1 h | µs a row |"
    );
    println!("|---|---|---|---|---|---|");
    for (name, way) in WAYS {
        let begun = Instant::now();
        let mut cells = Vec::new();
        for rows in [&few, &many] {
            for span in [FIVE_MINUTES, HOUR] {
                let bytes: usize = files(rows, span, way)?.iter().map(Vec::len).sum();
                cells.push(format!("{:.2}", bytes as f64 / rows.len() as f64));
            }
        }
        let micros = begun.elapsed().as_secs_f64() * 1e6 / (2 * (few.len() + many.len())) as f64;
        println!("| {name} | {} | {micros:.2} |", cells.join(" | "));
    }
    // For other hands: the same readings in our files, and an hour of so many stations that a file has several row groups.
    for (name, rows, span) in [("few", &few, FIVE_MINUTES), ("many", &many, FIVE_MINUTES)] {
        write(&folder.join(name), &files(rows, span, properties)?)?;
    }
    write(&folder.join("crowd"), &files(&day::readings(600, 1), HOUR, properties)?)
}

/// The files of `rows`, in batches of `span` milliseconds.
fn files(
    rows: &[LakeRow],
    span: i64,
    way: fn(Form) -> Result<WriterProperties>,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut batches = BTreeMap::<i64, Vec<&LakeRow>>::new();
    for row in rows {
        batches.entry((row.observed_at - MIDNIGHT) / span).or_default().push(row);
    }
    let key: Key = "readings/date=2026-11-20/hour=12/home-0a1b2c3d-100000-103000.parquet".parse()?;
    let made = |rows: Vec<&LakeRow>| {
        let mut file = FileWriter::with(way);
        for row in rows {
            file.push(row.clone())?;
        }
        Ok(file.finish(&key)?.bytes)
    };
    batches.into_values().map(made).collect()
}

fn write(folder: &Path, files: &[Vec<u8>]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (index, bytes) in files.iter().enumerate() {
        std::fs::write(folder.join(format!("{index:04}.parquet")), bytes)?;
    }
    Ok(())
}
