//! Brokers that misbehave: named clearly, tried again, and nothing is lost meanwhile.

use std::time::{Duration, Instant};

use minuano_telemetry::Leaf;

use crate::support::broker::Broker;
use crate::support::certificates::{Authority, Identity};
use crate::support::gateway::Gateway;
use crate::support::rogue::{Manner, Rogue};
use crate::support::station::{QUICK, Station, call, configuration};
use crate::{RUN, some_readings, whole_stream};

/// The second listener wants TLS and shows this.
fn tls(identity: &Identity) -> String {
    format!("allow_anonymous true\ncertfile {}\nkeyfile {}", identity.certificate, identity.key)
}

fn trusting(authority: &Authority, more: &str) -> String {
    format!("[mqtt.tls]\nca = \"{}\"\n{more}\n{RUN}", authority.file())
}

/// From its first reading on, everything has arrived. A broker that was just started may take readings before the gateway
/// has subscribed: they come again after `resend_after`, so toward such a one it is short.
fn all_arrived(mut station: Station, gateway: &Gateway) {
    gateway.wait("readings", some_readings(5));
    station.terminate();
    assert_eq!(station.ended().code(), Some(0), "{}", station.said());
    assert_eq!((station.counted::<u64>("lost"), station.counted::<u64>("unacknowledged")), (0, 0));
    gateway.wait("all", |seen| (whole_stream(seen).1 == station.counted::<u64>("measured")).then_some(()));
}

/// Toward a guarded listener that first turns the station away, and then lets it in.
fn turned_away_then_let_in(wrong: &str, right: &str, station: &str, complaint: &str) {
    let mut broker = Broker::guarded_by(wrong);
    broker.start();
    let station =
        Station::start(broker.guarded.unwrap(), QUICK, &format!("resend_after = \"1s\"\n{station}"));
    station.wait_until_said(complaint);
    broker.kill();
    broker.guard_by(right);
    broker.start();
    let gateway = Gateway::subscribed(broker.port, true);
    all_arrived(station, &gateway);
}

#[test]
fn a_password_that_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, password: &str| {
        let file = folder.path().join(name);
        let status = std::process::Command::new("mosquitto_passwd")
            .args(["-b", "-c"])
            .args([file.as_os_str(), "roof".as_ref(), password.as_ref()])
            .status()
            .expect("mosquitto_passwd is installed (apt-get install mosquitto)");
        assert!(status.success());
        format!("allow_anonymous false\npassword_file {}", file.display())
    };
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "right\n").unwrap();
    let station = format!("user = \"roof\"\npassword_file = \"{}\"\n{RUN}", secret.display());
    turned_away_then_let_in(
        &file("wrong", "wrong"),
        &file("right", "right"),
        &station,
        "the broker does not let this station in (mqtt.user",
    );
}

#[test]
fn a_certificate_of_another_authority() {
    let (authority, other) = (Authority::new(), Authority::new());
    turned_away_then_let_in(
        &tls(&other.identity("127.0.0.1", 2100)),
        &tls(&authority.identity("127.0.0.1", 2100)),
        &trusting(&authority, ""),
        "TLS: the broker's certificate was not signed by mqtt.tls.ca",
    );
}

#[test]
fn an_authority_that_is_shown_as_a_brokers_certificate() {
    let authority = Authority::new();
    turned_away_then_let_in(
        &tls(&authority.itself()),
        &tls(&authority.identity("127.0.0.1", 2100)),
        &trusting(&authority, ""),
        "TLS: the broker shows an authority's own certificate",
    );
}

#[test]
fn a_certificate_that_has_expired() {
    let authority = Authority::new();
    turned_away_then_let_in(
        &tls(&authority.identity("127.0.0.1", 2021)),
        &tls(&authority.identity("127.0.0.1", 2100)),
        &trusting(&authority, ""),
        "TLS: the broker's certificate has expired",
    );
}

#[test]
fn a_certificate_for_another_name_and_the_name_that_was_configured() {
    let authority = Authority::new();
    turned_away_then_let_in(
        &tls(&authority.identity("127.0.0.1", 2100)),
        &tls(&authority.identity("broker.example", 2100)),
        &trusting(&authority, "server_name = \"broker.example\""),
        "TLS: the broker's certificate is for another name",
    );
}

#[test]
fn a_broker_that_wants_to_know_the_station_by_its_certificate() {
    let (authority, other) = (Authority::new(), Authority::new());
    let client = authority.identity("roof", 2100);
    let wants = |ca: &Authority| {
        let server = tls(&authority.identity("127.0.0.1", 2100));
        format!("{server}\ncafile {}\nrequire_certificate true\nuse_identity_as_username true", ca.file())
    };
    let files = format!("certificate = \"{}\"\nkey = \"{}\"", client.certificate, client.key);
    turned_away_then_let_in(
        &wants(&other),
        &wants(&authority),
        &trusting(&authority, &files),
        "TLS: the broker refuses this station",
    );
}

#[test]
fn tls_where_there_is_none_and_none_where_there_is() {
    let authority = Authority::new();
    let mut broker = Broker::guarded_by(&tls(&authority.identity("127.0.0.1", 2100)));
    broker.start();
    let spoken = Station::start(broker.port, QUICK, &trusting(&authority, ""));
    let unspoken = Station::start(broker.guarded.unwrap(), QUICK, RUN);
    unspoken.wait_until_said("[mqtt.tls] is missing");
    spoken.wait_until_said("no connection: ");
}

#[test]
fn an_ipv6_address_with_tls() {
    let authority = Authority::new();
    if std::net::TcpListener::bind(("::1", 0)).is_err() {
        println!("skipped: this machine has no IPv6");
        return;
    }
    let mut broker = Broker::guarded_by(&tls(&authority.identity("::1", 2100)));
    broker.guarded_address = "::1";
    broker.start();
    let gateway = Gateway::subscribed(broker.port, true);
    let port = broker.guarded.unwrap();
    all_arrived(Station::start_at("::1", port, QUICK, &trusting(&authority, ""), &[]), &gateway);
}

#[test]
fn what_listens_there_is_no_broker() {
    for (manner, complaint) in [
        (Manner::ClosesAtOnce, "the broker ended the connection"),
        (Manner::NeverAnswers, "nothing answered at 127.0.0.1:"),
        (Manner::SpeaksHttp, "no connection: "),
        (Manner::ClosesAfterConnack, "connection lost: "),
        (Manner::BabblesAfterConnack, "connection lost: "),
    ] {
        let mut broker = Broker::absent();
        let rogue = Rogue::listening(broker.port, manner);
        let began = Instant::now();
        let station = Station::start(
            broker.port,
            QUICK,
            &format!("connect_within = \"1s\"\nresend_after = \"2s\"\n{RUN}"),
        );
        station.wait_until_said(complaint);
        crate::support::wait_for("three attempts", || (rogue.connections() >= 3).then_some(()));
        // The shortest wait is a tenth of 50 ms, then of 100 ms, then of 200 ms.
        let most = 3 + began.elapsed().as_millis() / 20;
        assert!(rogue.connections() as u128 <= most, "{} in {:?}", rogue.connections(), began.elapsed());
        drop(rogue);
        broker.start();
        let gateway = Gateway::subscribed(broker.port, true);
        all_arrived(station, &gateway);
    }
}

#[test]
fn a_broker_that_confirms_nothing_is_left_though_it_answers_pings() {
    let mut broker = Broker::absent();
    let rogue = Rogue::listening(broker.port, Manner::ConfirmsNothing);
    let station =
        Station::start(broker.port, QUICK, &format!("confirm_within = \"2s\"\nresend_after = \"2s\"\n{RUN}"));
    station.wait_until_said(": connected to");
    station.wait_until_said("connection lost: the broker confirmed nothing for 2s");
    crate::support::wait_for("another attempt", || (rogue.connections() >= 2).then_some(()));
    drop(rogue);
    // Whoever listens there next: the connections that are open do not hold the port.
    broker.start();
    let gateway = Gateway::subscribed(broker.port, true);
    all_arrived(station, &gateway);
}

#[test]
fn a_broker_that_freezes_is_left_and_nothing_is_lost() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, true);
    let more = format!("keep_alive = \"5s\"\nconfirm_within = \"3s\"\nconnect_within = \"1s\"\n{RUN}");
    let station = Station::start(broker.port, QUICK, &more);
    gateway.wait("readings", some_readings(4));
    broker.freeze();
    station.wait_until_said("connection lost: ");
    station.wait_until_said("no connection: nothing answered");
    broker.thaw();
    all_arrived(station, &gateway);
}

#[test]
fn acknowledgements_of_nonsense_are_named_and_delete_nothing() {
    let broker = Broker::running();
    let gateway = Gateway::subscribed(broker.port, false);
    let station = Station::start(broker.port, QUICK, &format!("resend_after = \"1s\"\n{RUN}"));
    gateway.wait("readings", some_readings(2));
    let stream = gateway.wait("a stream", |seen| seen.stored.keys().next().copied());
    let say = |stream: &str, through: u64| {
        let bytes =
            format!("{{\"gateway\":\"g\",\"streams\":[{{\"stream\":\"{stream}\",\"through\":{through}}}]}}");
        gateway.publish("roof", Leaf::Acknowledged, bytes.as_bytes());
    };
    say("00000000000000ff", 3);
    station.wait_until_said("an acknowledgement of a stream that the log does not hold; ignored");
    say("00000000000000ff", 4);
    say(&stream.to_string(), 999_999);
    station.wait_until_said("through 999999, of which only");
    assert_eq!(station.said().matches("that the log does not hold").count(), 1, "named once");
    gateway.acknowledge_from_now_on();
    all_arrived(station, &gateway);
}

#[test]
fn a_failure_that_goes_on_is_named_once() {
    let broker = Broker::absent();
    let mut station = Station::start(broker.port, QUICK, "[run]\nstop_within = \"0s\"");
    station.wait_until_said("no connection: I/O: Connection refused");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(station.said().matches("no connection: ").count(), 1, "{}", station.said());
    station.terminate();
    station.ended();
}

#[test]
fn files_that_are_no_certificates_are_named_at_the_start() {
    let authority = Authority::new();
    let (one, other) = (authority.identity("one", 2100), authority.identity("other", 2100));
    let (ca, readme) = (authority.file(), concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let pair = |certificate: &str, key: &str| format!("certificate = \"{certificate}\"\nkey = \"{key}\"");
    for (tls, complaint) in [
        ("ca = \"/nowhere/ca.pem\"".to_owned(), "mqtt.tls.ca: /nowhere/ca.pem: No such file"),
        (format!("ca = \"{readme}\""), "holds no certificate in PEM"),
        (format!("ca = \"{}\"", one.key), "mqtt.tls.ca: "),
        (format!("certificate = \"{}\"", one.certificate), "mqtt.tls.key: is missing beside"),
        (format!("key = \"{}\"", one.key), "mqtt.tls.certificate: is missing beside"),
        (pair(&one.certificate, &other.key), "mqtt.tls.key: does not belong to mqtt.tls.certificate"),
        (pair(&one.certificate, &one.certificate), "holds no private key in PEM"),
        ("server_name = \"a b\"".to_owned(), "mqtt.tls.server_name: "),
        ("verify = false".to_owned(), "mqtt.tls.verify: unknown key"),
    ] {
        let ca = if tls.starts_with("ca") { String::new() } else { format!("ca = \"{ca}\"\n") };
        let (_folder, file) = configuration(&format!("station = \"roof\"\n[mqtt.tls]\n{ca}{tls}"));
        let output = call(&["check-config", "--config", file.to_str().unwrap()]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(78), 1), "{tls}: {said}");
        assert!(said.contains(complaint), "{complaint} in {said}");
    }
    let whole = format!("ca = \"{ca}\"\n{}", pair(&one.certificate, &one.key));
    let (_folder, file) = configuration(&format!("station = \"roof\"\n[mqtt.tls]\n{whole}"));
    let output = call(&["check-config", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
