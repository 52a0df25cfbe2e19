//! The index template: what is typed how, in Elasticsearch and OpenSearch alike.

use minuano_telemetry::Quantity;
use serde_json::{Map, Value, json};

use super::document::DATASET;

/// What it is called there.
pub const NAME: &str = "metrics-minuano.reading";
/// Raised with every change, so that a gateway knows whether the one that is there is older.
pub const VERSION: u64 = 1;
/// Above Elasticsearch's own template for `metrics-*-*`, which has 100.
const PRIORITY: u64 = 200;

/// The data stream of a namespace.
pub fn data_stream(namespace: &str) -> String {
    format!("metrics-{DATASET}-{namespace}")
}

/// The template as `PUT /_index_template/…` takes it.
pub fn template() -> Value {
    let of_each = |field: &dyn Fn(Quantity) -> Value| -> Map<String, Value> {
        Quantity::ALL.into_iter().map(|quantity| (quantity.key().to_owned(), field(quantity))).collect()
    };
    let keyword = json!({ "type": "keyword" });
    let mut minuano = json!({
        "gateway": keyword,
        "station": keyword,
        "stream": keyword,
        "seq": { "type": "long" },
        "clock": keyword,
        "samples": { "type": "long" },
        "flag": { "properties": of_each(&|_| json!({ "type": "byte" })) },
        "fault": { "properties": of_each(&|_| json!({ "type": "keyword" })) }
    });
    for quantity in Quantity::ALL {
        // Whatever a station said is taken, a value that cannot be, too: its flag is 4.
        minuano[quantity.key()] = json!({ "type": "double", "meta": { "unit": quantity.unit() } });
    }
    json!({
        "index_patterns": [format!("metrics-{DATASET}-*")],
        "data_stream": {},
        "priority": PRIORITY,
        "version": VERSION,
        "_meta": { "description": "Readings of weather stations", "managed_by": "minuano-gateway" },
        "template": {
            "settings": { "index": { "codec": "best_compression" } },
            "mappings": {
                // A field of a later release is kept and not typed, rather than refused with its document.
                "dynamic": false,
                "properties": {
                    "@timestamp": { "type": "date" },
                    "ecs": { "properties": { "version": keyword } },
                    "event": { "properties": { "dataset": keyword, "created": { "type": "date" } } },
                    "minuano": { "properties": minuano }
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of it wants another [`VERSION`], or no gateway would put it. `minuano-gateway elastic template` writes it.
    #[test]
    fn it_is_as_its_golden_file_says() {
        let golden: Value = serde_json::from_str(include_str!("template.json")).unwrap();
        assert_eq!(template(), golden);
    }
}
