//! Some stations over one connection: a new client each time, as the station itself does it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minuano_station::deliver::{Message, Next};
use minuano_telemetry::{Leaf, MAX_MESSAGE, Payload, Topic};
use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, QoS};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::stations::{Shared, Station};

/// Messages without their PUBACK.
const MAX_IN_AIR: usize = 300;
const REQUESTS: usize = 2 * MAX_IN_AIR;
const EVENTS: usize = 256;
const BREATH: Duration = Duration::from_millis(10);
const BEFORE_THE_NEXT: Duration = Duration::from_millis(150);
const KEEP_ALIVE: Duration = Duration::from_secs(10);

type Events = mpsc::Receiver<Event>;

/// Lasts until all is finished; gives the stations back.
pub async fn keep_connected(
    mut stations: Vec<Station>,
    port: u16,
    shared: Arc<Shared>,
    progress: impl Fn(Instant) -> u64,
    epoch: Instant,
) -> Vec<Station> {
    let id = format!("chaos-{}", stations[0].name);
    while !shared.is_finished() {
        let mut options = MqttOptions::new(&id, "127.0.0.1", port);
        options.set_keep_alive(KEEP_ALIVE).set_max_packet_size(1 << 20, 1 << 20);
        options.set_inflight(u16::try_from(MAX_IN_AIR).unwrap());
        let (client, mut event_loop) = AsyncClient::new(options, REQUESTS);
        let (sender, events) = mpsc::channel(EVENTS);
        let poller = tokio::spawn(async move {
            while let Ok(event) = event_loop.poll().await {
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        });
        let mut talk = Talk { stations: &mut stations, client, in_air: 0, shared: &shared, epoch };
        talk.run(events, &progress).await;
        poller.abort();
        stations.iter_mut().for_each(|station| station.deliver.disconnected());
        sleep(BEFORE_THE_NEXT).await;
    }
    stations
}

struct Talk<'a> {
    stations: &'a mut [Station],
    client: AsyncClient,
    in_air: usize,
    shared: &'a Shared,
    epoch: Instant,
}

impl Talk<'_> {
    /// Until the connection breaks.
    async fn run(&mut self, mut events: Events, progress: &impl Fn(Instant) -> u64) {
        loop {
            match events.recv().await {
                Some(Event::Incoming(Incoming::ConnAck(_))) => break,
                Some(_) => {}
                None => return,
            }
        }
        for station in self.stations.iter_mut() {
            let topic = Leaf::Acknowledged.of(station.name.clone()).to_string();
            self.client.try_subscribe(topic, QoS::AtLeastOnce).unwrap();
            station.deliver.connected(&station.log);
        }
        let places: HashMap<String, usize> = self
            .stations
            .iter()
            .enumerate()
            .map(|(place, station)| (station.name.to_string(), place))
            .collect();
        while !self.shared.is_finished() {
            let millionths = progress(Instant::now());
            for place in 0..self.stations.len() {
                let now_ms = self.now_ms();
                self.stations[place].measure(millionths, now_ms, self.shared);
                if !self.say(place) {
                    return;
                }
            }
            let first = tokio::select! {
                event = events.recv() => match event {
                    Some(event) => event,
                    None => return,
                },
                () = sleep(BREATH) => continue,
            };
            self.hear(first, &places);
            while let Ok(event) = events.try_recv() {
                self.hear(event, &places);
            }
        }
    }

    /// What the station has to say, as far as the broker keeps up. False when the client takes no more.
    fn say(&mut self, place: usize) -> bool {
        let now_ms = self.now_ms();
        let station = &mut self.stations[place];
        let mut buffer = [0; MAX_MESSAGE];
        while self.in_air < MAX_IN_AIR {
            let payload = match station.deliver.next(&mut station.log, now_ms) {
                Next::Send(Message::Streams(streams)) => Payload::Streams(streams),
                Next::Send(Message::Telemetry(batch)) => Payload::Telemetry(batch),
                Next::Send(Message::Backlog(batch)) => Payload::Backlog(batch),
                Next::Wait(_) => return true,
            };
            let leaf = payload.leaf();
            let bytes = payload.encode(&mut buffer).unwrap().to_vec();
            let topic = leaf.of(station.name.clone()).to_string();
            if self.client.try_publish(topic, QoS::AtLeastOnce, leaf.retained(), bytes).is_err() {
                return false;
            }
            self.in_air += 1;
        }
        true
    }

    fn hear(&mut self, event: Event, places: &HashMap<String, usize>) {
        match event {
            Event::Incoming(Incoming::PubAck(_)) => self.in_air = self.in_air.saturating_sub(1),
            Event::Incoming(Incoming::Publish(publish)) => {
                let topic: Topic = publish.topic.parse().unwrap();
                let Ok(Payload::Acknowledged(said)) = Payload::decode(topic.leaf, &publish.payload) else {
                    panic!("{} carries {:?}", publish.topic, publish.payload);
                };
                let now_ms = self.now_ms();
                let station = &mut self.stations[places[topic.station.as_str()]];
                for of in &said.streams {
                    station.obey(of.stream, of.through, now_ms, self.shared);
                }
            }
            _ => {}
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap()
    }
}
