//! Dashboards and alert rules ask for metrics that there are, with labels that they have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use minuano_tests::payload::telemetry;
use minuano_tests::station::QUICK;
use minuano_tests::{Bucket, Gateway, SOON, Settings, Station, Wire, eventually, root};
use serde_json::Value;

/// Labels that Prometheus adds, or makes histograms of.
const PROMETHEUS_OWN: [&str; 3] = ["job", "instance", "le"];

/// By name of the metric: the labels of its series.
type Known = BTreeMap<String, BTreeSet<String>>;

#[test]
fn dashboards_and_rules_ask_for_what_there_is() {
    let known = known();
    let mut asked = 0;
    for (place, expression, shown) in dashboards().into_iter().chain(rules()) {
        let names: Vec<&str> = words(&expression).filter(|word| word.starts_with("minuano_")).collect();
        let mut labels: BTreeSet<&str> = PROMETHEUS_OWN.into();
        for name in &names {
            let of = known.get(*name).unwrap_or_else(|| panic!("{place} asks for {name}, which nobody has"));
            labels.extend(of.iter().map(String::as_str));
            asked += 1;
        }
        for label in used(&expression).chain(between(&shown, "{{", "}}")) {
            let label = label.trim().trim_start_matches("$labels.");
            assert!(
                labels.contains(label) || label.starts_with("$value"),
                "{place} uses the label {label}; {names:?} have {labels:?}"
            );
        }
    }
    assert!(asked > 50, "these cannot be all: {asked}");
}

/// What a gateway shows that has done a bit of everything.
fn known() -> Known {
    let bucket = Bucket::start();
    let gateway = Gateway::start(&Settings { lake: bucket.settings(), ..Settings::default() });
    let _station = Station::start("roof", gateway.mqtt_port, QUICK);
    let shown = |name: &str| {
        eventually(name, SOON, || Some(gateway.metrics()).filter(|scrape| scrape.sum(name, "") > 0.0))
    };
    shown("minuano_sea_level_pressure_hpa");
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say("minuano/v1/shed/telemetry", "no JSON");
    shown("minuano_messages_refused_total");
    // On a mild day everything can be derived; roof's is cold.
    wire.say("minuano/v1/shed/telemetry", telemetry("9f2c41d07a3be658", 1));
    let scrape = shown("minuano_feels_like_c");
    let mut known = Known::new();
    for series in scrape.0.lines().filter(|line| line.starts_with("minuano_")) {
        let (name, labels) = series.split_once(['{', ' ']).unwrap();
        let of = known.entry(name.to_owned()).or_default();
        if series.contains('{') {
            of.extend(labels.split("=\"").filter_map(|part| words(part).last()).map(str::to_owned));
        }
    }
    known
}

/// Place, expression and what is shown of its labels.
fn dashboards() -> Vec<(String, String, String)> {
    let mut asked = Vec::new();
    for file in ["weather", "operations"] {
        let path = compose().join(format!("grafana/dashboards/{file}.json"));
        let board: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let place = format!("{file}: {}", panel["title"]);
                let text = |key: &str| target[key].as_str().unwrap().to_owned();
                asked.push((place, text("expr"), text("legendFormat")));
            }
        }
        for variable in board["templating"]["list"].as_array().unwrap() {
            let query = variable["query"]["query"].as_str().unwrap();
            let (metric, label) =
                query.strip_prefix("label_values(").unwrap().trim_end_matches(')').split_once(", ").unwrap();
            asked.push((format!("{file}: ${label}"), metric.to_owned(), format!("{{{{{label}}}}}")));
        }
    }
    asked
}

/// Rule by rule, without understanding YAML: promtool does, in `cargo xtask test containers`.
fn rules() -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(compose().join("rules.yml")).unwrap();
    let rule = |rule: &str| {
        let (name, rest) = rule.split_once('\n').unwrap();
        let (expression, rest) = rest.split_once("labels:").unwrap();
        let expression: Vec<&str> = expression.lines().filter(|line| !line.trim().starts_with('#')).collect();
        (name.trim().to_owned(), expression.join("\n"), rest.to_owned())
    };
    text.split("- alert: ").skip(1).map(rule).collect()
}

fn compose() -> PathBuf {
    root().join("docker/compose/monitoring")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Labels that are selected or summed by.
fn used(expression: &str) -> impl Iterator<Item = &str> {
    let selected = between(expression, "{", "}").filter_map(|inner| inner.split(['=', '!']).next());
    selected.chain(between(expression, "by (", ")"))
}

fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close).map(|(inner, _)| inner))
}
