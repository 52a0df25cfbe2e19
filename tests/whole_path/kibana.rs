//! Kibana's objects, held to what there is: the index template's fields, the names in the logs, and each other.

use std::collections::{BTreeMap, BTreeSet};

use minuano_tests::process::{binary, call};
use minuano_tests::root;
use serde_json::Value;

const READINGS: &str = "minuano-readings";
const LOGS: &str = "minuano-logs";

/// Every field that a mapping types, with its type.
fn fields(mapping: &Value, path: &str, into: &mut BTreeMap<String, String>) {
    for (name, field) in mapping["properties"].as_object().unwrap() {
        let path = format!("{path}{name}");
        match field["type"].as_str() {
            Some(kind) => drop(into.insert(path, kind.to_owned())),
            None => fields(field, &format!("{path}."), into),
        }
    }
}

fn template() -> Value {
    let called = call(binary("minuano-gateway").args(["elastic", "template"]));
    assert_eq!(called.code, Some(0), "{called:?}");
    serde_json::from_str(&called.stdout).unwrap()
}

fn inner(object: &Value, key: &str) -> Value {
    let text = object[key].as_str().unwrap_or_else(|| panic!("{key} in {object}"));
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {key} in {object}"))
}

/// The fields that a query in Kibana's language names.
fn queried(source: &Value) -> Vec<String> {
    let query = source["query"]["query"].as_str().unwrap();
    let words = query.split([' ', '(', ')']);
    words.filter_map(|word| word.strip_suffix(':')).map(str::to_owned).collect()
}

#[test]
fn kibanas_objects_name_only_what_is_there() {
    let template = template();
    let mut readings = BTreeMap::new();
    fields(&template["template"]["mappings"], "", &mut readings);
    // What settings/src/log/ecs.rs writes.
    let logs = ["@timestamp", "message", "error.message", "log.level", "service.name", "service.node.name"];
    let exists = |view: &str, field: &str| match view {
        READINGS => readings.contains_key(field),
        LOGS => logs.contains(&field),
        other => panic!("no fields are known of {other}"),
    };

    let text = std::fs::read_to_string(root().join("docker/compose/elastic/kibana.ndjson")).unwrap();
    let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named = |object: &Value| (object["type"].clone().to_string(), object["id"].clone().to_string());
    let known: BTreeSet<_> = objects.iter().map(named).collect();
    assert_eq!(known.len(), objects.len(), "each has a name of its own");
    let mut counted = BTreeMap::<&str, usize>::new();
    for object in &objects {
        let (kind, attributes) = (object["type"].as_str().unwrap(), &object["attributes"]);
        *counted.entry(kind).or_default() += 1;
        let references = object["references"].as_array().unwrap();
        for reference in references {
            assert!(known.contains(&named(reference)), "{reference} of {}", object["id"]);
        }
        if kind == "index-pattern" {
            continue;
        }
        let source = inner(&attributes["kibanaSavedObjectMeta"], "searchSourceJSON");
        if kind == "dashboard" {
            let panels = inner(attributes, "panelsJSON");
            let panels: BTreeSet<_> =
                panels.as_array().unwrap().iter().map(|panel| panel["panelRefName"].to_string()).collect();
            let references: BTreeSet<_> = references.iter().map(|one| one["name"].to_string()).collect();
            assert_eq!(panels, references);
            continue;
        }
        assert_eq!(references[0]["name"], source["indexRefName"]);
        let view = references[0]["id"].as_str().unwrap();
        let mut used = queried(&source);
        if kind == "search" {
            used.extend(
                attributes["columns"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|column| column.as_str().unwrap().to_owned()),
            );
        } else {
            let state = inner(attributes, "visState");
            let aggregations = state["aggs"].as_array().unwrap();
            let of = |kind: &str, field: &str| {
                let wanted: &[&str] = match kind {
                    "terms" => &["keyword"],
                    "date_histogram" => &["date"],
                    _ => &["double", "date", "long"],
                };
                assert!(wanted.contains(&readings[field].as_str()), "{kind} of {field}: {}", readings[field]);
            };
            for aggregation in aggregations {
                if let Some(field) = aggregation["params"]["field"].as_str() {
                    used.push(field.to_owned());
                    of(aggregation["type"].as_str().unwrap(), field);
                }
            }
        }
        for field in used {
            assert!(exists(view, &field), "{field}, of {}, is in no mapping", object["id"]);
        }
    }
    assert_eq!(
        counted,
        BTreeMap::from([("dashboard", 1), ("index-pattern", 2), ("search", 1), ("visualization", 6)])
    );

    let view = objects.iter().find(|object| object["id"] == READINGS).unwrap();
    assert_eq!(view["attributes"]["title"], template["index_patterns"][0]);
}
