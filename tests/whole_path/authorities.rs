//! A machine that trusts nobody, as a container of nothing but the binary does: what needs no TLS works, and what does
//! says what is missing.

use minuano_tests::certificates::Authority;
use minuano_tests::elastic::{Cluster, Rules};
use minuano_tests::payload::telemetry;
use minuano_tests::{Bucket, Gateway, SOON, Settings, Wire, eventually};

const STREAM: &str = "9f2c41d07a3be658";
const REASON: &str = "this system has no certificate authorities of its own (package ca-certificates)";

/// One that trusts the authorities of this file alone.
fn trusting(file: &str, sections: String) -> Gateway {
    let mut gateway = Gateway::prepare(&Settings { lake: sections, ..Settings::default() });
    gateway.set("SSL_CERT_FILE", file);
    gateway.start_again();
    gateway
}

#[test]
fn without_authorities_what_speaks_no_tls_works() {
    let (bucket, cluster) = (Bucket::start(), Cluster::start(Rules::default()));
    let elastic = format!("[elastic]\nurl = \"{}\"\nbatch_after = \"1s\"\n", cluster.url);
    let gateway = trusting("/dev/null", bucket.settings() + &elastic);
    Wire::connect(gateway.mqtt_port).say("minuano/v1/roof/telemetry", telemetry(STREAM, 1));
    eventually("the reading", SOON, || (gateway.stored("roof") == 1).then_some(()));
    gateway.command_json(&["lake", "flush", "--json"]);
    assert_eq!(gateway.command_json(&["lake", "verify", "--json"])["rows"], 1);
    let called = gateway.command(&["check-config", "--online"]);
    assert!(called.code == Some(0) && called.stdout.contains("Elasticsearch"), "{called:?}");
    assert_eq!(gateway.command(&["health"]).code, Some(0));
}

#[test]
fn without_authorities_tls_says_what_is_missing_and_readings_are_stored() {
    let authority = Authority::new();
    let server = authority.identity("localhost");
    let cluster = Cluster::start(Rules { tls: Some((server.certificate, server.key)), ..Rules::default() });
    // A store that answers, in its way, behind the same TLS.
    let lake = Bucket::start().settings();
    let from = lake.lines().find(|line| line.starts_with("endpoint")).unwrap().to_owned();
    let lake = lake.replace(&from, &format!("endpoint = \"{}\"", cluster.url));
    let sections = format!("{lake}[elastic]\nurl = \"{}\"\n", cluster.url);

    let gateway = trusting("/dev/null", sections.clone());
    Wire::connect(gateway.mqtt_port).say("minuano/v1/roof/telemetry", telemetry(STREAM, 1));
    eventually("the reading", SOON, || (gateway.stored("roof") == 1).then_some(()));
    let called = gateway.command(&["check-config", "--online"]);
    let failed: Vec<&str> = called.stdout.lines().filter(|line| line.contains("FAILED")).collect();
    assert_eq!(called.code, Some(1), "{called:?}");
    assert_eq!(failed.len(), 2, "{called:?}");
    assert!(failed.iter().all(|line| line.contains(REASON)), "{called:?}");

    // The same, trusted as the system trusts.
    let gateway = trusting(&authority.file(), sections);
    let called = gateway.command(&["check-config", "--online"]);
    assert!(called.stdout.contains("elastic.url: ok"), "{called:?}");
    assert!(
        called.stdout.contains("lake.url: FAILED") && !called.stdout.contains("certificate"),
        "{called:?}"
    );
}
