//! `sensors`: what answers on the bus, and what it says.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use embedded_hal::i2c::I2c;
use minuano_settings::{Layers, Problems};
use minuano_telemetry::Reading;
use serde_json::{Value, json};

use crate::bus::{Bus, Delay};
use crate::clock::Clock;
use crate::config::{BusConfig, ClockSource, Config, DEFAULT_FILE, PREFIX};
use crate::emulated::{self, Weather};
use crate::sensors::{Answer, Measurement, Part, scan};

/// The 7-bit addresses that are not reserved.
const ADDRESSES: std::ops::RangeInclusive<u8> = 0x08..=0x77;

/// Where to look.
pub(super) enum Place {
    Device(String),
    Configured(Box<Config>),
}

impl Place {
    /// The configured bus. Without any configuration the usual one: the first thing a newcomer types.
    pub(super) fn of(file: Option<PathBuf>) -> Result<Self, Problems> {
        let layers = Layers::of_process(file, DEFAULT_FILE, PREFIX);
        let nothing = layers.file.is_none()
            && !layers.default_file.exists()
            && !layers.environment.keys().any(|key| key.starts_with(PREFIX));
        if nothing {
            return Ok(Self::Device("/dev/i2c-1".to_owned()));
        }
        Config::from_layers(&layers).map(|config| Self::Configured(Box::new(config)))
    }

    fn name(&self) -> &str {
        match self {
            Self::Device(device) => device,
            Self::Configured(config) => match &config.bus {
                BusConfig::I2c { device } => device,
                BusConfig::Emulated { .. } => "the emulated bus",
            },
        }
    }

    fn open(&self) -> Result<(Bus, Delay), crate::bus::OpenError> {
        if let Self::Configured(config) = self
            && let BusConfig::Emulated { series, .. } = &config.bus
        {
            let weather = Weather::new(series.clone(), config.station.as_str());
            return Ok(Bus::emulated(&emulated::Clock::live(), weather));
        }
        Bus::linux(self.name())
    }
}

struct Found {
    part: Part,
    address: u8,
    measurement: Measurement,
}

/// Looks once and prints it. Success means that a sensor was found and that every one measures.
pub(super) fn look(place: &Place, as_json: bool) -> ExitCode {
    let (mut bus, mut delay) = match place.open() {
        Ok(open) => open,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for (address, answer) in scan(&bus) {
        match answer {
            Answer::Sensor(mut sensor) => {
                let (part, measurement) = (sensor.part(), sensor.measure(&mut delay));
                found.push(Found { part, address, measurement });
            }
            Answer::Stranger(what) => notes.push(what),
            Answer::Trouble(fault) => notes.push(format!("{address:#04x}: the bus fails ({})", fault.word())),
            Answer::Nothing => {}
        }
    }
    let text = if as_json { json(place, &found, &notes) } else { table(&found, &notes) };
    // Nobody reads it when this fails.
    let _ = std::io::stdout().write_all(text.as_bytes());
    if found.is_empty() {
        eprintln!("{}", nothing_found(place, &mut bus));
    }
    let all_measure = found.iter().all(|sensor| sensor.measurement.first_fault().is_none());
    if !found.is_empty() && all_measure { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn table(found: &[Found], notes: &[String]) -> String {
    let mut text = String::new();
    if !found.is_empty() {
        text.push_str("address  part     quantity           value\n");
    }
    for sensor in found {
        for (quantity, measured) in sensor.measurement.iter() {
            let value = match measured {
                Ok(value) => {
                    let digits = if quantity.steps_per_unit() == 10 { 1 } else { 2 };
                    format!("{value:>10.digits$} {}", quantity.unit())
                }
                Err(fault) => format!("{:>10} {}", "fault:", fault.word()),
            };
            let (address, part, key) = (sensor.address, sensor.part.name(), quantity.key());
            text.push_str(&format!("{address:#04x}     {part:<8} {key:<14} {value}\n"));
        }
    }
    for note in notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}

fn json(place: &Place, found: &[Found], notes: &[String]) -> String {
    let sensors: Vec<Value> = found
        .iter()
        .map(|sensor| {
            let mut values = serde_json::Map::new();
            let mut faults = serde_json::Map::new();
            for (quantity, measured) in sensor.measurement.iter() {
                match measured {
                    Ok(value) => values
                        .insert(quantity.key().to_owned(), json!(Reading::at_resolution(quantity, value))),
                    Err(fault) => faults.insert(quantity.key().to_owned(), json!(fault.word())),
                };
            }
            json!({"part": sensor.part.name(), "address": sensor.address, "values": values, "faults": faults})
        })
        .collect();
    let at = Clock::system(ClockSource::Trust).now().to_string();
    format!("{}\n", json!({"bus": place.name(), "at": at, "sensors": sensors, "notes": notes}))
}

/// What a person needs to find the cause.
fn nothing_found(place: &Place, bus: &mut Bus) -> String {
    let answering: Vec<String> = ADDRESSES
        .filter(|&address| bus.read(address, &mut [0]).is_ok())
        .map(|address| format!("{address:#04x}"))
        .collect();
    let answers = if answering.is_empty() {
        "no address answers".to_owned()
    } else {
        format!("these addresses answer: {}", answering.join(" "))
    };
    let known: Vec<String> = Part::ALL
        .iter()
        .map(|part| {
            let addresses: Vec<String> =
                part.addresses().iter().map(|address| format!("{address:#04x}")).collect();
            format!("{} at {}", part.name(), addresses.join(" or "))
        })
        .collect();
    format!(
        "{}: opened, but no known sensor found ({}); {answers}. Check the wiring (power, ground, SDA, SCL, \
         pull-ups) and that the sensor is on this bus.",
        place.name(),
        known.join(", ")
    )
}
