//! The keys as they are written, with their defaults.

use std::path::PathBuf;
use std::time::Duration;

use minuano_settings::log::LogFormat;
use serde::{Deserialize, Deserializer};

use super::sensors::{Corrections, Named, Prefer};
use crate::sensors::Part;

use super::mqtt;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub station: Option<String>,
    pub place: Place,
    pub bus: Bus,
    pub sensors: Vec<Named>,
    pub prefer: Prefer,
    pub calibration: Corrections,
    pub sampling: Sampling,
    pub log: Log,
    pub mqtt: mqtt::File,
    pub clock: Clock,
    pub run: Run,
    pub led: Led,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Place {
    pub name: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub altitude_m: Option<f64>,
    pub zone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Bus {
    pub kind: BusKind,
    pub device: String,
    pub series: Option<PathBuf>,
    pub parts: Option<Vec<Part>>,
    #[serde(deserialize_with = "some_duration")]
    pub history: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum BusKind {
    I2c,
    Emulated,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Sampling {
    #[serde(with = "minuano_settings::duration")]
    pub interval: Duration,
    #[serde(with = "minuano_settings::duration")]
    pub report: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Log {
    pub folder: PathBuf,
    pub max_bytes: u64,
    #[serde(with = "minuano_settings::duration")]
    pub spill: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Clock {
    pub source: Option<ClockSource>,
}

/// What a station's clock is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockSource {
    /// What the kernel says of its synchronisation.
    Kernel,
    /// It is right.
    Trust,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Run {
    pub log_level: String,
    pub log_format: LogFormat,
    #[serde(with = "minuano_settings::duration")]
    pub stop_within: Duration,
    #[serde(with = "minuano_settings::duration")]
    pub stuck_after: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Led {
    pub pin: Option<u8>,
}

impl Default for Bus {
    fn default() -> Self {
        Self { kind: BusKind::I2c, device: "/dev/i2c-1".to_owned(), series: None, parts: None, history: None }
    }
}

impl Default for Sampling {
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), report: Duration::from_secs(10) }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("/var/lib/minuano"),
            max_bytes: 64 * 1024 * 1024,
            spill: Duration::from_secs(30),
        }
    }
}

impl Default for Run {
    fn default() -> Self {
        let (stop_within, stuck_after) = (Duration::from_secs(10), Duration::from_secs(60));
        Self { log_level: "info".to_owned(), log_format: LogFormat::Text, stop_within, stuck_after }
    }
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    minuano_settings::duration::deserialize(deserializer).map(Some)
}
