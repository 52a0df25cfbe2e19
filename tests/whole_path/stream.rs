//! Server-Sent Events: each reading once and in order, also after an interruption.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use minuano_tests::payload::{backlog, telemetry};
use minuano_tests::{Gateway, SOON, Settings, Wire};
use serde_json::Value;

const STREAM: &str = "9f2c41d07a3be658";
const TELEMETRY: &str = "minuano/v1/roof/telemetry";

/// An open stream, read line by line as a browser would.
pub struct Listener(BufReader<TcpStream>);

/// What the stream told.
#[derive(Debug)]
pub struct Event {
    id: Option<String>,
    kind: String,
    /// Its JSON.
    pub data: Value,
}

impl Listener {
    /// Opens it, after `last` where that is given.
    pub fn open(gateway: &Gateway, last: Option<&str>) -> Self {
        let url = gateway.url("");
        let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let head = format!(
            "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{last}\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        let mut listener = Self(BufReader::new(socket));
        let status = listener.line();
        assert!(status.contains(" 200 "), "{status}");
        while !listener.line().is_empty() {}
        listener
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("an event in time");
        line.trim_end().to_owned()
    }

    /// The next event of a kind; others, comments and the lengths of chunks are passed over.
    pub fn next(&mut self, wanted: &str) -> Event {
        let mut event = Event { id: None, kind: String::new(), data: Value::Null };
        loop {
            let line = self.line();
            match line.split_once(':') {
                Some(("id", id)) => event.id = Some(id.trim().to_owned()),
                Some(("event", kind)) => event.kind = kind.trim().to_owned(),
                Some(("data", data)) => event.data = serde_json::from_str(data.trim()).unwrap_or(Value::Null),
                None if line.is_empty() && event.kind == wanted => return event,
                None if line.is_empty() => event = Event { id: None, kind: String::new(), data: Value::Null },
                _ => {}
            }
        }
    }

    /// The `seq`s of the next readings, and the last one's id.
    fn readings(&mut self, count: usize) -> (Vec<u64>, String) {
        let events: Vec<Event> = (0..count).map(|_| self.next("reading")).collect();
        let last = events.last().unwrap().id.clone().expect("a reading has an id");
        (events.iter().map(|event| event.data["seq"].as_u64().unwrap()).collect(), last)
    }
}

#[test]
fn each_reading_comes_once_and_in_order_over_interruptions_and_restarts() {
    let mut gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    let mut listener = Listener::open(&gateway, None);
    wire.say(TELEMETRY, telemetry(STREAM, 1));
    wire.say(TELEMETRY, telemetry(STREAM, 1));
    wire.say(TELEMETRY, telemetry(STREAM, 2));
    let (seqs, last) = listener.readings(2);
    assert_eq!(seqs, [1, 2], "a repeat is no event");
    let store = gateway.get("/lake")["store"].as_str().unwrap().to_owned();
    assert!(last.starts_with(&format!("{store}-")), "{last}");

    drop(listener);
    wire.say("minuano/v1/roof/backlog", backlog(STREAM, 0, 1, 3..=40));
    gateway.wait_for_station("roof", "stored", |station| station["counts"]["stored"] == 40);
    let mut listener = Listener::open(&gateway, Some(&last));
    wire.say(TELEMETRY, telemetry(STREAM, 41));
    let (seqs, last) = listener.readings(39);
    assert!(seqs.iter().copied().eq(3..=41), "{seqs:?}");

    drop((listener, wire));
    gateway.kill_9();
    gateway.start_again();
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(TELEMETRY, telemetry(STREAM, 42));
    let (seqs, _) = Listener::open(&gateway, Some(&last)).readings(1);
    assert_eq!(seqs, [42]);
}

#[test]
fn a_listener_with_an_unknown_id_is_told_to_begin_again() {
    let gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    for id in ["00000000-5", "nonsense", "-1"] {
        let mut listener = Listener::open(&gateway, Some(id));
        listener.next("reset");
    }
    let mut listener = Listener::open(&gateway, None);
    wire.say(TELEMETRY, telemetry(STREAM, 1));
    listener.readings(1);
    wire.say_retained("minuano/v1/roof/status", r#"{"state":"offline"}"#);
    loop {
        let event = listener.next("status");
        assert_eq!(event.data["station"], "roof", "{event:?}");
        if event.data["state"] == "offline" {
            return;
        }
    }
}
