//! A publication on the first of the gateway's brokers.

use std::time::Duration;

use minuano_telemetry::GatewayName;
use rumqttc::{Event, Packet, QoS};

use super::Envelope;
use super::send::SendError;
use crate::config::MqttConfig;
use crate::ingest::dial::{self, Line};

const WITHIN: Duration = Duration::from_secs(15);
/// Room in the client for one publication and the goodbye.
const REQUESTS: usize = 4;

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
        let body = serde_json::to_vec(envelope).map_err(|error| SendError::lasting(error.to_string()))?;
        let id = format!("minuano.gateway.{gateway}.alert.{name}");
        let place = format!("{}:{}", self.broker.host, self.broker.port);
        let failed = |why: String| SendError::passing(format!("{place}: {why}"));
        let confirmed = async {
            let Line { client, mut events } = dial::connect(&self.broker, id, REQUESTS).await?;
            client
                .try_publish(&self.topic, QoS::AtLeastOnce, false, body)
                .map_err(|error| error.to_string())?;
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::PubAck(_))) => return Ok(Line { client, events }),
                    Ok(_) => {}
                    Err(error) => return Err(dial::why(&error, &self.broker)),
                }
            }
        };
        let Line { client, mut events } = match tokio::time::timeout(WITHIN, confirmed).await {
            Ok(said) => said.map_err(failed)?,
            Err(_) => return Err(failed("no confirmation within 15 s".to_owned())),
        };
        if client.try_disconnect().is_ok() {
            // Until the goodbye is out; whatever becomes of it, the alert is confirmed.
            let _ = tokio::time::timeout(Duration::from_millis(200), async {
                while events.poll().await.is_ok() {}
            })
            .await;
        }
        Ok(())
    }
}
