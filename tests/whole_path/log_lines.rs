//! The logs of a real run as JSON: each line for itself, with the names of the Elastic Common Schema.

use minuano_tests::station::QUICK;
use minuano_tests::{Gateway, SOON, Settings, Station, eventually};
use serde_json::Value;

/// In every line.
const ALWAYS: [&str; 9] = [
    "@timestamp",
    "log.level",
    "log.logger",
    "message",
    "ecs.version",
    "service.name",
    "service.version",
    "service.node.name",
    "process.pid",
];

/// Every line, parsed.
fn lines(said: &str, service: &str, node: &str) -> Vec<Value> {
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")))
        .collect();
    for line in &lines {
        let missing: Vec<&&str> = ALWAYS.iter().filter(|key| line.get(**key).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?} in {line}");
        assert_eq!((&line["service.name"], &line["service.node.name"]), (&service.into(), &node.into()));
        let level = line["log.level"].as_str().unwrap();
        assert!(["error", "warn", "info"].contains(&level), "{line}");
        let labels = line.get("labels").and_then(Value::as_object);
        assert!(labels.into_iter().flatten().all(|(_, label)| label.is_string()), "labels are text: {line}");
    }
    lines
}

#[test]
fn each_line_of_a_real_run_is_json_with_the_schemas_names() {
    // A cluster that is not there, so that something goes wrong as well.
    let lake = "[log]\nformat = \"json\"\n[elastic]\nurl = \"http://127.0.0.1:9\"\n".to_owned();
    let mut gateway = Gateway::start(&Settings { lake, ..Settings::default() });
    let json = [("MINUANO_STATION__RUN__LOG_FORMAT", "json")];
    let mut station = Station::start_in("roof", gateway.mqtt_port, QUICK, &json);
    eventually("readings", SOON, || (gateway.stored("roof") > 5).then_some(()));
    gateway.process().wait_until_said("http.response.status_code");
    gateway.process().wait_until_said("does not take readings");
    assert_eq!((station.stop(), gateway.stop()), (Some(0), Some(0)));
    let said = |log| std::fs::read_to_string(log).unwrap();
    assert!(!lines(&said(station.file("log")), "minuano-station", "roof").is_empty());
    let of_gateway = lines(&said(gateway.file("log")), "minuano-gateway", "tests");
    let with =
        |key: &str| of_gateway.iter().find(|line| line.get(key).is_some()).unwrap_or_else(|| panic!("{key}"));
    assert_eq!(with("http.request.method")["http.response.status_code"], 200);
    assert!(with("labels")["labels"].is_object());
    assert!(of_gateway.iter().any(|line| line["log.level"] == "warn"));

    // A gateway that cannot run says why in a line of the same form.
    let taken = std::net::TcpListener::bind(gateway.url("").strip_prefix("http://").unwrap()).unwrap();
    gateway.begin();
    gateway.process().wait_until_said("the gateway ends");
    let last = lines(&said(gateway.file("log")), "minuano-gateway", "tests").pop().unwrap();
    assert!(last["error.message"].as_str().unwrap().contains("http.listen"), "{last}");
    drop(taken);
}
