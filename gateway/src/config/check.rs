//! From the layers to a configuration, or every mistake in them.

use std::net::SocketAddr;
use std::time::Duration;

use minuano_settings::{Layers, Problems, Secret};
use minuano_telemetry::GatewayName;
use serde::Deserialize;

use super::alerts::{self, RawAlert};
use super::elastic;
use super::events::RawEvents;
use super::mqtt::{self, Written};
use super::{AcknowledgeConfig, Config, HttpConfig, LakeConfig, LogConfig, QualityConfig, StoreConfig};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    gateway: Option<String>,
    broker: RawBroker,
    mqtt: Vec<Written>,
    http: HttpConfig,
    store: StoreConfig,
    lake: Option<LakeConfig>,
    elastic: Option<elastic::Written>,
    log: LogConfig,
    acknowledge: AcknowledgeConfig,
    quality: QualityConfig,
    events: RawEvents,
    alert: Vec<RawAlert>,
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

/// Reads and checks `layers`.
pub fn from_layers(layers: &Layers) -> Result<Config, Problems> {
    let (raw, mut problems): (Raw, _) = layers.load()?;
    let gateway = gateway_name(raw.gateway, &mut problems);
    let embedded = raw.broker.embedded.then_some(raw.broker.listen);
    let mqtt = mqtt::checked(raw.mqtt, embedded, &mut problems);
    let lake = raw.lake.map(|lake| checked_lake(lake, &mut problems));
    let elastic = raw.elastic.and_then(|elastic| elastic.checked(&mut problems));
    let alerts = alerts::checked(raw.alert, gateway.as_ref(), &mqtt, &mut problems);
    let events = raw.events.checked(&mut problems);
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
    raw.quality.check(&mut problems);
    let http = raw.http.checked(&mut problems);
    match gateway {
        Some(gateway) => problems.or(Config {
            gateway,
            broker: embedded,
            mqtt,
            http,
            store: raw.store,
            lake,
            elastic,
            log: raw.log,
            acknowledge: raw.acknowledge,
            quality: raw.quality,
            events,
            alerts,
        }),
        None => Err(problems),
    }
}

/// Reads `layers` and checks `[quality]`.
pub fn quality_from_layers(layers: &Layers) -> Result<QualityConfig, Problems> {
    let (raw, mut problems): (Raw, _) = layers.load()?;
    raw.quality.check(&mut problems);
    problems.or(raw.quality)
}

/// The host's name, made to fit a gateway.
pub fn host_as_gateway() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let short = host.trim().split('.').next().unwrap_or_default().to_lowercase();
    let fitting: String =
        short.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    if fitting.starts_with(|c: char| c.is_ascii_lowercase()) { fitting } else { format!("host-{fitting}") }
}

/// The configured name, or the host's made to fit.
fn gateway_name(configured: Option<String>, problems: &mut Problems) -> Option<GatewayName> {
    let name = configured.unwrap_or_else(host_as_gateway);
    match name.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            problems.add("gateway", format_args!("{name:?} {error}"));
            None
        }
    }
}

fn checked_lake(mut lake: LakeConfig, problems: &mut Problems) -> LakeConfig {
    let scheme = lake.url.split_once("://").map(|(scheme, _)| scheme.to_owned());
    problems.require(
        matches!(scheme.as_deref(), Some("file" | "s3" | "gs" | "az")),
        "lake.url",
        format_args!(
            "{:?} takes file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix",
            lake.url
        ),
    );
    // Whether its file can be read or not: that is a problem of its own.
    let has_secret = lake.secret_access_key.is_some() || lake.secret_access_key_file.is_some();
    lake.secret_access_key = Secret::either(
        lake.secret_access_key.take(),
        lake.secret_access_key_file.as_deref(),
        "lake.secret_access_key",
        problems,
    );
    problems.require(
        lake.access_key_id.is_some() == has_secret,
        "lake.access_key_id",
        "goes with secret_access_key or secret_access_key_file: give both or neither",
    );
    checked_keeping(&lake, scheme.as_deref(), problems);
    problems.require((1..=500_000).contains(&lake.close_rows), "lake.close_rows", "takes 1 to 500000");
    lake
}

/// How the server keeps the files.
fn checked_keeping(lake: &LakeConfig, scheme: Option<&str>, problems: &mut Problems) {
    if let Some(class) = &lake.storage_class {
        problems.require(scheme != Some("file"), "lake.storage_class", "a folder has none");
        // Files are read back to verify them and to tell a repeat from a collision.
        let offline = ["GLACIER", "DEEP_ARCHIVE", "Archive"];
        problems.require(
            !class.is_empty() && !offline.iter().any(|name| name.eq_ignore_ascii_case(class)),
            "lake.storage_class",
            "takes a class whose files can be read at once, such as STANDARD_IA or GLACIER_IR",
        );
    }
    if let Some(how) = &lake.encryption {
        problems.require(scheme == Some("s3"), "lake.encryption", "is for s3://; others always encrypt");
        problems.require(
            ["AES256", "aws:kms", "aws:kms:dsse"].contains(&how.as_str()),
            "lake.encryption",
            "takes \"AES256\", \"aws:kms\" or \"aws:kms:dsse\"",
        );
    }
    let by_kms = lake.encryption.as_deref().is_some_and(|how| how.starts_with("aws:kms"));
    problems.require(
        lake.encryption_key_id.is_none() || by_kms,
        "lake.encryption_key_id",
        "goes with encryption = \"aws:kms\" or \"aws:kms:dsse\"",
    );
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;

    pub(in crate::config) fn load(text: &str) -> Result<Config, Problems> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.toml");
        std::fs::write(&file, text).unwrap();
        from_layers(&Layers {
            file: Some(file),
            default_file: PathBuf::new(),
            prefix: "TEST".to_owned(),
            environment: BTreeMap::new(),
        })
    }

    fn keys(text: &str) -> Vec<String> {
        load(text).unwrap_err().0.into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn the_example_is_right_and_shows_the_defaults() {
        let config = load(include_str!("../../gateway.example.toml")).unwrap();
        assert_eq!(config.broker, Some(SocketAddr::from(([127, 0, 0, 1], 1883))));
        assert_eq!(config.store.retention, StoreConfig::default().retention);
        assert_eq!(config.store.commit_after, StoreConfig::default().commit_after);
        assert_eq!(config.acknowledge.within, AcknowledgeConfig::default().within);
        assert_eq!(config.http.listen, HttpConfig::default().listen);
        assert_eq!(config.quality.settle_after, QualityConfig::default().settle_after);
        assert_eq!(config.events, crate::events::Rules::default());
        assert!(config.lake.is_none());
    }

    #[test]
    fn what_the_example_only_mentions_is_right_too() {
        let example = include_str!("../../gateway.example.toml").replace("#: ", "");
        let problems = load(&example).unwrap_err();
        let of_a_file = |key: &str| key.ends_with("_file") || key.contains(".tls.");
        let only_files = problems.0.iter().all(|problem| of_a_file(&problem.key));
        assert!(only_files, "{problems}");
    }

    #[test]
    fn a_server_keeps_files_only_as_it_can() {
        let lake = |rest: &str| {
            let broker = "gateway = \"home\"\n[broker]\nembedded = true\n[lake]\n";
            load(&format!("{broker}{rest}")).map(|_| ()).map_err(|problems| problems.to_string())
        };
        lake("url = \"s3://b\"\nstorage_class = \"STANDARD_IA\"\nencryption = \"AES256\"").unwrap();
        lake("url = \"s3://b\"\nencryption = \"aws:kms\"\nencryption_key_id = \"k\"").unwrap();
        for (rest, key) in [
            ("url = \"file:///l\"\nstorage_class = \"STANDARD_IA\"", "lake.storage_class"),
            ("url = \"s3://b\"\nstorage_class = \"glacier\"", "lake.storage_class"),
            ("url = \"gs://b\"\nencryption = \"AES256\"", "lake.encryption"),
            ("url = \"s3://b\"\nencryption = \"rot13\"", "lake.encryption"),
            ("url = \"s3://b\"\nencryption_key_id = \"k\"", "lake.encryption_key_id"),
        ] {
            assert!(lake(rest).unwrap_err().contains(key), "{rest}");
        }
    }

    #[test]
    fn every_mistake_is_listed_at_once() {
        let found = keys(
            "gateway = \"Haus 1\"\n\
             [broker]\nembedded = true\nlisten = \"0.0.0.0:1883\"\n\
             [[mqtt]]\nhost = \"\"\nport = 0\nkeep_alive = \"1s\"\npassword = \"x\"\n\
             [store]\ncommit_readings = 0\nretention = \"1h\"\n\
             [lake]\nurl = \"ftp://x\"\naccess_key_id = \"a\"\nclose_rows = 0\n\
             [qality]\n[[mqtt]]\nhost = \"a\"\n[[mqtt]]\nhost = \"a\"\n",
        );
        for key in [
            "gateway",
            "broker.listen",
            "mqtt[0].host",
            "mqtt[0].port",
            "mqtt[0].keep_alive",
            "mqtt[0].user",
            "mqtt[2].host",
            "store.commit_readings",
            "store.retention",
            "lake.url",
            "lake.access_key_id",
            "lake.close_rows",
            "qality",
        ] {
            assert!(found.iter().any(|other| other == key), "{key} in {found:?}");
        }
    }

    #[test]
    fn checks_that_cannot_be_are_named() {
        let found = keys(
            "gateway = \"home\"\n[broker]\nembedded = true\n\
             [quality]\nsettle_after = \"0s\"\nchecks = [\"spike\", \"spike\"]\nneighbours_km = 900\n\
             [quality.temperature_c]\nrange = [50, -20]\nstep = 0\nflat = \"0s\"\n\
             [[quality.places]]\nstation = \"roof\"\nlatitude = 97.7\nlongitude = 5\naltitude_m = 20000\n\
             [[quality.places]]\nstation = \"roof\"\nlatitude = 1\n",
        );
        for key in [
            "quality.settle_after",
            "quality.checks",
            "quality.neighbours_km",
            "quality.temperature_c.range",
            "quality.temperature_c.step",
            "quality.temperature_c.flat",
            "quality.places[0].latitude",
            "quality.places[0].altitude_m",
            "quality.places[1].station",
            "quality.places[1].longitude",
        ] {
            assert!(found.iter().any(|other| other == key), "{key} in {found:?}");
        }
        assert!(
            load("[broker]\nembedded = true\n[quality]\nchecks = [\"wind\"]")
                .unwrap_err()
                .to_string()
                .contains("flat_line")
        );
    }

    #[test]
    fn an_event_begins_before_it_ends() {
        let events = |rest: &str| {
            load(&format!("gateway = \"home\"\n[broker]\nembedded = true\n[events.{rest}"))
                .map(|found| found.events)
        };
        let moved = events("heat]\nonset_c = 30\nhold = \"1h\"").unwrap();
        let heat = moved.get(minuano_telemetry::WeatherKind::Heat).unwrap();
        assert_eq!((heat.onset, heat.clear, heat.hold), (30.0, 28.0, Duration::from_secs(3600)));
        assert_eq!(events("fog]\nenabled = false").unwrap().get(minuano_telemetry::WeatherKind::Fog), None);
        for (rest, key) in [
            ("frost]\nclear_c = -1", "events.frost.clear_c"),
            ("heat]\nclear_c = 36", "events.heat.clear_c"),
            ("heat]\nonset_c = 99", "events.heat.onset_c"),
            ("pressure_fall]\nonset_hpa_3h = 6", "events.pressure_fall.onset_hpa_3h"),
            ("fog]\nhold = \"2d\"", "events.fog.hold"),
            ("fog]\nonset_c = nan", "events.fog.onset_c"),
            ("hail]\nonset_c = 1", "events.hail"),
        ] {
            let problems = events(rest).unwrap_err().to_string();
            assert!(problems.contains(key), "{problems}");
        }
    }

    #[test]
    fn without_a_broker_there_is_nothing_to_hear() {
        assert_eq!(keys("gateway = \"home\""), ["mqtt"]);
    }
}
