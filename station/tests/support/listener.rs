//! A subscriber that remembers everything.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rumqttc::{Client, Event, Incoming, MqttOptions, QoS};

use super::wait_for;

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub topic: String,
    pub payload: Vec<u8>,
    pub retained: bool,
}

pub struct Listener {
    client: Client,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Listener {
    pub fn subscribed(port: u16, id: &str, filter: &'static str) -> Self {
        let mut options = MqttOptions::new(id, "127.0.0.1", port);
        options.set_max_packet_size(64 * 1024, 64 * 1024);
        let (client, mut connection) = Client::new(options, 100);
        let (heard, ready) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(false)));
        let listener = Self { client: client.clone(), heard: heard.clone() };
        thread::spawn({
            let ready = ready.clone();
            move || {
                for event in connection.iter() {
                    match event {
                        Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                            let _ = client.try_subscribe(filter, QoS::AtLeastOnce);
                        }
                        Ok(Event::Incoming(Incoming::SubAck(_))) => *ready.lock().unwrap() = true,
                        Ok(Event::Incoming(Incoming::Publish(publish))) => {
                            let (topic, retained) = (publish.topic, publish.retain);
                            let payload = publish.payload.to_vec();
                            heard.lock().unwrap().push(Heard { topic, payload, retained });
                        }
                        Err(_) => thread::sleep(Duration::from_millis(20)),
                        _ => {}
                    }
                }
            }
        });
        wait_for("a subscription", || ready.lock().unwrap().then_some(()));
        listener
    }

    pub fn on(&self, topic: &str) -> Vec<Heard> {
        self.heard.lock().unwrap().iter().filter(|heard| heard.topic == topic).cloned().collect()
    }

    pub fn wait_on(&self, topic: &str, count: usize) -> Vec<Heard> {
        wait_for(&format!("{count} messages on {topic}"), || {
            let heard = self.on(topic);
            (heard.len() >= count).then_some(heard)
        })
    }

    pub fn publish(&self, topic: &str, payload: &[u8]) {
        self.client.publish(topic, QoS::AtLeastOnce, false, payload).unwrap();
    }
}
