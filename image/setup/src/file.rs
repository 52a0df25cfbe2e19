//! The keys of `minuano.toml` as they are written.

use minuano_settings::Secret;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    pub station: Option<String>,
    pub gateway: bool,
    pub time_zone: Option<String>,
    pub ssh_key: Option<OneOrMore>,
    pub time_server: Option<String>,
    pub bus: Option<String>,
    pub place: Place,
    pub wifi: Wifi,
    pub broker: Broker,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    pub name: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub altitude_m: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wifi {
    pub country: Option<String>,
    pub ssid: Option<String>,
    pub passphrase: Option<Secret>,
    pub hidden: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Broker {
    pub host: Option<String>,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub tls: bool,
    pub acknowledge: Option<Acknowledge>,
}

/// Whose word makes a reading safe: the station's own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acknowledge {
    Gateway,
    Broker,
}

/// `ssh_key = "…"` or `ssh_key = ["…", "…"]`.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "takes a text, or a list of texts: [\"ssh-ed25519 AAAA…\", …]")]
pub enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    /// All of them.
    pub fn all(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more,
        }
    }
}
