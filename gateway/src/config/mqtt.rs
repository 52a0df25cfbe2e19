//! `[[mqtt]]`: the brokers to join, and the embedded one among them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use minuano_settings::tls::{Tls, TlsFiles};
use minuano_settings::{Problems, Secret};
use serde::Deserialize;

/// rumqttc cannot do with less.
const SHORTEST_KEEP_ALIVE: Duration = Duration::from_secs(5);
/// What MQTT has come to be assigned without and with TLS.
const PORTS: [u16; 2] = [1883, 8883];

/// A broker to join, checked.
#[derive(Clone, Debug)]
pub struct MqttConfig {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name for the broker's password file.
    pub user: Option<String>,
    /// Password beside it.
    pub password: Option<Secret>,
    /// TLS, where it is spoken.
    pub tls: Option<Tls>,
    /// How often an idle connection is tested.
    pub keep_alive: Duration,
    /// The most that is waited after a first failure; it doubles with each.
    pub retry_first: Duration,
    /// The longest time between tries.
    pub retry_most: Duration,
}

/// The keys as they are written.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Written {
    host: String,
    port: Option<u16>,
    user: Option<String>,
    password: Option<Secret>,
    password_file: Option<PathBuf>,
    tls: Option<TlsFiles>,
    #[serde(with = "minuano_settings::duration")]
    keep_alive: Duration,
    #[serde(with = "minuano_settings::duration")]
    retry_first: Duration,
    #[serde(with = "minuano_settings::duration")]
    retry_most: Duration,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: None,
            user: None,
            password: None,
            password_file: None,
            tls: None,
            keep_alive: Duration::from_secs(30),
            retry_first: Duration::from_millis(500),
            retry_most: Duration::from_secs(30),
        }
    }
}

impl Written {
    fn checked(self, key: &str, problems: &mut Problems) -> MqttConfig {
        let key = |name: &str| format!("{key}.{name}");
        let port = self.port.unwrap_or(PORTS[usize::from(self.tls.is_some())]);
        problems.require(!self.host.is_empty(), &key("host"), "takes a host name or address");
        problems.require(port != 0, &key("port"), "takes 1 to 65535");
        problems.require(self.keep_alive >= SHORTEST_KEEP_ALIVE, &key("keep_alive"), "takes at least \"5s\"");
        problems.require(
            !self.retry_first.is_zero() && self.retry_first <= self.retry_most,
            &key("retry_first"),
            "takes more than \"0s\" and at most retry_most",
        );
        let password =
            Secret::either(self.password, self.password_file.as_deref(), &key("password"), problems);
        problems.require(
            password.is_none() || self.user.is_some(),
            &key("user"),
            "is missing beside the password",
        );
        MqttConfig {
            host: self.host,
            port,
            user: self.user,
            password,
            tls: self.tls.and_then(|tls| tls.checked(&key("tls"), problems)),
            keep_alive: self.keep_alive,
            retry_first: self.retry_first,
            retry_most: self.retry_most,
        }
    }
}

/// The brokers to listen to, the embedded one first.
pub(super) fn checked(
    written: Vec<Written>,
    embedded: Option<SocketAddr>,
    problems: &mut Problems,
) -> Vec<MqttConfig> {
    let mut brokers: Vec<MqttConfig> = Vec::new();
    for (index, broker) in written.into_iter().enumerate() {
        let key = format!("mqtt[{index}]");
        let broker = broker.checked(&key, problems);
        let again = brokers.iter().any(|other| (&other.host, other.port) == (&broker.host, broker.port));
        problems.require(
            !again,
            &format!("{key}.host"),
            "is listed before with the same port; one connection is enough",
        );
        brokers.push(broker);
    }
    if let Some(listen) = embedded {
        problems.require(
            listen.ip().is_loopback(),
            "broker.listen",
            format_args!(
                "{listen} is open to others; the embedded broker has no users, no topic rules and no TLS, so it \
                 takes a loopback address such as 127.0.0.1:1883. For stations on a network join a broker that \
                 has them: [[mqtt]]"
            ),
        );
        problems.require(listen.port() != 0, "broker.listen", "takes a port from 1 to 65535");
        let own = Written { host: listen.ip().to_string(), port: Some(listen.port()), ..Written::default() };
        brokers.insert(0, own.checked("broker", &mut Problems::default()));
    }
    problems.require(
        !brokers.is_empty(),
        "mqtt",
        "there is no broker to listen to; it takes [broker] embedded = true, or [[mqtt]] with host and port",
    );
    brokers
}
