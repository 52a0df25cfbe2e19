//! What the types cannot say: ranges, and keys that must fit each other.

use std::ops::RangeInclusive;
use std::time::Duration;

use minuano_settings::Problems;
use minuano_telemetry::StationName;
use tracing_subscriber::EnvFilter;

use super::file::{Bus, BusKind, Clock, File, Led};
use super::sensors;
use super::{BusConfig, ClockSource, Config, LogConfig, Place, Run, Sampling};
use crate::emulated::Series;

pub(super) const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const MIN_LOG_BYTES: u64 = 64 * 1024;
/// Below it, readings would wear the card out that the gateway is about to acknowledge (within 10 s; three times
/// that is the default).
const MIN_SPILL: Duration = Duration::from_secs(10);
/// A bus that is held low costs a second for each transaction: less would take that for a sampler that is stuck.
const MIN_STUCK: Duration = Duration::from_secs(5);
/// The pins of a Raspberry Pi's header that are free: the first four carry I²C.
const PINS: RangeInclusive<u8> = 4..=27;

/// The configuration, when enough of it is there; what is wrong is in the problems either way.
pub(super) fn checked(file: File, problems: &mut Problems) -> Option<Config> {
    let station = station(file.station.as_deref(), problems);
    let clock = clock(&file.clock, file.bus.kind);
    let sampling = sampling(&file.sampling, problems);
    let log = log(file.log, problems);
    let mqtt = file.mqtt.checked(sampling.report, problems);
    let run = run(file.run, problems);
    let led = led(&file.led, problems);
    let bus = bus(file.bus, problems);
    let sensors = sensors::settings(&file.sensors, &file.prefer, &file.calibration, problems);
    let place = place(file.place, station.as_ref(), problems);
    Some(Config {
        station: station?,
        place: place?,
        bus: bus?,
        sensors,
        sampling,
        log,
        mqtt,
        clock,
        run,
        led,
    })
}

fn station(name: Option<&str>, problems: &mut Problems) -> Option<StationName> {
    let Some(name) = name else {
        // A wrong one was named already, and then taken away.
        if !problems.0.iter().any(|problem| problem.key == "station") {
            problems.add("station", "is missing; give the station a name such as station = \"roof\"");
        }
        return None;
    };
    match name.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            problems.add("station", format_args!("{error}; it takes 1 to 32 of a-z 0-9 - _"));
            None
        }
    }
}

fn place(place: super::file::Place, station: Option<&StationName>, problems: &mut Problems) -> Option<Place> {
    within(problems, "place.latitude", place.latitude, -90.0, 90.0, "degrees north");
    within(problems, "place.longitude", place.longitude, -180.0, 180.0, "degrees east");
    within(problems, "place.altitude_m", place.altitude_m, -500.0, 9_000.0, "metres above the sea");
    let name = match place.name {
        Some(name) => text(problems, "place.name", &name),
        None => station.and_then(|station| heapless::String::try_from(station.as_str()).ok()),
    };
    let zone = place.zone.as_deref().map(|zone| {
        problems.require(
            is_zone(zone),
            "place.zone",
            format_args!("{zone:?} is no IANA time zone such as \"America/Denver\""),
        );
        text(problems, "place.zone", zone)
    });
    Some(Place {
        name: name?,
        latitude: place.latitude,
        longitude: place.longitude,
        altitude_m: place.altitude_m,
        zone: zone.flatten(),
    })
}

fn within(problems: &mut Problems, key: &str, value: Option<f64>, low: f64, high: f64, what: &str) {
    if let Some(value) = value {
        let right = (low..=high).contains(&value);
        problems.require(right, key, format_args!("is {value}; it takes {low} to {high} {what}"));
    }
}

fn text(problems: &mut Problems, key: &str, text: &str) -> Option<heapless::String<64>> {
    let fits = heapless::String::try_from(text).ok().filter(|_| !text.trim().is_empty());
    problems.require(fits.is_some(), key, "takes 1 to 64 bytes of text");
    fits
}

/// The shape of a name in the IANA database. The database itself is the gateway's affair.
pub(super) fn is_zone(zone: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
    };
    zone == "UTC" || (zone.contains('/') && zone.split('/').all(part))
}

fn bus(bus: Bus, problems: &mut Problems) -> Option<BusConfig> {
    match bus.kind {
        BusKind::I2c => {
            let only = "is for kind = \"emulated\"; take it out, or change bus.kind";
            problems.require(bus.history.is_none(), "bus.history", only);
            problems.require(bus.series.is_none(), "bus.series", only);
            problems.require(bus.parts.is_none(), "bus.parts", only);
            problems.require(!bus.device.trim().is_empty(), "bus.device", "takes a path such as /dev/i2c-1");
            Some(BusConfig::I2c { device: bus.device })
        }
        BusKind::Emulated => {
            let history = bus.history.unwrap_or_default();
            problems.require(history <= DAY * 31, "bus.history", "takes at most \"31d\"");
            let parts = sensors::emulated(bus.parts, problems);
            match bus.series.map_or_else(Series::built_in, |path| Series::open(&path)) {
                Ok(series) => Some(BusConfig::Emulated { series, parts, history }),
                Err(error) => {
                    problems.add("bus.series", error);
                    None
                }
            }
        }
    }
}

fn sampling(sampling: &super::file::Sampling, problems: &mut Problems) -> Sampling {
    let super::file::Sampling { interval, report } = *sampling;
    let least = Duration::from_millis(50);
    between(problems, "sampling.interval", interval, least, HOUR);
    between(problems, "sampling.report", report, least, HOUR);
    let whole = !interval.is_zero() && report.as_millis().is_multiple_of(interval.as_millis().max(1));
    if report < interval || !whole {
        problems.add(
            "sampling.report",
            format_args!("is {report:?}; it takes sampling.interval ({interval:?}) or a multiple of it"),
        );
    }
    Sampling { interval, report }
}

fn log(log: super::file::Log, problems: &mut Problems) -> LogConfig {
    problems.require(
        log.folder.is_absolute(),
        "log.folder",
        "takes an absolute path such as /var/lib/minuano",
    );
    problems.require(
        log.max_bytes >= MIN_LOG_BYTES,
        "log.max_bytes",
        format_args!("takes at least {MIN_LOG_BYTES}"),
    );
    between(problems, "log.spill", log.spill, MIN_SPILL, HOUR);
    LogConfig { folder: log.folder, max_bytes: log.max_bytes, spill: log.spill }
}

/// Emulated time is right by definition.
fn clock(clock: &Clock, bus: BusKind) -> ClockSource {
    clock.source.unwrap_or(match bus {
        BusKind::I2c => ClockSource::Kernel,
        BusKind::Emulated => ClockSource::Trust,
    })
}

fn run(run: super::file::Run, problems: &mut Problems) -> Run {
    if let Err(error) = EnvFilter::try_new(&run.log_level) {
        problems.add("run.log_level", format_args!("{error}; it takes error, warn, info, debug or trace"));
    }
    between(problems, "run.stop_within", run.stop_within, Duration::ZERO, Duration::from_secs(300));
    between(problems, "run.stuck_after", run.stuck_after, MIN_STUCK, HOUR);
    Run {
        log_level: run.log_level,
        log_format: run.log_format,
        stop_within: run.stop_within,
        stuck_after: run.stuck_after,
    }
}

fn led(led: &Led, problems: &mut Problems) -> Option<u8> {
    let on_header = led.pin.is_none_or(|pin| PINS.contains(&pin));
    let (first, last) = (PINS.start(), PINS.end());
    problems.require(on_header, "led.pin", format_args!("takes a BCM number, {first} to {last}"));
    led.pin
}

pub(super) fn between(problems: &mut Problems, key: &str, value: Duration, low: Duration, high: Duration) {
    let right = (low..=high).contains(&value);
    problems.require(right, key, format_args!("is {value:?}; it takes {low:?} to {high:?}"));
}
