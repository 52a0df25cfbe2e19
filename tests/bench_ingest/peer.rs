//! The peer: a bare rumqttc subscriber that discards.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use minuano_tests::usage::cpu_of_ended_children;
use minuano_tests::{Mosquitto, SOON};
use rumqttc::{Client, Event, Incoming, MqttOptions, QoS};

/// What it took, from the first publication to the last that was heard.
pub struct Cost {
    pub took: Duration,
    pub cpu: Duration,
}

/// Hears `readings` through a fresh mosquitto, to whose port `publish` sends them.
pub fn discarding(readings: u64, publish: impl FnOnce(u16) + Send + 'static) -> Cost {
    let broker = Mosquitto::start();
    let before = cpu_of_ended_children();
    let mut peer = Command::new(std::env::current_exe().unwrap())
        .args(["discard", &broker.port.to_string(), &readings.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(peer.stdout.take().unwrap());
    said.read_line(&mut String::new()).unwrap();
    let begun = Instant::now();
    let port = broker.port;
    let publishing = thread::spawn(move || publish(port));
    assert!(peer.wait().unwrap().success());
    let took = begun.elapsed();
    publishing.join().unwrap();
    Cost { took, cpu: cpu_of_ended_children() - before }
}

/// Its whole program.
pub fn discard(port: u16, readings: u64) {
    let mut options = MqttOptions::new("discard", "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(60)).set_max_packet_size(1 << 20, 1 << 20);
    let (client, mut connection) = Client::new(options, 10);
    client.subscribe("minuano/#", QoS::AtLeastOnce).unwrap();
    let mut heard = 0;
    let since = Instant::now();
    for event in connection.iter() {
        match event {
            Ok(Event::Incoming(Incoming::SubAck(_))) => println!("ready"),
            Ok(Event::Incoming(Incoming::Publish(_))) => {
                heard += 1;
                if heard == readings {
                    return;
                }
            }
            Ok(_) => {}
            Err(error) => assert!(since.elapsed() < SOON, "{error}"),
        }
    }
}
