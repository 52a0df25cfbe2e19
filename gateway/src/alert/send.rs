//! The ways out.

use minuano_telemetry::GatewayName;
use thiserror::Error;

use super::Envelope;
use super::rules::Wants;
use super::{email::Email, mqtt::Mqtt, ntfy::Ntfy, webhook::Webhook};

/// Why a destination did not take an alert.
#[derive(Debug, Error)]
pub enum SendError {
    /// The connection, or TLS.
    #[error("{0}")]
    Http(String),
    /// It answered, and refused.
    #[error("{0}")]
    Refused(String),
    /// Mail could not be made or sent.
    #[error("{0}")]
    Mail(String),
    /// The broker did not confirm it.
    #[error("{0}")]
    Broker(String),
}

/// Where alerts go.
#[derive(Clone, Debug)]
pub enum Way {
    /// A signed POST.
    Webhook(Webhook),
    /// A push message.
    Ntfy(Ntfy),
    /// A mail.
    Email(Box<Email>),
    /// A publication that the broker confirms.
    Mqtt(Box<Mqtt>),
}

/// A destination of the configuration.
#[derive(Clone, Debug)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub way: Way,
    /// What it hears.
    pub wants: Wants,
    /// Who tells.
    pub gateway: GatewayName,
}

impl Destination {
    /// Sends, and waits until it is confirmed.
    pub async fn send(&self, envelope: &Envelope) -> Result<(), SendError> {
        match &self.way {
            Way::Webhook(webhook) => webhook.send(envelope).await,
            Way::Ntfy(ntfy) => ntfy.send(envelope).await,
            Way::Email(email) => email.send(envelope).await,
            Way::Mqtt(mqtt) => mqtt.send(&self.gateway, &self.name, envelope).await,
        }
    }
}
