//! The gateway's configuration: `/etc/minuano/gateway.toml`, environment, flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use minuano_settings::{Layers, Problems, Secret};
use minuano_telemetry::GatewayName;
use serde::Deserialize;

/// Read when no `--config` names another.
pub const DEFAULT_FILE: &str = "/etc/minuano/gateway.toml";
/// `MINUANO_GATEWAY__LAKE__URL` and so on.
pub const ENVIRONMENT_PREFIX: &str = "MINUANO_GATEWAY";
/// rumqttc cannot do with less.
const SHORTEST_KEEP_ALIVE: Duration = Duration::from_secs(5);

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
    /// Answers to stations.
    pub acknowledge: AcknowledgeConfig,
    /// Checks.
    pub quality: QualityConfig,
}

/// A broker to join.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MqttConfig {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name for the broker's password file.
    pub user: Option<String>,
    /// Password beside it.
    pub password: Option<Secret>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
    /// How often an idle connection is tested.
    #[serde(with = "minuano_settings::duration")]
    pub keep_alive: Duration,
    /// Bounds of the time between tries to connect.
    #[serde(with = "minuano_settings::duration")]
    pub retry_first: Duration,
    /// The longest time between tries.
    #[serde(with = "minuano_settings::duration")]
    pub retry_most: Duration,
}

impl Default for MqttConfig {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 1883,
            user: None,
            password: None,
            password_file: None,
            keep_alive: Duration::from_secs(30),
            retry_first: Duration::from_millis(500),
            retry_most: Duration::from_secs(30),
        }
    }
}

/// Where routes and panel are served.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)) }
    }
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
            commit_readings: 4096,
            commit_after: Duration::from_millis(20),
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
    /// S3 access key id; the standard chain where absent.
    pub access_key_id: Option<String>,
    /// S3 secret.
    pub secret_access_key: Option<Secret>,
    /// File that holds it.
    pub secret_access_key_file: Option<PathBuf>,
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

/// When a row's flags are final.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QualityConfig {
    /// At the latest this long after arrival.
    #[serde(with = "minuano_settings::duration")]
    pub settle_after: Duration,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self { settle_after: Duration::from_secs(15 * 60) }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    gateway: Option<String>,
    broker: RawBroker,
    mqtt: Vec<MqttConfig>,
    http: HttpConfig,
    store: StoreConfig,
    lake: Option<LakeConfig>,
    acknowledge: AcknowledgeConfig,
    quality: QualityConfig,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawBroker {
    embedded: bool,
    listen: SocketAddr,
}

impl Default for RawBroker {
    fn default() -> Self {
        Self { embedded: false, listen: SocketAddr::from(([127, 0, 0, 1], 1883)) }
    }
}

impl Config {
    /// Reads and checks the layers of this process; `file` is what `--config` names.
    pub fn load(file: Option<PathBuf>) -> Result<Self, Problems> {
        Self::from_layers(&Layers::of_process(file, DEFAULT_FILE, ENVIRONMENT_PREFIX))
    }

    /// Reads and checks `layers`.
    pub fn from_layers(layers: &Layers) -> Result<Self, Problems> {
        let (raw, mut problems): (Raw, _) = layers.load();
        let gateway = gateway_name(raw.gateway, &mut problems);
        let mqtt = brokers(raw.mqtt, &raw.broker, &mut problems);
        let lake = raw.lake.map(|lake| checked_lake(lake, &mut problems));
        problems.require(
            (1..=100_000).contains(&raw.store.commit_readings),
            "store.commit_readings",
            "takes 1 to 100000",
        );
        problems.require(
            raw.store.retention >= Duration::from_secs(86_400),
            "store.retention",
            "takes at least \"1d\"",
        );
        match gateway {
            Some(gateway) => problems.or(Self {
                gateway,
                broker: raw.broker.embedded.then_some(raw.broker.listen),
                mqtt,
                http: raw.http,
                store: raw.store,
                lake,
                acknowledge: raw.acknowledge,
                quality: raw.quality,
            }),
            None => Err(problems),
        }
    }
}

/// The configured name, or the host's made to fit.
fn gateway_name(configured: Option<String>, problems: &mut Problems) -> Option<GatewayName> {
    let name = configured.unwrap_or_else(|| {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let short = host.trim().split('.').next().unwrap_or_default().to_lowercase();
        let fitting: String =
            short.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
        if fitting.starts_with(|c: char| c.is_ascii_lowercase()) {
            fitting
        } else {
            format!("host-{fitting}")
        }
    });
    match name.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            problems.add("gateway", format_args!("{name:?} {error}"));
            None
        }
    }
}

fn brokers(mut joined: Vec<MqttConfig>, own: &RawBroker, problems: &mut Problems) -> Vec<MqttConfig> {
    for (index, broker) in joined.iter_mut().enumerate() {
        let key = |name: &str| format!("mqtt[{index}].{name}");
        problems.require(!broker.host.is_empty(), &key("host"), "takes a host name or address");
        problems.require(broker.port != 0, &key("port"), "takes 1 to 65535");
        problems.require(
            broker.keep_alive >= SHORTEST_KEEP_ALIVE,
            &key("keep_alive"),
            "takes at least \"5s\"",
        );
        problems.require(
            !broker.retry_first.is_zero() && broker.retry_first <= broker.retry_most,
            &key("retry_first"),
            "takes more than \"0s\" and at most retry_most",
        );
        broker.password = Secret::either(
            broker.password.take(),
            broker.password_file.as_deref(),
            &key("password"),
            problems,
        );
        problems.require(
            broker.password.is_none() || broker.user.is_some(),
            &key("user"),
            "is missing beside the password",
        );
    }
    if own.embedded {
        problems.require(
            own.listen.ip().is_loopback(),
            "broker.listen",
            format_args!(
                "{} is open to others; the embedded broker has no users and no TLS yet, so it takes a loopback address such as 127.0.0.1:1883",
                own.listen
            ),
        );
        problems.require(own.listen.port() != 0, "broker.listen", "takes a port from 1 to 65535");
        let host = own.listen.ip().to_string();
        joined.insert(0, MqttConfig { host, port: own.listen.port(), ..MqttConfig::default() });
    }
    problems.require(
        !joined.is_empty(),
        "mqtt",
        "there is no broker to listen to; it takes [broker] embedded = true, or [[mqtt]] with host and port",
    );
    joined
}

fn checked_lake(mut lake: LakeConfig, problems: &mut Problems) -> LakeConfig {
    let scheme = lake.url.split_once("://").map(|(scheme, _)| scheme);
    problems.require(
        matches!(scheme, Some("file" | "s3" | "gs" | "az")),
        "lake.url",
        format_args!(
            "{:?} takes file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix",
            lake.url
        ),
    );
    lake.secret_access_key = Secret::either(
        lake.secret_access_key.take(),
        lake.secret_access_key_file.as_deref(),
        "lake.secret_access_key",
        problems,
    );
    problems.require(
        lake.access_key_id.is_some() == lake.secret_access_key.is_some(),
        "lake.access_key_id",
        "goes with secret_access_key or secret_access_key_file: give both or neither",
    );
    problems.require((1..=500_000).contains(&lake.close_rows), "lake.close_rows", "takes 1 to 500000");
    lake
}
