//! One MQTT connection: a rumqttc client and event loop that live no longer than it.
//!
//! After a reconnect rumqttc forgets what was queued and resends what it remembers, in its own order; the log
//! knows better, so a connection that ends takes its client with it. One task owns `poll()`, which is not safe
//! to cancel, and passes on what happens.

use std::time::{Duration, Instant};

use minuano_telemetry::{
    Discovery, Leaf, MAX_MESSAGE, Payload, StationName, StationState, Status, StreamId, Topic,
};
use rumqttc::mqttbytes::v4::SubscribeReasonCode;
use rumqttc::{
    AsyncClient, Event as Raw, EventLoop, Incoming, LastWill, MqttOptions, NetworkOptions, Outgoing, QoS,
    TlsConfiguration, Transport,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::warn;

use super::in_air::InAir;
use super::reason;
use crate::config::Mqtt;

/// The most messages published and not yet confirmed by PUBACK. The queue toward rumqttc has room for them
/// all, so that publishing never waits; its own bound (100) is larger.
pub(super) const MAX_IN_AIR: usize = 48;
const REQUESTS: usize = MAX_IN_AIR + 16;
const EVENTS: usize = 64;
/// A message with its topic and the packet's header.
const MAX_PACKET: usize = MAX_MESSAGE + 256;

/// The readings in a message: a stream, the first and the last `seq`.
pub(super) type Readings = (StreamId, u64, u64);

/// What happens on a connection.
#[derive(Debug)]
pub(super) enum Event {
    /// The broker took the connection.
    Connected,
    /// A message came on a topic.
    Message(String, Vec<u8>),
    /// The broker has a message of ours.
    Confirmed(Option<Readings>),
    /// It is over.
    Closed(String),
}

/// A connection, from its first attempt to its end.
pub(super) struct Connection {
    client: AsyncClient,
    events: mpsc::Receiver<Result<Raw, String>>,
    poller: JoinHandle<()>,
    station: StationName,
    buffer: Vec<u8>,
    in_air: InAir<Option<Readings>>,
}

/// The connection takes no more.
#[derive(Debug, thiserror::Error)]
pub(super) enum PublishError {
    #[error("the {0} message does not fit {MAX_MESSAGE} bytes")]
    TooLarge(&'static str),
    #[error("the MQTT client takes no more messages")]
    Refused,
}

impl Connection {
    /// Begins to connect. It says how that went.
    pub(super) fn open(mqtt: &Mqtt, station: &StationName) -> Self {
        let (client, mut event_loop) = AsyncClient::new(options(mqtt, station), REQUESTS);
        let mut network = NetworkOptions::new();
        network.set_connection_timeout(mqtt.connect_within.as_secs());
        event_loop.set_network_options(network);
        let (sender, events) = mpsc::channel(EVENTS);
        Self {
            client,
            events,
            poller: tokio::spawn(poll(event_loop, sender, mqtt.clone())),
            station: station.clone(),
            buffer: vec![0; MAX_MESSAGE],
            in_air: InAir::new(),
        }
    }

    /// What happens next. May be cancelled.
    pub(super) async fn event(&mut self) -> Event {
        loop {
            let raw = match self.events.recv().await {
                Some(Ok(raw)) => raw,
                Some(Err(reason)) => return Event::Closed(reason),
                None => return Event::Closed("the MQTT client has failed".to_owned()),
            };
            match raw {
                Raw::Incoming(Incoming::ConnAck(_)) => return Event::Connected,
                Raw::Incoming(Incoming::Publish(publish)) => {
                    return Event::Message(publish.topic, publish.payload.to_vec());
                }
                Raw::Incoming(Incoming::PubAck(ack)) => {
                    return Event::Confirmed(self.in_air.confirmed(ack.pkid, Instant::now()).flatten());
                }
                Raw::Incoming(Incoming::SubAck(ack))
                    if ack.return_codes.contains(&SubscribeReasonCode::Failure) =>
                {
                    warn!("the broker refuses a subscription: check its access rules");
                }
                Raw::Incoming(Incoming::Disconnect) => {
                    return Event::Closed("the broker has ended the connection".to_owned());
                }
                Raw::Outgoing(Outgoing::Publish(pkid)) => self.in_air.sent(pkid),
                _ => {}
            }
        }
    }

    /// Subscribes to a leaf under the station's own name.
    pub(super) fn subscribe(&self, leaf: Leaf) -> Result<(), PublishError> {
        self.subscribe_to(&leaf.of(self.station.clone()).to_string())
    }

    /// Subscribes to a topic of others.
    pub(super) fn subscribe_to(&self, topic: &str) -> Result<(), PublishError> {
        self.client.try_subscribe(topic, QoS::AtLeastOnce).map_err(|_| PublishError::Refused)
    }

    /// Publishes at QoS 1; the event that confirms it gives `readings` back.
    pub(super) fn publish(
        &mut self,
        payload: &Payload,
        readings: Option<Readings>,
    ) -> Result<(), PublishError> {
        let leaf = payload.leaf();
        let bytes =
            payload.encode(&mut self.buffer).map_err(|_| PublishError::TooLarge(leaf.word()))?.to_vec();
        self.hand_over(&leaf.of(self.station.clone()).to_string(), leaf.retained(), bytes, readings)
    }

    /// Publishes to Home Assistant, retained.
    pub(super) fn announce(&mut self, topic: &str, discovery: &Discovery) -> Result<(), PublishError> {
        let encoded = discovery.encode(&mut self.buffer);
        let bytes = encoded.map_err(|_| PublishError::TooLarge("discovery"))?.to_vec();
        self.hand_over(topic, true, bytes, None)
    }

    fn hand_over(
        &mut self,
        topic: &str,
        retained: bool,
        bytes: Vec<u8>,
        readings: Option<Readings>,
    ) -> Result<(), PublishError> {
        self.client
            .try_publish(topic, QoS::AtLeastOnce, retained, bytes)
            .map_err(|_| PublishError::Refused)?;
        self.in_air.published(readings, Instant::now());
        Ok(())
    }

    /// How many messages are published and not confirmed.
    pub(super) fn unconfirmed(&self) -> usize {
        self.in_air.len()
    }

    /// How long the broker has confirmed nothing of them.
    pub(super) fn stalled(&self) -> Duration {
        self.in_air.stalled(Instant::now())
    }

    /// Ends it as MQTT wants, so that the broker does not publish the last will.
    pub(super) async fn close(mut self) {
        if self.client.try_disconnect().is_ok() {
            // The broker closes its end; until then the packet may not have left.
            while !matches!(self.event().await, Event::Closed(_)) {}
        }
    }

    /// Whether this topic is the station's own leaf.
    pub(super) fn is_own(&self, topic: &str, leaf: Leaf) -> bool {
        topic.parse::<Topic>().is_ok_and(|topic| topic.leaf == leaf && topic.station == self.station)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

/// Owns the event loop to its end.
async fn poll(mut event_loop: EventLoop, events: mpsc::Sender<Result<Raw, String>>, mqtt: Mqtt) {
    loop {
        let event = event_loop.poll().await.map_err(|error| reason::of(&error, &mqtt));
        let ended = event.is_err();
        // The next poll after an error would connect again.
        if events.send(event).await.is_err() || ended {
            return;
        }
    }
}

fn options(mqtt: &Mqtt, station: &StationName) -> MqttOptions {
    // An IPv6 address without brackets: rumqttc looks up host:port whole, which works, and takes the host alone as
    // the name in the certificate, where brackets do not.
    let mut options = MqttOptions::new(format!("minuano-{station}"), &mqtt.host, mqtt.port);
    if let Some(tls) = &mqtt.tls {
        options.set_transport(Transport::Tls(TlsConfiguration::Rustls(tls.0.clone())));
    }
    options.set_keep_alive(mqtt.keep_alive);
    options.set_clean_session(true);
    options.set_max_packet_size(MAX_PACKET, MAX_PACKET);
    if let Some(user) = &mqtt.user {
        let password = mqtt.password.as_ref().map_or("", |password| password.reveal());
        options.set_credentials(user, password);
    }
    let mut buffer = [0; 64];
    let offline = Payload::Status(Status { state: StationState::Offline });
    if let Ok(will) = offline.encode(&mut buffer) {
        let topic = Leaf::Status.of(station.clone()).to_string();
        options.set_last_will(LastWill::new(topic, will.to_vec(), QoS::AtLeastOnce, true));
    }
    options
}
