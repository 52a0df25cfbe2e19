//! The ways out.

use std::time::Duration;

use minuano_telemetry::GatewayName;
use thiserror::Error;

use super::Envelope;
use super::rules::Wants;
use super::{email::Email, mqtt::Mqtt, ntfy::Ntfy, webhook::Webhook};

/// Why a destination did not take an alert.
#[derive(Debug, Error)]
#[error("{why}")]
pub struct SendError {
    why: String,
    /// Whether it is worth another try.
    pub again: Again,
}

/// What becomes of an alert that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It may be taken at another time.
    Later,
    /// The same, but not before this time is over: the destination said so.
    After(Duration),
    /// It would be refused however often it came.
    Never,
}

impl SendError {
    /// Of this moment: a connection, a server that is busy.
    pub const fn passing(why: String) -> Self {
        Self { why, again: Again::Later }
    }

    /// Of the alert, or of how it is sent.
    pub const fn lasting(why: String) -> Self {
        Self { why, again: Again::Never }
    }

    /// The same, with what the destination asks for.
    pub const fn with(why: String, again: Again) -> Self {
        Self { why, again }
    }
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

/// The longest rest after the first failure, and after many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// After the first.
    pub first: Duration,
    /// After many.
    pub most: Duration,
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
    /// How long it rests when one fails.
    pub retry: Retry,
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
