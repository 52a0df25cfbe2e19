//! Bytes a row: a day at 10 s cadence, as `docs/benchmarks.md` reports it.
//!
//!     cargo test -p minuano-gateway --lib lake::parquet::size -- --ignored --nocapture

use ::parquet::basic::{Compression, Encoding, ZstdLevel};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use ::parquet::schema::types::ColumnPath;
use minuano_telemetry::{ByQuantity, Clock, StreamId};

use super::super::key::{HOUR, Key};
use super::super::rows::LakeRow;
use super::super::testing::NOON;
use super::FileWriter;
use super::write::properties;

const DAY: &str = include_str!("../../../../station/data/surfrad_alamosa_2016-01-01_1min.csv");
const MIDNIGHT: i64 = NOON - 12 * HOUR;

/// Noise of sensor and network that repeats itself: splitmix64.
struct Noise(u64);

impl Noise {
    /// From -1 to 1, more often near 0.
    fn next(&mut self) -> f64 {
        let mut sum = 0.0;
        for _ in 0..4 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            sum += f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap()) / f64::from(u32::MAX) - 0.5;
        }
        sum / 2.0
    }
}

/// Temperature, pressure, humidity and light of each minute.
fn minutes() -> Vec<[f64; 4]> {
    let mut lines = DAY.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| names.iter().position(|other| *other == name).unwrap();
    // Sunlight has about 116 lx for each W/m².
    let columns =
        [("temperature_c", 1.0), ("pressure_hpa", 1.0), ("humidity_pct", 1.0), ("solar_w_m2", 116.0)]
            .map(|(name, factor)| (column(name), factor));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            columns.map(|(column, factor)| cells[column].parse::<f64>().unwrap() * factor)
        })
        .collect()
}

/// A day of `stations`, each at its own place and offset; sensor noise as a BME280 averaged over 10 s has.
fn day(stations: u64) -> Vec<LakeRow> {
    let minutes = minutes();
    let mut noise = Noise(1);
    let mut rows = Vec::new();
    for station in 0..stations {
        let (mut at, warmer) = (MIDNIGHT + i64::try_from(station * 97 % 10_000).unwrap(), noise.next() * 3.0);
        for seq in 1..=8640 {
            let minute = usize::try_from((at - MIDNIGHT) / 60_000).unwrap();
            let part = f64::from(u32::try_from((at - MIDNIGHT) % 60_000).unwrap()) / 60_000.0;
            let (a, b) = (minutes[minute], minutes[(minute + 1).min(minutes.len() - 1)]);
            let mut value = |index: usize, sigma: f64, steps: f64| {
                let smooth = a[index] + (b[index] - a[index]) * part;
                Some(((smooth + noise.next() * sigma) * steps).round() / steps)
            };
            let values = ByQuantity([
                value(0, 0.03, 100.0).map(|v| ((v + warmer) * 100.0).round() / 100.0),
                value(1, 0.02, 100.0),
                value(2, 0.05, 100.0),
                value(3, 5.0, 10.0).map(|v| v.max(0.0)),
            ]);
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds")]
            let late = 40 + (noise.next().abs() * 60.0) as i64;
            rows.push(LakeRow {
                station: format!("station-{station:03}").parse().unwrap(),
                stream: StreamId(0x9f2c_41d0_7a3b_e658_u64.wrapping_mul(station + 1)),
                clock: Clock::Synchronised,
                seq,
                observed_at: at,
                received_at: at + late,
                values,
                flags: [1; 4],
            });
            at += 10_000;
        }
    }
    rows
}

fn measure(rows: &[LakeRow], span: i64, make: &dyn Fn() -> WriterProperties) -> f64 {
    let mut files = std::collections::BTreeMap::<i64, Vec<&LakeRow>>::new();
    for row in rows {
        files.entry((row.observed_at - MIDNIGHT) / span).or_default().push(row);
    }
    let key: Key = "readings/date=2026-11-20/hour=12/home-0a1b2c3d-100000-103000.parquet".parse().unwrap();
    let mut bytes = 0;
    for rows in files.values() {
        let mut file = FileWriter::with(make()).unwrap();
        for row in rows {
            file.push((*row).clone()).unwrap();
        }
        bytes += file.finish(&key).unwrap().bytes.len();
    }
    bytes as f64 / rows.len() as f64
}

fn zstd(level: i32) -> WriterPropertiesBuilder {
    properties()
        .unwrap()
        .into_builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level).unwrap()))
}

const VALUES: [&str; 4] = ["temperature_c", "pressure_hpa", "humidity_pct", "illuminance_lx"];

fn split(mut builder: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
    for name in VALUES {
        builder = builder.set_column_encoding(ColumnPath::from(name), Encoding::BYTE_STREAM_SPLIT);
    }
    builder
}

fn all_statistics() -> WriterProperties {
    let mut builder = zstd(9);
    for name in include_str!("readings.schema").split([' ', ';']) {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Chunk);
    }
    builder.build()
}

#[test]
#[ignore = "a measurement"]
fn bytes_a_row() {
    type Make = Box<dyn Fn() -> WriterProperties>;
    let ways: Vec<(&str, Make)> = vec![
        ("as written", Box::new(|| properties().unwrap())),
        ("zstd 3", Box::new(|| zstd(3).build())),
        ("zstd 19", Box::new(|| zstd(19).build())),
        ("byte stream split", Box::new(|| split(zstd(9)).build())),
        (
            "values in dictionaries",
            Box::new(|| {
                let dictionaries = |builder: WriterPropertiesBuilder, name| {
                    builder.set_column_dictionary_enabled(ColumnPath::from(name), true)
                };
                VALUES.into_iter().fold(zstd(9), dictionaries).build()
            }),
        ),
        ("all statistics", Box::new(all_statistics)),
    ];
    for stations in [3, 100] {
        let rows = day(stations);
        for (span, name) in [(300_000, "5 min"), (HOUR, "1 h")] {
            for (way, make) in &ways {
                let begun = std::time::Instant::now();
                let bytes = measure(&rows, span, make.as_ref());
                let micros = begun.elapsed().as_secs_f64() * 1e6 / rows.len() as f64;
                println!("{stations:3} stations, {name:5}: {bytes:6.2} B a row, {micros:5.2} µs, {way}");
            }
        }
    }
}
