//! From a station's time to the event on `/stream`, as a browser would see it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;

use minuano_telemetry::Millis;
use minuano_tests::payload::now_ms;
use minuano_tests::{Bucket, Mosquitto};

use crate::load::gateway;
use crate::paced::publish;

const STATIONS: u64 = 1_000;

/// Everything on, the commits as they come, one listener.
pub fn run(rate: u64, seconds: u64) {
    println!("── latency: station's time to event, {rate} readings a second for {seconds} s");
    let (broker, bucket) = (Mosquitto::start(), Bucket::start());
    let gateway = gateway(Some(broker.port), &bucket, "");
    let address = gateway.url("").trim_start_matches("http://").to_owned();
    let wanted = usize::try_from(rate * seconds).unwrap();
    let listening = thread::spawn(move || listen(&address, wanted));
    publish(broker.port, rate, seconds, STATIONS, |_| {});
    let mut delays = listening.join().unwrap();
    delays.sort_unstable();
    let at = |share: usize| delays[(delays.len() * share / 1000).min(delays.len() - 1)];
    println!("   p50 {} ms, p99 {} ms, p99.9 {} ms, worst {} ms", at(500), at(990), at(999), at(1000));
}

fn listen(address: &str, wanted: usize) -> Vec<i64> {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "GET /api/v1/stream HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n")
        .unwrap();
    let mut delays = Vec::with_capacity(wanted);
    for line in BufReader::new(socket).lines() {
        let line = line.unwrap();
        assert!(!line.starts_with("event: reset"), "the listener fell behind");
        let Some((_, rest)) = line.split_once("\"observed_at\":\"") else { continue };
        let at: Millis = rest.split('"').next().unwrap().parse().unwrap();
        delays.push(i64::try_from(now_ms()).unwrap() - at.get());
        if delays.len() == wanted {
            break;
        }
    }
    delays
}
