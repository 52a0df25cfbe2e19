//! Why a connection failed, in words that name what to look at.

use std::error::Error;
use std::io;

use rumqttc::{ConnectReturnCode, ConnectionError};
use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::config::Mqtt;

/// What the error means to whoever has to mend it.
pub(super) fn of(error: &ConnectionError, mqtt: &Mqtt) -> String {
    if let Some(tls) = tls_error(error) {
        return of_tls(tls);
    }
    match error {
        ConnectionError::ConnectionRefused(code) => of_refusal(*code),
        ConnectionError::NetworkTimeout => {
            format!("nothing answered at {}:{} within {:?}", mqtt.host, mqtt.port, mqtt.connect_within)
        }
        ConnectionError::FlushTimeout => format!("the broker took nothing for {:?}", mqtt.connect_within),
        ConnectionError::NotConnAck(_) => "what answers is no MQTT broker (mqtt.port)".to_owned(),
        other if mqtt.tls.is_none() && is_end(other) => {
            format!("{other}: the broker ended the connection; if its port wants TLS, [mqtt.tls] is missing")
        }
        other => other.to_string(),
    }
}

fn of_refusal(code: ConnectReturnCode) -> String {
    match code {
        ConnectReturnCode::BadUserNamePassword => {
            "the broker refuses the user or the password (mqtt.user, mqtt.password)"
        }
        ConnectReturnCode::NotAuthorized => {
            "the broker does not let this station in (mqtt.user, mqtt.password, the broker's access rules)"
        }
        ConnectReturnCode::BadClientId => "the broker refuses the client id minuano-<station>",
        ConnectReturnCode::RefusedProtocolVersion => "the broker does not speak MQTT 3.1.1",
        ConnectReturnCode::ServiceUnavailable => "the broker says that its service is unavailable",
        ConnectReturnCode::Success => "the broker refuses and says why not",
    }
    .to_owned()
}

fn of_tls(error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(why) => format!("TLS: {}", of_certificate(why)),
        TlsError::AlertReceived(alert) => match alert {
            AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion => {
                format!("TLS: the broker finds no common ground ({alert:?})")
            }
            _ => format!(
                "TLS: the broker refuses this station ({alert:?}); see mqtt.tls.certificate, and the broker's log"
            ),
        },
        TlsError::InvalidMessage(_) => "what answers does not speak TLS (mqtt.port)".to_owned(),
        other => format!("TLS: {other}"),
    }
}

fn of_certificate(why: &CertificateError) -> String {
    match why {
        // The latter when another authority of the same name signed it.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the broker's certificate was not signed by mqtt.tls.ca (without it: by none this system trusts)"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
            "the broker's certificate is for another name (mqtt.host, or mqtt.tls.server_name): {why}"
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the broker's certificate has expired: {why}")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the broker's certificate is not valid yet, or this clock is not set yet: {why}")
        }
        // rustls does not export the type that says so.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "the broker shows an authority's own certificate; it takes one that this authority has signed"
                .to_owned()
        }
        other => format!("the broker's certificate is refused: {other}"),
    }
}

/// The other side closed: nothing says why.
fn is_end(error: &ConnectionError) -> bool {
    io_error(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
        )
    })
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn io_error(error: &ConnectionError) -> Option<&io::Error> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// tokio-rustls hands its errors on inside those of I/O, where `source` does not lead.
fn tls_error(error: &ConnectionError) -> Option<&TlsError> {
    chain(error).find_map(|error| {
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        error.downcast_ref().or_else(|| inside.and_then(|inside| inside.downcast_ref()))
    })
}
