//! The gateway's configuration: `/etc/minuano/gateway.toml`, environment, flags.

pub mod alerts;
mod check;
mod elastic;
pub mod events;
#[cfg(test)]
mod fuzz;
mod http;
mod mqtt;
mod quality;

pub use check::host_as_gateway;
pub use quality::{PlaceConfig, QualityConfig, QuantityConfig};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use minuano_settings::log::LogFormat;
use minuano_settings::{Layers, Problems, Secret};
use minuano_telemetry::GatewayName;
use serde::Deserialize;

pub use elastic::{ElasticConfig, ElasticLogin, MOST_DOCUMENTS};
pub use http::HttpConfig;
pub use mqtt::MqttConfig;

/// Read when no `--config` names another.
pub const DEFAULT_FILE: &str = "/etc/minuano/gateway.toml";
/// `MINUANO_GATEWAY__LAKE__URL` and so on.
pub const ENVIRONMENT_PREFIX: &str = "MINUANO_GATEWAY";

/// Everything the gateway does, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Unique among gateways that share a lake or a broker.
    pub gateway: GatewayName,
    /// The embedded broker, where there is one.
    pub broker: Option<SocketAddr>,
    /// Brokers to join, the embedded one first.
    pub mqtt: Vec<MqttConfig>,
    /// Routes and panel.
    pub http: HttpConfig,
    /// History.
    pub store: StoreConfig,
    /// Parquet batches; absent: no lake, retention alone prunes.
    pub lake: Option<LakeConfig>,
    /// Documents beside or instead of them.
    pub elastic: Option<ElasticConfig>,
    /// What it says of itself.
    pub log: LogConfig,
    /// Answers to stations.
    pub acknowledge: AcknowledgeConfig,
    /// Checks.
    pub quality: QualityConfig,
    /// When weather is an event.
    pub events: crate::events::Rules,
    /// Who is told of what.
    pub alerts: Vec<crate::alert::send::Destination>,
}

/// What the gateway says of itself, on standard error.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// In which form.
    pub format: LogFormat,
}

/// The store's file and how long raw rows stay in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// The SQLite file.
    pub file: PathBuf,
    /// Raw rows older than this are pruned once they are in the lake.
    #[serde(with = "minuano_settings::duration")]
    pub retention: Duration,
    /// How large the file may grow; absent: as long as the disk lasts.
    pub max_bytes: Option<u64>,
    /// The most readings in one commit.
    pub commit_readings: usize,
    /// How long the first reading of a commit waits for others.
    #[serde(with = "minuano_settings::duration")]
    pub commit_after: Duration,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            file: PathBuf::from("/var/lib/minuano/gateway.db"),
            retention: Duration::from_secs(400 * 86_400),
            max_bytes: None,
            commit_readings: 4096,
            commit_after: Duration::from_millis(55),
        }
    }
}

/// Where batches go.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LakeConfig {
    /// `file:///…`, `s3://bucket/prefix`, `gs://…`, `az://…`.
    pub url: String,
    /// Of an S3 server that is not Amazon's.
    pub endpoint: Option<String>,
    /// S3 region.
    pub region: Option<String>,
    /// S3 access key id; where absent, what the environment says (`AWS_ACCESS_KEY_ID` and so on).
    pub access_key_id: Option<String>,
    /// S3 secret.
    pub secret_access_key: Option<Secret>,
    /// File that holds it.
    pub secret_access_key_file: Option<PathBuf>,
    /// In which class files are kept, as the server names it; where absent, the bucket's default.
    pub storage_class: Option<String>,
    /// S3: how the server encrypts files: `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub encryption: Option<String>,
    /// S3: with which key of KMS.
    pub encryption_key_id: Option<String>,
    /// A batch closes at this age of its first row.
    #[serde(with = "minuano_settings::duration")]
    pub close_after: Duration,
    /// A batch closes at this many rows.
    pub close_rows: u32,
}

impl Default for LakeConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            secret_access_key_file: None,
            storage_class: None,
            encryption: None,
            encryption_key_id: None,
            close_after: Duration::from_secs(300),
            close_rows: 500_000,
        }
    }
}

/// How soon after a commit a station is told.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcknowledgeConfig {
    /// For live readings.
    #[serde(with = "minuano_settings::duration")]
    pub within: Duration,
    /// While a backlog arrives.
    #[serde(with = "minuano_settings::duration")]
    pub within_backlog: Duration,
}

impl Default for AcknowledgeConfig {
    fn default() -> Self {
        Self { within: Duration::from_secs(10), within_backlog: Duration::from_secs(1) }
    }
}

impl Config {
    /// What `[quality]` says in the layers of this process, for a command that needs nothing else.
    pub fn quality_only(file: Option<PathBuf>) -> Result<QualityConfig, Problems> {
        check::quality_from_layers(&Layers::of_process(file, DEFAULT_FILE, ENVIRONMENT_PREFIX))
    }

    /// Reads and checks the layers of this process; `file` is what `--config` names.
    pub fn load(file: Option<PathBuf>) -> Result<Self, Problems> {
        check::from_layers(&Layers::of_process(file, DEFAULT_FILE, ENVIRONMENT_PREFIX))
    }
}
