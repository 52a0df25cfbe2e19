//! Tells people: faults, weather and silent stations, over MQTT, webhook, ntfy and e-mail.
//!
//! An alert is written into the store in the transaction of what it tells of, and deleted once its destination has confirmed it: no
//! restart loses one, and one may come twice (its id is the same). A destination that does not answer holds up nobody else.
//!
//! # Layout, in the order of an alert's way
//!
//! - [`Alert`]: what is told
//! - [`rules`]: to whom, and when: what it wants, repeats, rate, quiet hours; pure
//! - [`quiet`]: quiet hours; pure
//! - [`outbox`]: what waits, in the store
//! - [`deliver`]: one task a destination: send, confirm, try again
//! - [`send`]: the ways out: [`webhook`] and [`ntfy`] over [`http`], [`email`], [`mqtt`]

pub mod deliver;
pub mod email;
pub mod http;
pub mod mqtt;
pub mod ntfy;
pub mod outbox;
pub mod quiet;
pub mod rules;
pub mod send;
#[cfg(test)]
mod tests;
pub mod webhook;

use minuano_telemetry::{Anomaly, AnomalyState, Millis, StationName, WeatherEvent};
use serde::{Deserialize, Serialize};

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// An anomaly: readings are wrong or doubtful.
    Fault,
    /// A weather event.
    Weather,
    /// A station is silent, or back.
    Station,
    /// `minuano-gateway alert test`.
    Test,
}

impl Class {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Weather => "weather",
            Self::Station => "station",
            Self::Test => "test",
        }
    }
}

/// What is told: the JSON that webhooks and MQTT carry, with an id before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Who tells.
    pub gateway: String,
    /// What it is about.
    pub class: Class,
    /// Which check, which weather, or `offline`.
    pub kind: String,
    /// Where.
    pub station: String,
    /// Of a fault: which quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// Whether it goes on.
    pub state: AnomalyState,
    /// Since when.
    pub from: Millis,
    /// Until when, as far as is known.
    pub to: Millis,
    /// One sentence with numbers that a person can check.
    pub evidence: String,
    /// How many alerts to this destination the rate limit held back since the one before.
    #[serde(default)]
    pub suppressed: u64,
}

impl Alert {
    /// Of a fault.
    pub fn of_anomaly(gateway: &str, anomaly: &Anomaly) -> Self {
        Self {
            gateway: gateway.to_owned(),
            class: Class::Fault,
            kind: anomaly.kind.word().to_owned(),
            station: anomaly.station.to_string(),
            quantity: anomaly.quantity.map(|quantity| quantity.key().to_owned()),
            state: anomaly.state,
            from: anomaly.from,
            to: anomaly.to,
            evidence: anomaly.evidence.as_str().to_owned(),
            suppressed: 0,
        }
    }

    /// Of weather.
    pub fn of_weather(gateway: &str, event: &WeatherEvent) -> Self {
        Self {
            gateway: gateway.to_owned(),
            class: Class::Weather,
            kind: event.kind.word().to_owned(),
            station: event.station.to_string(),
            quantity: None,
            state: event.state,
            from: event.from,
            to: event.to,
            evidence: event.evidence.as_str().to_owned(),
            suppressed: 0,
        }
    }

    /// Of a station that fell silent (`Open`), or is back.
    pub fn of_station(gateway: &str, station: &StationName, state: AnomalyState, at: Millis) -> Self {
        let evidence = match state {
            AnomalyState::Open => format!("{station} is offline since {at}"),
            AnomalyState::Closed => format!("{station} is online again since {at}"),
        };
        Self {
            gateway: gateway.to_owned(),
            class: Class::Station,
            kind: "offline".to_owned(),
            station: station.to_string(),
            quantity: None,
            state,
            from: at,
            to: at,
            evidence,
            suppressed: 0,
        }
    }

    /// What `alert test` sends.
    pub fn test(gateway: &str, at: Millis) -> Self {
        Self {
            gateway: gateway.to_owned(),
            class: Class::Test,
            kind: "test".to_owned(),
            station: "test".to_owned(),
            quantity: None,
            state: AnomalyState::Closed,
            from: at,
            to: at,
            evidence: format!("A test of the gateway {gateway}; nothing is wrong"),
            suppressed: 0,
        }
    }

    /// A line for people.
    pub fn title(&self) -> String {
        let ended = match (self.class, self.state) {
            (Class::Test, _) | (_, AnomalyState::Open) => "",
            (_, AnomalyState::Closed) => " is over",
        };
        format!("{}: {}{ended}", self.station, self.kind.replace('_', " "))
    }

    /// What follows the line.
    pub fn text(&self) -> String {
        let mut text =
            format!("{}\n\n{} to {} (UTC), by {}", self.evidence, self.from, self.to, self.gateway);
        if self.suppressed > 0 {
            text.push_str(&format!("\n{} more alerts were held back by the rate limit", self.suppressed));
        }
        text
    }
}

/// An alert on its way: its id is the same however often it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// `<store>-<number>`.
    pub id: String,
    /// What is told.
    #[serde(flatten)]
    pub alert: Alert,
}
