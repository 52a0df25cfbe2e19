//! How a broker is dialled: by the session, by `take-over`, and by whoever only wants to know whether it answers.

use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Packet, TlsConfiguration,
    Transport,
};

use crate::cause::chain;
use crate::config::MqttConfig;

/// The largest packet that MQTT knows: a smaller bound would let one station's message end the
/// connection of all. What is too large for Minuano is refused and counted.
const MAX_INCOMING: usize = 268_435_455;
const MAX_OUTGOING: usize = 64 * 1024;

/// What rumqttc needs to know of `broker`.
pub fn options(broker: &MqttConfig, client_id: String) -> MqttOptions {
    let mut options = MqttOptions::new(client_id, &broker.host, broker.port);
    if let Some(tls) = &broker.tls {
        options.set_transport(Transport::Tls(TlsConfiguration::Rustls(tls.0.clone())));
    }
    options
        .set_keep_alive(broker.keep_alive)
        .set_clean_session(true)
        .set_max_packet_size(MAX_INCOMING, MAX_OUTGOING);
    if let Some(user) = &broker.user {
        options.set_credentials(user, broker.password.as_ref().map_or("", |password| password.reveal()));
    }
    options
}

/// Connects a client that is used for this one connection; gives in words why it could not.
pub async fn connect(broker: &MqttConfig, client_id: String, requests: usize) -> Result<Line, String> {
    let (client, mut events) = AsyncClient::new(options(broker, client_id), requests);
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(answer))) if answer.code == ConnectReturnCode::Success => {
                return Ok(Line { client, events });
            }
            Ok(Event::Incoming(Packet::ConnAck(answer))) => return Err(of_refusal(answer.code)),
            Ok(_) => {}
            Err(error) => return Err(why(&error, broker)),
        }
    }
}

/// A connection that the broker has taken.
pub struct Line {
    /// To speak.
    pub client: AsyncClient,
    /// To hear. One task owns it, outside any `select!`.
    pub events: EventLoop,
}

/// What an error means to whoever has to mend it.
pub fn why(error: &ConnectionError, broker: &MqttConfig) -> String {
    match error {
        ConnectionError::ConnectionRefused(code) => of_refusal(*code),
        ConnectionError::NotConnAck(_) => "what answers there is no MQTT broker".to_owned(),
        other => {
            let mut said = chain(other);
            if broker.tls.is_none() && ["closed", "reset", "Broken pipe"].iter().any(|end| said.contains(end))
            {
                said.push_str("; if its port wants TLS, [mqtt.tls] is missing");
            }
            said
        }
    }
}

fn of_refusal(code: ConnectReturnCode) -> String {
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => {
            "the broker does not let this gateway in (user, password_file, tls.certificate, the broker's rules)"
                .to_owned()
        }
        ConnectReturnCode::RefusedProtocolVersion => "the broker does not speak MQTT 3.1.1".to_owned(),
        other => format!("the broker refuses: {other:?}"),
    }
}
