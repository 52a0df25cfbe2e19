//! Who has an account, and what it may.

use minuano_telemetry::{GatewayName, Leaf, StationName, birth_topic, discovery_topic};

/// What an account may do with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Hear what is published there.
    Read,
    /// Publish there.
    Write,
    /// Both.
    ReadWrite,
}

impl Access {
    /// mosquitto's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadWrite => "readwrite",
        }
    }
}

/// Who.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// It speaks for itself alone.
    Station(StationName),
    /// It hears every station and answers them.
    Gateway(GatewayName),
    /// It publishes a gateway's alerts. Each user has one connection, and the gateway's own is taken.
    Alerts(GatewayName),
    /// It hears every station, and says when it has started.
    HomeAssistant,
}

/// Stations' names have no dots, so no station can have the user of another account.
const GATEWAY: &str = "minuano.gateway.";
const ALERTS: &str = "minuano.alerts.";
const HOME_ASSISTANT: &str = "minuano.home-assistant";
const STATION: &str = "minuano-";

impl Account {
    /// Its user at the broker, which is its client id too.
    pub fn user(&self) -> String {
        match self {
            Self::Station(name) => format!("{STATION}{name}"),
            Self::Gateway(name) => format!("{GATEWAY}{name}"),
            Self::Alerts(name) => format!("{ALERTS}{name}"),
            Self::HomeAssistant => HOME_ASSISTANT.to_owned(),
        }
    }

    /// Whose user this is, if it is one of ours.
    pub fn of_user(user: &str) -> Option<Self> {
        if user == HOME_ASSISTANT {
            return Some(Self::HomeAssistant);
        }
        if let Some(name) = user.strip_prefix(GATEWAY) {
            return name.parse().ok().map(Self::Gateway);
        }
        if let Some(name) = user.strip_prefix(ALERTS) {
            return name.parse().ok().map(Self::Alerts);
        }
        user.strip_prefix(STATION)?.parse().ok().map(Self::Station)
    }

    /// Where its files are, below the folder.
    pub fn folder(&self) -> String {
        match self {
            Self::Station(name) => format!("stations/{name}"),
            Self::Gateway(name) | Self::Alerts(name) => format!("gateways/{name}"),
            Self::HomeAssistant => "home-assistant".to_owned(),
        }
    }

    /// What the names of its files begin with.
    pub fn stem(&self) -> &str {
        match self {
            Self::Station(name) => name.as_str(),
            Self::Gateway(_) => "gateway",
            Self::Alerts(_) => "alerts",
            Self::HomeAssistant => "home-assistant",
        }
    }

    /// Whether it shows a certificate of its own, rather than that of the gateway which it belongs to.
    pub fn has_certificate(&self) -> bool {
        !matches!(self, Self::Alerts(_))
    }

    /// What it may, and nothing else. `prefix` is Home Assistant's discovery prefix.
    pub fn topics(&self, prefix: &str) -> Vec<(Access, String)> {
        match self {
            Self::Station(name) => {
                let own = |leaf: Leaf| leaf.of(name.clone()).to_string();
                let leaf = |leaf: Leaf| match leaf {
                    Leaf::Telemetry | Leaf::Backlog | Leaf::Streams | Leaf::About | Leaf::Health => {
                        Some((Access::Write, own(leaf)))
                    }
                    // It hears what is said of it, so as to put an old last will right.
                    Leaf::Status => Some((Access::ReadWrite, own(leaf))),
                    Leaf::Acknowledged => Some((Access::Read, own(leaf))),
                    Leaf::Anomaly | Leaf::Weather => None,
                };
                let mut topics: Vec<_> = Leaf::ALL.into_iter().filter_map(leaf).collect();
                topics.push((Access::Write, discovery_topic(prefix, name).as_str().to_owned()));
                topics.push((Access::Read, birth_topic(prefix).as_str().to_owned()));
                topics
            }
            Self::Gateway(name) => vec![
                (Access::Read, "minuano/#".to_owned()),
                (Access::Write, "minuano/v1/+/acknowledged".to_owned()),
                (Access::Write, "minuano/v1/+/anomaly".to_owned()),
                (Access::Write, "minuano/v1/+/weather".to_owned()),
                (Access::Write, format!("minuano-alerts/{name}/#")),
            ],
            Self::Alerts(name) => vec![(Access::Write, format!("minuano-alerts/{name}/#"))],
            Self::HomeAssistant => vec![
                (Access::Read, "minuano/v1/#".to_owned()),
                (Access::Read, "minuano-alerts/#".to_owned()),
                (Access::ReadWrite, format!("{prefix}/#")),
            ],
        }
    }
}
