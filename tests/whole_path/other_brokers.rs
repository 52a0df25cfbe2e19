//! RabbitMQ and ActiveMQ in mosquitto's place. They are large, so `cargo xtask test brokers` installs them and runs this.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use minuano_tests::activemq::ActiveMq;
use minuano_tests::rabbitmq::RabbitMq;
use minuano_tests::{Gateway, Mosquitto, SOON, Settings, Station};
use rumqttc::{Client, Event, MqttOptions, Packet, Publish, QoS, SubscribeReasonCode};

use crate::accounting::{BACKLOG, BUS, stop_and_account, stored_at_least, total};

#[test]
#[ignore = "cargo xtask test brokers installs RabbitMQ"]
fn nothing_is_lost_over_rabbitmq() {
    let mut broker = RabbitMq::start();
    measured_is_stored(broker.port, || broker.restart());
}

#[test]
#[ignore = "cargo xtask test brokers installs ActiveMQ"]
fn nothing_is_lost_over_activemq() {
    let mut broker = ActiveMq::start();
    measured_is_stored(broker.port, || broker.restart());
}

/// Three stations with a backlog and live readings; the broker and the gateway are killed on the way.
fn measured_is_stored(port: u16, mut restart: impl FnMut()) {
    let mut gateway = Gateway::start(&Settings { broker: Some(port), ..Settings::default() });
    let mut stations = ["roof", "garden", "shed"].map(|name| Station::start(name, port, BUS));
    stored_at_least(&gateway, &stations, 300);
    restart();
    let before = total(&gateway, &stations);
    stored_at_least(&gateway, &stations, before / 3 + 300);
    gateway.kill_9();
    gateway.start_again();
    stored_at_least(&gateway, &stations, BACKLOG);
    stop_and_account(&gateway, &mut stations);
    assert_eq!(gateway.stop(), Some(0));
}

/// What a broker does of what MQTT allows; the table of docs/brokers.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ways {
    /// It takes MQTT 5.
    version_5: bool,
    /// The quality that it grants to who asks for 2.
    most_qos: u8,
    /// A subscription with a wildcard is given what was retained before it.
    retained_for_wildcards: bool,
    /// A subscription by name is given it.
    retained_by_name: bool,
    /// What came while a client with a persistent session was away waits for it.
    sessions: bool,
}

/// Everything that the specification allows.
const ALL: Ways = Ways {
    version_5: true,
    most_qos: 2,
    retained_for_wildcards: true,
    retained_by_name: true,
    sessions: true,
};

#[test]
fn what_mosquitto_does() {
    let broker = Mosquitto::start();
    assert_eq!(ways(broker.port), ALL);
}

#[test]
fn what_the_embedded_broker_does() {
    let gateway = Gateway::start(&Settings::default());
    let found = ways(gateway.mqtt_port);
    assert_eq!(found, Ways { version_5: false, ..ALL });
}

#[test]
#[ignore = "cargo xtask test brokers installs RabbitMQ"]
fn what_rabbitmq_does() {
    let broker = RabbitMq::start();
    let found = ways(broker.port);
    assert_eq!(found, Ways { version_5: false, most_qos: 1, retained_for_wildcards: false, ..ALL });
}

#[test]
#[ignore = "cargo xtask test brokers installs ActiveMQ"]
fn what_activemq_does() {
    let broker = ActiveMq::start();
    assert_eq!(ways(broker.port), Ways { version_5: false, ..ALL });
}

fn ways(port: u16) -> Ways {
    say(port, "minuano/v1/roof/about", true);
    let mut by_name = Listener::connect(port, "by-name", true);
    let mut by_wildcard = Listener::connect(port, "by-wildcard", true);
    by_name.subscribe("minuano/v1/roof/about");
    let most_qos = by_wildcard.subscribe("minuano/v1/+/about");
    let (retained_by_name, retained_for_wildcards) = (by_name.is_told(), by_wildcard.is_told());

    let mut away = Listener::connect(port, "away", false);
    away.subscribe("minuano/v1/shed/telemetry");
    away.leave();
    say(port, "minuano/v1/shed/telemetry", false);
    let mut back = Listener::connect(port, "away", false);
    let sessions = back.is_told();
    Ways { version_5: takes_version_5(port), most_qos, retained_for_wildcards, retained_by_name, sessions }
}

/// Publishes at quality 1 and waits until the broker has it.
fn say(port: u16, topic: &str, retained: bool) {
    let mut speaker = Listener::connect(port, "speaker", true);
    speaker.client.publish(topic, QoS::AtLeastOnce, retained, "{}").unwrap();
    speaker.until("its acknowledgement", |packet| matches!(packet, Packet::PubAck(_)).then_some(()));
    speaker.leave();
}

/// A client that does what it is told, step by step.
struct Listener {
    client: Client,
    connection: rumqttc::Connection,
    told: Vec<Publish>,
}

/// How long is waited for what may never come. All brokers answer within a small part of it.
const SILENCE: Duration = Duration::from_secs(3);

impl Listener {
    fn connect(port: u16, id: &str, clean: bool) -> Self {
        let mut options = MqttOptions::new(format!("minuano-tests-{id}"), "127.0.0.1", port);
        options.set_clean_session(clean);
        let (client, connection) = Client::new(options, 10);
        let mut listener = Self { client, connection, told: Vec::new() };
        listener.until("a connection", |packet| matches!(packet, Packet::ConnAck(_)).then_some(()));
        listener
    }

    /// Gives the quality granted to who asks for 2.
    fn subscribe(&mut self, topic: &str) -> u8 {
        self.client.subscribe(topic, QoS::ExactlyOnce).unwrap();
        self.until("a subscription", |packet| match packet {
            Packet::SubAck(answer) => match answer.return_codes[0] {
                SubscribeReasonCode::Success(granted) => Some(granted as u8),
                SubscribeReasonCode::Failure => panic!("{topic} is refused"),
            },
            _ => None,
        })
    }

    /// Whether a message came or comes.
    fn is_told(&mut self) -> bool {
        while self.told.is_empty() {
            match self.connection.recv_timeout(SILENCE) {
                Ok(Ok(Event::Incoming(Packet::Publish(message)))) => self.told.push(message),
                Ok(Ok(_)) => {}
                _ => return false,
            }
        }
        true
    }

    /// Ends the connection and waits until it has ended.
    fn leave(mut self) {
        self.client.disconnect().unwrap();
        while let Ok(Ok(_)) = self.connection.recv_timeout(SOON) {}
    }

    fn until<T>(&mut self, what: &str, wanted: impl Fn(&Packet) -> Option<T>) -> T {
        loop {
            match self.connection.recv_timeout(SOON) {
                Ok(Ok(Event::Incoming(packet))) => {
                    if let Some(found) = wanted(&packet) {
                        return found;
                    }
                    if let Packet::Publish(message) = packet {
                        self.told.push(message);
                    }
                }
                Ok(Ok(_)) => {}
                other => panic!("waited in vain for {what}: {other:?}"),
            }
        }
    }
}

/// A CONNECT of MQTT 5, by hand, is answered with success.
fn takes_version_5(port: u16) -> bool {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    // Protocol MQTT, level 5, clean start, keep-alive 60 s, no properties, client id "five".
    socket.write_all(b"\x10\x11\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x04five").unwrap();
    let mut answer = [0; 5];
    // Brokers that do not know it close the connection, with or without an answer of an earlier version.
    socket.read_exact(&mut answer).is_ok() && answer[0] == 0x20 && answer[1] > 2 && answer[3] == 0
}
