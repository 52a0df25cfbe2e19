//! A subscriber that remembers what came and, when told to, acknowledges it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use minuano_telemetry::{Acknowledged, Leaf, Payload, StreamId, Through, Topic};
use rumqttc::{Client, Event, Incoming, MqttOptions, QoS};

use super::wait_for;

pub struct Gateway {
    client: Client,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
pub struct Seen {
    /// Everything that came, in order, `retained` or not.
    pub messages: Vec<(Payload, bool)>,
    /// Readings by identity.
    pub stored: BTreeMap<StreamId, BTreeSet<u64>>,
    acknowledges: bool,
    connected: u32,
}

impl Seen {
    pub fn of(&self, leaf: Leaf) -> impl Iterator<Item = &Payload> {
        self.messages.iter().map(|(payload, _)| payload).filter(move |payload| payload.leaf() == leaf)
    }

    /// How many readings of all streams came.
    pub fn count(&self) -> usize {
        self.stored.values().map(BTreeSet::len).sum()
    }
}

impl Gateway {
    pub fn subscribed(port: u16, acknowledges: bool) -> Self {
        let mut options = MqttOptions::new(format!("gateway-{acknowledges}"), "127.0.0.1", port);
        options.set_max_packet_size(64 * 1024, 64 * 1024);
        options.set_clean_session(true);
        let (client, mut connection) = Client::new(options, 1_000);
        let seen = Arc::new(Mutex::new(Seen { acknowledges, ..Seen::default() }));
        let gateway = Self { client: client.clone(), seen: seen.clone() };
        thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                        let _ = client.try_subscribe("minuano/v1/+/#", QoS::AtLeastOnce);
                    }
                    Ok(Event::Incoming(Incoming::SubAck(_))) => seen.lock().unwrap().connected += 1,
                    Ok(Event::Incoming(Incoming::Publish(publish))) => {
                        let topic: Topic = publish.topic.parse().unwrap();
                        if let Ok(payload) = Payload::decode(topic.leaf, &publish.payload) {
                            take(&client, &mut seen.lock().unwrap(), &topic, payload, publish.retain);
                        }
                    }
                    // The broker is away; without a pause this loop would spin.
                    Err(_) => thread::sleep(Duration::from_millis(20)),
                    _ => {}
                }
            }
        });
        gateway.wait("a subscription", |seen| (seen.connected > 0).then_some(()));
        gateway
    }

    pub fn wait<T>(&self, what: &str, mut condition: impl FnMut(&Seen) -> Option<T>) -> T {
        wait_for(what, || condition(&self.seen.lock().unwrap()))
    }

    pub fn acknowledge_from_now_on(&self) {
        self.seen.lock().unwrap().acknowledges = true;
    }

    pub fn publish(&self, station: &str, leaf: Leaf, bytes: &[u8]) {
        let topic = leaf.of(station.parse().unwrap()).to_string();
        self.client.publish(topic, QoS::AtLeastOnce, leaf.retained(), bytes).unwrap();
    }
}

fn take(client: &Client, seen: &mut Seen, topic: &Topic, payload: Payload, retained: bool) {
    if let Payload::Telemetry(batch) | Payload::Backlog(batch) = &payload {
        let stored = seen.stored.entry(batch.stream).or_default();
        stored.extend(batch.readings.iter().map(|reading| reading.seq));
        let mut through = batch.cursor;
        while stored.contains(&(through + 1)) {
            through += 1;
        }
        if seen.acknowledges {
            let through = Through { stream: batch.stream, through };
            let streams = heapless::Vec::from_slice(&[through]).unwrap();
            let message = Payload::Acknowledged(Acknowledged { gateway: "test".parse().unwrap(), streams });
            let mut buffer = [0; 512];
            let bytes = message.encode(&mut buffer).unwrap();
            let topic = Leaf::Acknowledged.of(topic.station.clone()).to_string();
            let _ = client.try_publish(topic, QoS::AtLeastOnce, true, bytes);
        }
    }
    seen.messages.push((payload, retained));
}
