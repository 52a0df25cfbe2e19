//! Elasticsearch and OpenSearch: documents are the settled readings, each once, whatever goes wrong on the way.

use std::collections::BTreeSet;

use minuano_tests::certificates::Authority;
use minuano_tests::elastic::{Cluster, Rules, Trouble};
use minuano_tests::payload::backlog;
use minuano_tests::{Gateway, SOON, Settings, Wire, eventually};
use serde_json::{Value, json};

const STREAM: &str = "9f2c41d07a3be658";
const DATA_STREAM: &str = "metrics-minuano.reading-default";
/// Everything that can go wrong, with a way on in between.
const TROUBLES: [Trouble; 11] = [
    Trouble::None,
    Trouble::PutsOff,
    Trouble::AnswerLost,
    Trouble::None,
    Trouble::Unavailable,
    Trouble::None,
    Trouble::Busy,
    Trouble::None,
    Trouble::AnswerLost,
    Trouble::Cut,
    Trouble::None,
];

/// Small batches, often, and flags that are final soon.
fn settings(cluster: &Cluster, rest: &str) -> Settings {
    let lake = format!(
        "[quality]\nsettle_after = \"1s\"\n[elastic]\nurl = \"{}\"\nbatch_documents = 200\n\
         batch_after = \"200ms\"\nretry_first = \"50ms\"\nretry_most = \"300ms\"\n{rest}",
        cluster.url
    );
    Settings { lake, ..Settings::default() }
}

/// Says `count` readings of a station, from `first` on.
fn say(wire: &Wire, station: &str, first: u64, count: u64) {
    for from in (first..first + count).step_by(64) {
        let to = (from + 63).min(first + count - 1);
        wire.say(&format!("minuano/v1/{station}/backlog"), backlog(STREAM, 0, 1, from..=to));
    }
}

fn stored(gateway: &Gateway, readings: u64) {
    eventually(&format!("{readings} readings"), SOON, || {
        (gateway.stored("roof") + gateway.stored("shed") == readings).then_some(())
    });
}

/// The identities of the readings in the store whose `seq` is taken.
fn identities(gateway: &Gateway, taken: impl Fn(u64) -> bool) -> BTreeSet<String> {
    let store = gateway.store();
    let mut query =
        store.prepare("SELECT station || '/' || stream || '/' || seq, seq FROM observations").unwrap();
    let all =
        query.query_map([], |row| Ok((row.get(0)?, row.get::<_, u64>(1)?))).unwrap().map(Result::unwrap);
    all.filter(|(_, seq)| taken(*seq)).map(|(id, _)| id).collect()
}

fn status(gateway: &Gateway) -> Value {
    gateway.command_json(&["elastic", "status", "--json"])
}

fn condition(gateway: &Gateway) -> String {
    let ready = gateway.ask("/readyz").unwrap();
    assert_eq!(ready.status, 200, "a cluster keeps nothing else from its work: {}", ready.body);
    let conditions = ready.json()["conditions"].as_array().unwrap().clone();
    let one = conditions.iter().find(|condition| condition["name"] == "elasticsearch").unwrap();
    one["detail"].as_str().unwrap().to_owned()
}

#[test]
fn documents_are_the_settled_readings_each_once_whatever_goes_wrong() {
    let cluster = Cluster::start(Rules { most_bytes: 20_000, ..Rules::default() });
    cluster.troubles(&TROUBLES);
    cluster.refuse_each(Some(97));
    let mut gateway = Gateway::start(&settings(&cluster, ""));
    let mut said = 0;
    for round in 0..6 {
        let wire = Wire::connect(gateway.mqtt_port);
        say(&wire, "roof", round * 500 + 1, 500);
        say(&wire, "shed", round * 100 + 1, 100);
        said += 600;
        stored(&gateway, said);
        let before = cluster.count();
        eventually("documents", SOON, || (cluster.count() > before + 150).then_some(()));
        drop(wire);
        gateway.kill_9();
        cluster.roll_over();
        gateway.start_again();
    }
    let parsed = |seq: u64| !seq.is_multiple_of(97);
    let expected = identities(&gateway, parsed);
    eventually("every document", SOON, || (cluster.count() == expected.len()).then_some(()));
    let documents = cluster.documents(DATA_STREAM);
    assert_eq!(documents.keys().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(documents[&format!("roof/{STREAM}/1")]["minuano"]["temperature_c"], 21.43);

    // Every trouble was met, and repeats were found by looking as well as by conflict.
    for what in ["PutsOff", "AnswerLost", "Unavailable", "Busy", "Cut", "too_large", "search"] {
        assert!(cluster.seen(what) > 0, "{what} never happened");
    }
    let poisoned = identities(&gateway, |seq| !parsed(seq)).len() as u64;
    let told = eventually("the last one to be set aside", SOON, || {
        Some(status(&gateway)).filter(|told| told["through"] == told["settled"])
    });
    assert_eq!(told["settled"], said);
    assert_eq!(told["set_aside"].as_array().unwrap().len() as u64, poisoned, "{told}");
    assert!(told["present"].as_u64().unwrap() > 0, "no answer was lost: {told}");
    assert!(told["set_aside"][0]["reason"].as_str().unwrap().contains("document_parsing_exception"));
    eventually("no lag", SOON, || {
        (gateway.metrics().sum("minuano_elastic_lag_seconds", "") == 0.0).then_some(())
    });
    let metrics = gateway.metrics();
    assert_eq!(metrics.sum("minuano_elastic_missed_total", ""), 0.0);
    assert_eq!(
        metrics.sum("minuano_elastic_documents_total", "outcome=\"refused\""),
        told["refused"].as_f64().unwrap()
    );

    // Somebody mends the mapping.
    cluster.refuse_each(None);
    cluster.troubles(&[]);
    let resent = gateway.command_json(&["elastic", "resend", "--json"]);
    assert_eq!(resent, json!({ "taken": poisoned, "refused": 0, "gone": 0 }));
    assert_eq!(cluster.documents(DATA_STREAM).len() as u64, said);
    assert_eq!(status(&gateway)["set_aside"], json!([]));
    assert_eq!(gateway.stop(), Some(0));
}

#[test]
fn a_cluster_that_is_away_holds_up_nothing_and_gets_everything_when_it_comes() {
    let mut cluster = Cluster::absent(Rules::default());
    let gateway = Gateway::start(&settings(&cluster, ""));
    let wire = Wire::connect(gateway.mqtt_port);
    say(&wire, "roof", 1, 1000);
    stored(&gateway, 1000);
    wire.hear("minuano/v1/roof/acknowledged", "the acknowledgement", |heard| {
        (heard.json()["streams"][0]["through"] == 1000).then_some(())
    });
    eventually("the circuit to open", SOON, || {
        (gateway.metrics().sum("minuano_elastic_circuit_open", "") == 1.0).then_some(())
    });
    eventually("its reason", SOON, || condition(&gateway).contains("Connection refused").then_some(()));
    eventually("lag", SOON, || {
        (gateway.metrics().sum("minuano_elastic_lag_seconds", "") > 0.0).then_some(())
    });
    assert_eq!(cluster.seen("search"), 0);
    cluster.come();
    eventually("every document", SOON, || (cluster.count() == 1000).then_some(()));
    eventually("the circuit to close", SOON, || {
        (gateway.metrics().sum("minuano_elastic_circuit_open", "") == 0.0).then_some(())
    });
    eventually("its count", SOON, || {
        condition(&gateway).contains("Elasticsearch 8.17.0: 1000 documents").then_some(())
    });

    // Away again, and back with what it had.
    cluster.go();
    say(&wire, "roof", 1001, 500);
    stored(&gateway, 1500);
    cluster.come();
    eventually("the rest", SOON, || (cluster.count() == 1500).then_some(()));
    assert_eq!(cluster.documents(DATA_STREAM).len(), 1500);
}

#[test]
fn opensearch_over_tls_with_an_api_key() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = authority.identity("localhost");
    let cluster = Cluster::start(Rules {
        opensearch: true,
        login: Some("ApiKey VnVhQ2ZHY0JDZGJrUW0=".to_owned()),
        tls: Some((server.certificate, server.key)),
        ..Rules::default()
    });
    let key = authority.write("key", "VnVhQ2ZHY0JDZGJrUW0=\n");
    let wrong = authority.write("wrong", "d3Jvbmc=\n");
    let section = |ca: &str, key: &str| format!("api_key_file = \"{key}\"\n[elastic.tls]\nca = \"{ca}\"\n");
    for (rest, complaint) in [
        (section(&other.file(), &key), "BadSignature"),
        (section(&authority.file(), &wrong), "unable to authenticate user"),
    ] {
        let gateway = Gateway::start(&settings(&cluster, &rest));
        eventually(complaint, SOON, || condition(&gateway).contains(complaint).then_some(()));
        let called = gateway.command(&["check-config", "--online"]);
        assert!(called.code == Some(1) && called.stdout.contains("elastic.url: FAILED"), "{called:?}");
    }
    assert_eq!(cluster.count(), 0);
    let gateway = Gateway::start(&settings(&cluster, &section(&authority.file(), &key)));
    let wire = Wire::connect(gateway.mqtt_port);
    say(&wire, "roof", 1, 100);
    eventually("every document", SOON, || (cluster.count() == 100).then_some(()));
    let called = gateway.command(&["check-config", "--online"]);
    assert!(called.stdout.contains("OpenSearch 2.19.1"), "{called:?}");
}

#[test]
fn the_index_template_is_put_once_and_a_newer_one_is_left() {
    let cluster =
        Cluster::start(Rules { login: Some("Basic bWludWFubzpwOnc=".to_owned()), ..Rules::default() });
    let user = "user = \"minuano\"\npassword = \"p:w\"\n";
    let gateway = Gateway::start(&settings(&cluster, &format!("template = false\n{user}")));
    let wire = Wire::connect(gateway.mqtt_port);
    say(&wire, "roof", 1, 10);
    // Nobody put one, so nothing may be created under a mapping that nobody chose.
    eventually("a reason", SOON, || condition(&gateway).contains("index_not_found_exception").then_some(()));
    assert_eq!((cluster.count(), status(&gateway)["refused"].as_u64()), (0, Some(0)));
    let called = gateway.command(&["elastic", "template", "--put"]);
    assert!(called.code == Some(0) && called.stdout.contains("Elasticsearch 8.17.0"), "{called:?}");
    eventually("every document", SOON, || (cluster.count() == 10).then_some(()));
    assert_eq!(cluster.template().unwrap(), gateway.command_json(&["elastic", "template"]));

    let start = |version: u64| {
        let mut template = cluster.template().unwrap();
        template["version"] = version.into();
        cluster.set_template(template);
        let gateway = Gateway::start(&settings(&cluster, user));
        eventually("to be greeted", SOON, || status(&gateway)["target"].as_str().map(drop));
        cluster.template().unwrap()["version"].clone()
    };
    assert_eq!(start(0), 1, "an older one is replaced");
    assert_eq!(start(9), 9, "a newer one is left");
}
