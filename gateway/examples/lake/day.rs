//! Readings of a day at 10 s cadence: the minutes of the SURFRAD series in `station/data`, interpolated, with the noise of
//! a BME280 and 5 lx on the light, and delays of 40 to 100 ms.

use minuano_gateway::lake::rows::LakeRow;
use minuano_telemetry::{ByQuantity, Clock, StreamId};

const DAY: &str = include_str!("../../../station/data/surfrad_alamosa_2016-01-01_1min.csv");
/// 2026-11-20T00:00:00Z.
pub const MIDNIGHT: i64 = 1_795_132_800_000;

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
            sum += f64::from(u32::try_from((z ^ (z >> 31)) >> 32).expect("it is written here"))
                / f64::from(u32::MAX)
                - 0.5;
        }
        sum / 2.0
    }
}

/// Temperature, pressure, humidity and light of each minute.
fn minutes() -> Vec<[f64; 4]> {
    let mut lines = DAY.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = lines.next().expect("it is written here").split(',').collect();
    let column = |name: &str| names.iter().position(|other| *other == name).expect("it is written here");
    // Sunlight has about 116 lx for each W/m².
    let columns =
        [("temperature_c", 1.0), ("pressure_hpa", 1.0), ("humidity_pct", 1.0), ("solar_w_m2", 116.0)]
            .map(|(name, factor)| (column(name), factor));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            columns.map(|(column, factor)| cells[column].parse::<f64>().expect("it is written here") * factor)
        })
        .collect()
}

/// `hours` of `stations`, each at its own place and offset; sensor noise as a BME280 averaged over 10 s has.
pub fn readings(stations: u64, hours: i64) -> Vec<LakeRow> {
    let minutes = minutes();
    let mut noise = Noise(1);
    let mut rows = Vec::new();
    for station in 0..stations {
        let (mut at, warmer) = (
            MIDNIGHT + i64::try_from(station * 97 % 10_000).expect("it is written here"),
            noise.next() * 3.0,
        );
        for seq in 1..=hours * 360 {
            let minute = usize::try_from((at - MIDNIGHT) / 60_000).expect("it is written here");
            let part =
                f64::from(u32::try_from((at - MIDNIGHT) % 60_000).expect("it is written here")) / 60_000.0;
            let (a, b) = (minutes[minute % 1440], minutes[(minute + 1) % 1440]);
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
                station: format!("station-{station:03}").parse().expect("it is written here"),
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
