//! A publication on the first of the gateway's brokers.

use std::time::Duration;

use minuano_telemetry::GatewayName;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

use super::Envelope;
use super::send::SendError;
use crate::config::MqttConfig;

const WITHIN: Duration = Duration::from_secs(15);

/// Where to publish.
#[derive(Clone, Debug)]
pub struct Mqtt {
    /// The broker.
    pub broker: MqttConfig,
    /// The topic.
    pub topic: String,
}

impl Mqtt {
    /// Publishes with QoS 1 on a connection of its own, so that PUBACK is that of this alert.
    pub async fn send(
        &self,
        gateway: &GatewayName,
        name: &str,
        envelope: &Envelope,
    ) -> Result<(), SendError> {
        let body = serde_json::to_vec(envelope).map_err(|error| SendError::Broker(error.to_string()))?;
        let id = format!("minuano.gateway.{gateway}.alert.{name}");
        let mut options = MqttOptions::new(id, &self.broker.host, self.broker.port);
        options.set_clean_session(true).set_keep_alive(self.broker.keep_alive);
        if let (Some(user), Some(password)) = (&self.broker.user, &self.broker.password) {
            options.set_credentials(user, password.reveal());
        }
        let (client, mut events) = AsyncClient::new(options, 4);
        client
            .try_publish(&self.topic, QoS::AtLeastOnce, false, body)
            .map_err(|error| SendError::Broker(error.to_string()))?;
        let confirmed = async {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::PubAck(_))) => return Ok(()),
                    Ok(_) => {}
                    Err(error) => return Err(SendError::Broker(format!("is lost: {error}"))),
                }
            }
        };
        let said = tokio::time::timeout(WITHIN, confirmed).await;
        let said = said.unwrap_or_else(|_| Err(SendError::Broker("did not confirm within 15 s".to_owned())));
        if said.is_ok() && client.try_disconnect().is_ok() {
            // Until the goodbye is out; whatever becomes of it, the alert is confirmed.
            let _ = tokio::time::timeout(Duration::from_millis(200), async {
                while events.poll().await.is_ok() {}
            })
            .await;
        }
        said
    }
}
