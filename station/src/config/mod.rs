//! The configuration, valid as a whole: `/etc/minuano/station.toml`, the environment over it.

mod check;
mod file;
#[cfg(test)]
mod fuzz;
mod mqtt;
mod sensors;
#[cfg(test)]
pub(crate) mod tests;

use std::path::PathBuf;
use std::time::Duration;

use minuano_settings::log::LogFormat;
use minuano_settings::{Layers, Problems};
use minuano_telemetry::StationName;

pub use self::file::ClockSource;
pub use self::mqtt::{Acknowledge, Mqtt};
use crate::emulated::Series;
use crate::sensors::{Part, Settings};
pub use minuano_settings::tls::Tls;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "/etc/minuano/station.toml";
/// What environment variables begin with.
pub const PREFIX: &str = "MINUANO_STATION";

/// A station.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its name in topics.
    pub station: StationName,
    /// Where it stands.
    pub place: Place,
    /// Where its sensors are.
    pub bus: BusConfig,
    /// Which they are, whose value counts, how they are calibrated.
    pub sensors: Settings,
    /// How often it measures.
    pub sampling: Sampling,
    /// What it keeps.
    pub log: LogConfig,
    /// Its broker.
    pub mqtt: Mqtt,
    /// What its clock is worth.
    pub clock: ClockSource,
    /// The process.
    pub run: Run,
    /// The status LED's GPIO by its BCM number, where there is one.
    pub led: Option<u8>,
}

/// Where a station stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// For people.
    pub name: heapless::String<64>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Above mean sea level.
    pub altitude_m: Option<f64>,
    /// IANA time zone.
    pub zone: Option<heapless::String<64>>,
}

/// Where the sensors are.
#[derive(Clone, Debug)]
pub enum BusConfig {
    /// On the kernel's bus.
    I2c {
        /// Such as `/dev/i2c-1`.
        device: String,
    },
    /// In this process.
    Emulated {
        /// The weather they feel.
        series: Series,
        /// The parts on it.
        parts: Vec<Part>,
        /// How much time is lived through before going online.
        history: Duration,
    },
}

/// How often a station measures.
#[derive(Clone, Copy, Debug)]
pub struct Sampling {
    /// Between samples.
    pub interval: Duration,
    /// Between readings; a multiple of `interval`.
    pub report: Duration,
}

/// What a station keeps.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// Where the log on disk will be.
    pub folder: PathBuf,
    /// Its bound.
    pub max_bytes: u64,
    /// How long readings wait in RAM for their acknowledgement before they are written to disk.
    pub spill: Duration,
}

/// The process.
#[derive(Clone, Debug)]
pub struct Run {
    /// What is written to the journal, unless RUST_LOG says otherwise.
    pub log_level: String,
    /// In which form; JSON goes to standard error even where there is a journal.
    pub log_format: LogFormat,
    /// How long a stop waits for acknowledgements.
    pub stop_within: Duration,
    /// How long sampler or disk may be silent beyond their rhythm before the watchdog is fed no more.
    pub stuck_after: Duration,
}

impl Config {
    /// This process's configuration, or everything that is wrong with it.
    pub fn load(file: Option<PathBuf>) -> Result<Self, Problems> {
        Self::from_layers(&Layers::of_process(file, DEFAULT_FILE, PREFIX))
    }

    /// The configuration that these layers make.
    pub fn from_layers(layers: &Layers) -> Result<Self, Problems> {
        let (file, mut problems) = layers.load::<file::File>()?;
        match check::checked(file, &mut problems) {
            Some(config) => problems.or(config),
            None => Err(problems),
        }
    }
}
