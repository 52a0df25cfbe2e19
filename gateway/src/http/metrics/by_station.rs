//! The weather now and how each station is, for dashboards and alert rules. Values are those of the newest reading of a
//! station that is online; one that has gone leaves a gap rather than a straight line. Flag 4 (fail) is left out.

use std::fmt::Write;

use minuano_telemetry::{Flag, Quantity, StationName};

use crate::derived::{Derived, DerivedQuantity};
use crate::directory::{Directory, Presence, StationNow};

/// A series each for so many stations, in the order of their names; Prometheus pays for every one.
const MOST_STATIONS: usize = 1_000;

/// Something that each station may have a number of.
struct Family {
    name: &'static str,
    help: &'static str,
    of: fn(&StationNow) -> Option<f64>,
}

const FAMILIES: [Family; 4] = [
    Family {
        name: "station_up",
        help: "Whether the station is online.",
        of: |now| Some(f64::from(u8::from(now.presence == Presence::Online))),
    },
    Family {
        name: "station_last_seen_timestamp_seconds",
        help: "When anything came from the station.",
        of: |now| now.last_seen.map(|at| seconds(at.get())),
    },
    Family {
        name: "station_log_readings",
        help: "Readings in the station's log that no gateway has acknowledged.",
        of: |now| now.health().map(|health| count(health.log.readings)),
    },
    Family {
        name: "station_sensor_faults",
        help: "Sensors of the station that do not measure.",
        of: |now| {
            let health = now.health()?;
            Some(count(health.sensors.iter().filter(|sensor| sensor.fault.is_some()).count() as u64))
        },
    },
];

/// Adds them all.
pub(super) fn write(directory: &Directory, text: &mut String) -> std::fmt::Result {
    let (stations, beyond) = directory.read(|all| {
        let shown: Vec<(StationName, StationNow)> =
            all.iter().take(MOST_STATIONS).map(|(name, now)| (name.clone(), now.clone())).collect();
        (shown, all.len().saturating_sub(MOST_STATIONS))
    });
    for Family { name, help, of } in FAMILIES {
        let of = |(station, now): &(StationName, StationNow)| Some((station.clone(), of(now)?));
        family(text, name, help, stations.iter().filter_map(of))?;
    }
    for quantity in Quantity::ALL {
        let of =
            |(station, now): &(StationName, StationNow)| Some((station.clone(), measured(now, quantity)?));
        family(
            text,
            quantity.key(),
            "Of the newest reading of each station online.",
            stations.iter().filter_map(of),
        )?;
    }
    for quantity in [DerivedQuantity::DewPoint, DerivedQuantity::SeaLevelPressure, DerivedQuantity::FeelsLike]
    {
        let of =
            |(station, now): &(StationName, StationNow)| Some((station.clone(), derived(now, quantity)?));
        family(
            text,
            quantity.key(),
            "Derived from the newest reading of each station online.",
            stations.iter().filter_map(of),
        )?;
    }
    writeln!(
        text,
        "# HELP minuano_stations_without_series Stations beyond the first {MOST_STATIONS} by name, which have no series of their own."
    )?;
    writeln!(text, "# TYPE minuano_stations_without_series gauge\nminuano_stations_without_series {beyond}")
}

fn family(
    text: &mut String,
    name: &str,
    help: &str,
    samples: impl Iterator<Item = (StationName, f64)>,
) -> std::fmt::Result {
    writeln!(text, "# HELP minuano_{name} {help}\n# TYPE minuano_{name} gauge")?;
    for (station, value) in samples {
        // A station's name needs no escape.
        writeln!(text, "minuano_{name}{{station=\"{station}\"}} {value}")?;
    }
    Ok(())
}

fn measured(now: &StationNow, quantity: Quantity) -> Option<f64> {
    let reading = now.last_reading.as_ref().filter(|_| now.presence == Presence::Online)?;
    reading.values.get(quantity).filter(|_| reading.flag(quantity) != Flag::Fail)
}

fn derived(now: &StationNow, quantity: DerivedQuantity) -> Option<f64> {
    let reading = now.last_reading.as_ref().filter(|_| now.presence == Presence::Online)?;
    Derived::of(&reading.values, &reading.flags, now.altitude_m).get(quantity).map(|made| made.value)
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus counts in f64")]
fn count(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are exact")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}
