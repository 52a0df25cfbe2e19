//! What systemd hears, on a real socket in its place.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::broker::Broker;
use crate::support::gateway::Gateway;
use crate::support::station::{QUICK, Station};
use crate::{RUN, some_readings};

struct Systemd {
    socket: UnixDatagram,
    folder: TempDir,
}

impl Systemd {
    fn listening() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { socket, folder }
    }

    fn start(&self, port: u16, watchdog: Option<&str>, more: &str) -> Station {
        let path = self.folder.path().join("notify");
        let mut environment = vec![("NOTIFY_SOCKET", path.to_str().unwrap())];
        environment.extend(watchdog.map(|micros| ("WATCHDOG_USEC", micros)));
        Station::start_at("127.0.0.1", port, QUICK, more, &environment)
    }

    fn next(&self) -> String {
        let mut bytes = [0; 4_096];
        let length = self.socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    fn wait(&self, condition: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            let message = self.next();
            if condition(&message) {
                return message;
            }
        }
        panic!("systemd waited in vain");
    }
}

#[test]
fn it_is_ready_and_alive_without_any_broker() {
    let (systemd, broker) = (Systemd::listening(), Broker::absent());
    let mut station = systemd.start(broker.port, Some("600000"), "[run]\nstop_within = \"0s\"");
    assert_eq!(systemd.next(), "READY=1\n");
    station.wait_until_said("no connection");
    let began = Instant::now();
    for _ in 0..5 {
        systemd.wait(|message| message == "WATCHDOG=1\n");
    }
    assert!(began.elapsed() < Duration::from_millis(600) * 5, "a ping in each interval at least");
    let status = systemd.wait(|message| message.contains("bme280 at 0x76"));
    assert!(status.starts_with("STATUS=no link to 127.0.0.1:"), "{status}");
    station.terminate();
    let last = systemd.wait(|message| message.contains("STOPPING=1"));
    assert!(last.contains("STATUS=stopping"), "{last}");
    assert_eq!(station.ended().code(), Some(0));
}

/// The lock in the log's folder is a pipe that nobody reads: opening it takes as long as a card that hangs.
#[test]
fn a_disk_that_hangs_starves_the_watchdog_and_is_named_until_it_goes_on() {
    let (systemd, broker) = (Systemd::listening(), Broker::running());
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("lock");
    assert!(std::process::Command::new("mkfifo").arg(&lock).status().unwrap().success());
    let notify = systemd.folder.path().join("notify");
    let environment = [
        ("NOTIFY_SOCKET", notify.to_str().unwrap()),
        ("WATCHDOG_USEC", "300000"),
        ("MINUANO_STATION__LOG__FOLDER", folder.path().to_str().unwrap()),
    ];
    let more = format!("{RUN}\nstuck_after = \"5s\"");
    let mut station = Station::start_at("127.0.0.1", broker.port, QUICK, &more, &environment);
    for _ in 0..20 {
        systemd.wait(|message| message == "WATCHDOG=1\n");
    }
    systemd.wait(|message| message.starts_with("STATUS=the log's disk makes no progress; "));
    // Readings are measured, which the status tells; all the while nobody feeds the watchdog.
    for _ in 0..10 {
        systemd.wait(|message| {
            assert_ne!(message, "WATCHDOG=1\n");
            message.contains("measured")
        });
    }
    station.wait_until_said("the log's disk makes no progress");
    let gateway = Gateway::subscribed(broker.port, true);
    let card = std::fs::File::open(&lock).unwrap();
    systemd.wait(|message| message == "WATCHDOG=1\n");
    gateway.wait("what was measured meanwhile", |seen| {
        seen.stored.values().any(|seqs| seqs.contains(&1) && seqs.len() > 10).then_some(())
    });
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
    drop(card);
}

#[test]
fn the_status_text_tells_of_the_link_and_without_a_watchdog_nobody_is_fed() {
    let (systemd, broker) = (Systemd::listening(), Broker::running());
    let gateway = Gateway::subscribed(broker.port, true);
    let mut station = systemd.start(broker.port, None, RUN);
    gateway.wait("readings", some_readings(2));
    let seen = systemd.wait(|message| {
        assert_ne!(message, "WATCHDOG=1\n");
        message.contains("online at")
    });
    assert!(seen.contains("measured") && seen.contains("0 lost"), "{seen}");
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
}

#[test]
fn a_led_that_is_not_there_is_named_once_and_is_no_error() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let mut station = Station::start(broker.port, QUICK, &format!("{RUN}\n[led]\npin = 17"));
    gateway.wait("readings", some_readings(4));
    assert!(station.said().matches("status LED").count() == 1, "{}", station.said());
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
}
