//! A mail over SMTP.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use minuano_settings::Secret;

use super::Envelope;
use super::send::SendError;
use crate::cause::chain;

const WITHIN: Duration = Duration::from_secs(30);

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// TLS before the first word (port 465).
    Tls,
    /// TLS after STARTTLS, and nothing without it (port 587).
    StartTls,
    /// Not at all: for a server on this machine.
    None,
}

/// Which server, from whom, to whom.
#[derive(Clone, Debug)]
pub struct Email {
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub protection: Protection,
    /// A PEM file's text: the authority that the server's certificate is of, beside the system's.
    pub authority: Option<Vec<u8>>,
    /// User and password.
    pub credentials: Option<(String, Secret)>,
    /// Sender.
    pub from: Mailbox,
    /// Receivers.
    pub to: Vec<Mailbox>,
}

/// Whether this PEM text holds a certificate that can be trusted.
pub fn is_authority(pem: &[u8]) -> bool {
    let begins = b"-----BEGIN CERTIFICATE-----";
    pem.windows(begins.len()).any(|window| window == begins) && Certificate::from_pem(pem).is_ok()
}

impl Email {
    /// Sends one mail to all; the server's 250 confirms.
    pub async fn send(&self, envelope: &Envelope) -> Result<(), SendError> {
        let place = format!("{}:{}", self.host, self.port);
        let failed = |error: &dyn std::error::Error| SendError::passing(format!("{place}: {}", chain(error)));
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(format!("[minuano] {}", envelope.alert.title()))
            .message_id(Some(format!("<{}@minuano.{}>", envelope.id, envelope.alert.gateway)))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let message = message.body(envelope.alert.text()).map_err(|error| failed(&error))?;
        let tls = || -> Result<TlsParameters, SendError> {
            let mut parameters = TlsParameters::builder(self.host.clone());
            if let Some(pem) = &self.authority {
                let certificate = Certificate::from_pem(pem).map_err(|error| failed(&error))?;
                parameters = parameters.add_root_certificate(certificate);
            }
            parameters.build().map_err(|error| failed(&error))
        };
        let tls = match self.protection {
            Protection::Tls => Tls::Wrapper(tls()?),
            Protection::StartTls => Tls::Required(tls()?),
            Protection::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .timeout(Some(WITHIN));
        if let Some((user, password)) = &self.credentials {
            transport = transport.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
        }
        match transport.build().send(message).await {
            Ok(_) => Ok(()),
            // 5yz: "the client should not repeat the exact request" (RFC 5321, 4.2.1).
            Err(error) if error.is_permanent() => {
                Err(SendError::lasting(format!("{place}: {}", chain(&error))))
            }
            Err(error) => Err(failed(&error)),
        }
    }
}
