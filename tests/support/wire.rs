//! An MQTT client that says anything, good or bad, and remembers what it heard: a hand-made station.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rumqttc::{Client, Event, Incoming, MqttOptions, QoS};
use serde_json::Value;

use crate::{SOON, eventually};

/// Larger than the largest bad message.
const MAX_PACKET: usize = 4 << 20;

static WIRES: AtomicU64 = AtomicU64::new(0);

/// A message that came.
#[derive(Clone, Debug)]
pub struct Heard {
    /// On which topic.
    pub topic: String,
    /// Whether the broker had kept it.
    pub retained: bool,
    /// The bytes.
    pub payload: Vec<u8>,
}

impl Heard {
    /// The payload as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap_or(Value::Null)
    }
}

#[derive(Default)]
struct Seen {
    subscribed: bool,
    confirmed: u64,
    heard: Vec<Heard>,
    broken: Option<String>,
}

/// A connection that listens to everything under `minuano/`. Its loss fails the test.
pub struct Wire {
    client: Client,
    seen: Arc<Mutex<Seen>>,
    said: Mutex<u64>,
}

impl Wire {
    /// Connects and subscribes.
    pub fn connect(port: u16) -> Self {
        let wire = Self::without_ears(port);
        wire.client.subscribe("minuano/#", QoS::AtLeastOnce).unwrap();
        wire.wait("a subscription", |seen| seen.subscribed.then_some(()));
        wire
    }

    /// Connects, and only speaks.
    pub fn without_ears(port: u16) -> Self {
        let number = WIRES.fetch_add(1, Ordering::Relaxed);
        let id = format!("wire-{number}");
        let mut options = MqttOptions::new(id, "127.0.0.1", port);
        // On the loopback nobody goes away unseen; but a broker may be stopped for minutes while others measure.
        options.set_max_packet_size(MAX_PACKET, MAX_PACKET).set_keep_alive(Duration::from_secs(1200));
        let (client, mut connection) = Client::new(options, 100);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for event in connection.iter() {
                let mut seen = shared.lock().unwrap();
                match event {
                    Ok(Event::Incoming(Incoming::SubAck(_))) => seen.subscribed = true,
                    Ok(Event::Incoming(Incoming::PubAck(_))) => seen.confirmed += 1,
                    Ok(Event::Incoming(Incoming::Publish(publish))) => seen.heard.push(Heard {
                        topic: publish.topic.clone(),
                        retained: publish.retain,
                        payload: publish.payload.to_vec(),
                    }),
                    Ok(_) => {}
                    Err(error) => {
                        seen.broken = Some(error.to_string());
                        return;
                    }
                }
            }
        });
        Self { client, seen, said: Mutex::new(0) }
    }

    /// Publishes as fast as the broker takes them, and waits until it has them all.
    pub fn flood(&self, topic: &str, payloads: impl Iterator<Item = String>) {
        let mut said = self.said.lock().unwrap();
        for payload in payloads {
            self.client.publish(topic, QoS::AtLeastOnce, false, payload).unwrap();
            *said += 1;
        }
        self.wait(&format!("the broker to take {topic}"), |seen| (seen.confirmed >= *said).then_some(()));
    }

    /// Publishes, and waits until the broker has it.
    pub fn say(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.publish(topic, false, payload.into());
    }

    /// Publishes a message for the broker to keep.
    pub fn say_retained(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.publish(topic, true, payload.into());
    }

    /// Waits until it has heard something on `topic` that fits.
    pub fn hear<T>(&self, topic: &str, what: &str, mut fits: impl FnMut(&Heard) -> Option<T>) -> T {
        self.wait(&format!("{what} on {topic}"), |seen| {
            seen.heard.iter().filter(|heard| heard.topic == topic).find_map(&mut fits)
        })
    }

    /// All that it has heard on `topic`.
    pub fn heard(&self, topic: &str) -> Vec<Heard> {
        let seen = self.seen.lock().unwrap();
        seen.heard.iter().filter(|heard| heard.topic == topic).cloned().collect()
    }

    fn publish(&self, topic: &str, retain: bool, payload: Vec<u8>) {
        let mut said = self.said.lock().unwrap();
        self.client.publish(topic, QoS::AtLeastOnce, retain, payload).unwrap();
        *said += 1;
        self.wait(&format!("the broker to take {topic}"), |seen| (seen.confirmed >= *said).then_some(()));
    }

    fn wait<T>(&self, what: &str, mut condition: impl FnMut(&Seen) -> Option<T>) -> T {
        eventually(what, SOON, || {
            let seen = self.seen.lock().unwrap();
            if let Some(broken) = &seen.broken {
                panic!("the connection broke while waiting for {what}: {broken}");
            }
            condition(&seen)
        })
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // The thread ends with the connection.
        let _ = self.client.try_disconnect();
    }
}
