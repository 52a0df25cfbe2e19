//! The keys as they are written, with their defaults.

use std::path::PathBuf;
use std::time::Duration;

use minuano_settings::Secret;
use serde::{Deserialize, Deserializer};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub station: Option<String>,
    pub place: Place,
    pub bus: Bus,
    pub sampling: Sampling,
    pub log: Log,
    pub mqtt: Mqtt,
    pub clock: Clock,
    pub run: Run,
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

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Mqtt {
    pub host: String,
    pub port: u16,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub password_file: Option<PathBuf>,
    #[serde(with = "minuano_settings::duration")]
    pub keep_alive: Duration,
    pub acknowledge: Acknowledge,
    #[serde(with = "minuano_settings::duration")]
    pub resend_after: Duration,
    #[serde(with = "minuano_settings::duration")]
    pub back_off_first: Duration,
    #[serde(with = "minuano_settings::duration")]
    pub back_off_longest: Duration,
}

/// Whose word makes a reading safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acknowledge {
    /// The gateway's, once a reading is on its disk.
    Gateway,
    /// The broker's PUBACK: there is no gateway.
    Broker,
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
    #[serde(with = "minuano_settings::duration")]
    pub stop_within: Duration,
}

impl Default for Bus {
    fn default() -> Self {
        Self { kind: BusKind::I2c, device: "/dev/i2c-1".to_owned(), series: None, history: None }
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

impl Default for Mqtt {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 1883,
            user: None,
            password: None,
            password_file: None,
            keep_alive: Duration::from_secs(30),
            acknowledge: Acknowledge::Gateway,
            resend_after: Duration::from_secs(90),
            back_off_first: Duration::from_secs(1),
            back_off_longest: Duration::from_secs(60),
        }
    }
}

impl Default for Run {
    fn default() -> Self {
        Self { log_level: "info".to_owned(), stop_within: Duration::from_secs(10) }
    }
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    minuano_settings::duration::deserialize(deserializer).map(Some)
}
