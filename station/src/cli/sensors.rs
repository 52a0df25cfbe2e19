//! `sensors`: what answers on the bus, what it is, what it says, and what to do when it does not.

mod report;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use embedded_hal::i2c::I2c;
use minuano_settings::{Layers, Problems};

use self::report::{Found, Report};
use crate::bus::{Bus, BusError, Delay, OpenError};
use crate::config::{BusConfig, Config, DEFAULT_FILE, PREFIX};
use crate::emulated::{self, Weather};
use crate::sensors::{Answer, Settings, identify, scan};

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

    fn settings(&self) -> Settings {
        match self {
            Self::Device(_) => Settings::default(),
            Self::Configured(config) => config.sensors.clone(),
        }
    }

    fn open(&self) -> Result<(Bus, Delay), OpenError> {
        if let Self::Configured(config) = self
            && let BusConfig::Emulated { series, parts, .. } = &config.bus
        {
            let weather = Weather::new(series.clone(), config.station.as_str());
            return Ok(Bus::emulated(&emulated::Clock::live(), weather, parts));
        }
        Bus::linux(self.name())
    }
}

/// Looks once and prints it. Success means that a sensor was found and that every one measures.
pub(super) fn look(place: &Place, as_json: bool) -> ExitCode {
    let mut report = Report::of(place.name());
    match place.open() {
        Ok((bus, delay)) => look_at(bus, delay, &place.settings(), &mut report),
        Err(error) => report.cannot_open(&error),
    }
    let text = if as_json { report.json() } else { report.table() };
    // Nobody reads it when this fails.
    let _ = std::io::stdout().write_all(text.as_bytes());
    if let Some(advice) = report.advice().filter(|_| !as_json) {
        eprint!("{advice}");
    }
    if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn look_at(mut bus: Bus, mut delay: Delay, settings: &Settings, report: &mut Report) {
    report.answering = ADDRESSES.filter(|&address| bus.read(address, &mut [0]).is_ok()).collect();
    let answers: Vec<_> = if settings.named.is_empty() {
        scan(&bus, &mut delay)
    } else {
        let named = settings.named.iter();
        named.map(|&(part, address)| (address, identify(&bus, address, Some(part), &mut delay))).collect()
    };
    for (address, answer) in answers {
        match answer {
            Answer::Sensor(mut sensor) => {
                let (part, measured) = (sensor.part(), sensor.measure(&mut delay));
                let calibration = settings.calibrations.of(part, address);
                let measurement = calibration.apply(part, &measured);
                report.found.push(Found { part, address, measured, measurement, calibration });
            }
            Answer::Stranger(what) => report.notes.push(what),
            Answer::Trouble(fault) => {
                let why = bus.read(address, &mut [0]).err().filter(|why| *why != BusError::NoAcknowledge);
                let why = why.map_or_else(
                    || format!("no part answers right ({})", fault.word()),
                    |why| why.to_string(),
                );
                report.notes.push(format!("{address:#04x}: {why}"));
            }
            Answer::Nothing if !settings.named.is_empty() => {
                report.notes.push(format!("{address:#04x}: the configuration names a part; nothing answers"));
            }
            Answer::Nothing => {}
        }
    }
    // Some parts answer only when they have something to say.
    report.answering.extend(report.found.iter().map(|found| found.address));
    report.answering.sort_unstable();
    report.answering.dedup();
}
