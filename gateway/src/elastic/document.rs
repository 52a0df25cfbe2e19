//! A reading as a document: its id, and the fields that the index template types.

use minuano_telemetry::{GatewayName, Quantity};
use serde_json::{Map, Value, json};

use super::bulk;
use crate::store::StoredReading;

/// The version of the Elastic Common Schema whose names are used.
pub const ECS_VERSION: &str = "8.11.0";
/// `event.dataset`, and the middle of the data stream's name.
pub const DATASET: &str = "minuano.reading";

/// A document on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The reading's row.
    pub row: i64,
    /// Station, stream and seq: whoever sends the reading again sends it under the same id.
    pub id: String,
    /// Its JSON, on one line.
    pub body: String,
}

impl Document {
    /// A reading that `gateway` stored.
    pub fn of(reading: &StoredReading, gateway: &GatewayName) -> Self {
        let (station, stream) = (reading.station.as_str(), reading.stream.to_string());
        let id = format!("{station}/{stream}/{}", reading.seq);
        let key = |quantity: Quantity| quantity.key().to_owned();
        let flags: Map<String, Value> =
            Quantity::ALL.into_iter().map(|one| (key(one), reading.flag(one).number().into())).collect();
        let mut minuano = json!({
            "gateway": gateway.as_str(), "station": station, "stream": stream, "seq": reading.seq,
            "clock": reading.clock.word(), "samples": reading.samples, "flag": flags
        });
        for (quantity, value) in reading.values.iter() {
            minuano[quantity.key()] = value.into();
        }
        if !reading.faults.is_empty() {
            let words: Map<String, Value> =
                reading.faults.iter().map(|(one, fault)| (key(one), fault.word().into())).collect();
            minuano["fault"] = words.into();
        }
        let body = json!({
            "@timestamp": reading.observed_at.to_string(),
            "ecs": { "version": ECS_VERSION },
            "event": { "dataset": DATASET, "created": reading.received_at.to_string() },
            "minuano": minuano
        });
        Self { row: reading.row, id, body: body.to_string() }
    }

    /// Bytes in a bulk request.
    pub fn bytes(&self) -> usize {
        self.id.len() + self.body.len() + bulk::FRAME
    }
}

#[cfg(test)]
mod tests {
    use minuano_telemetry::{ByQuantity, Clock, Fault, Flag, Millis, StreamId};

    use super::*;
    use crate::elastic::template;

    fn reading() -> StoredReading {
        let at = Millis::new(1_795_176_000_250).unwrap();
        StoredReading {
            row: 7,
            station: "roof".parse().unwrap(),
            stream: StreamId(0x9f2c_41d0_7a3b_e658),
            seq: 4211,
            observed_at: at,
            received_at: at,
            clock: Clock::Holdover,
            samples: 10,
            values: ByQuantity([Some(21.43), Some(1013.25), None, Some(1e300)]),
            faults: ByQuantity([None, None, Some(Fault::Crc), None]),
            flags: [Flag::Good, Flag::Suspect, Flag::Missing, Flag::Fail],
        }
    }

    #[test]
    fn it_is_as_its_golden_file_says() {
        let document = Document::of(&reading(), &"home".parse().unwrap());
        assert_eq!((document.row, document.id.as_str()), (7, "roof/9f2c41d07a3be658/4211"));
        assert!(!document.body.contains('\n'));
        let golden: Value = serde_json::from_str(include_str!("document.json")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&document.body).unwrap(), golden);
    }

    #[test]
    fn the_template_types_every_field_of_it() {
        fn typed(fields: &Value, mapping: &Value, path: &str) {
            for (name, value) in fields.as_object().unwrap() {
                let found = &mapping["properties"][name];
                match value.is_object() {
                    true => typed(value, found, &format!("{path}{name}.")),
                    false => assert!(found["type"].is_string(), "{path}{name}"),
                }
            }
        }
        let document: Value = serde_json::from_str(include_str!("document.json")).unwrap();
        typed(&document, &template::template()["template"]["mappings"], "");
    }
}
