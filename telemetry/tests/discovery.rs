//! What Home Assistant hears, held to its golden file and to the rules of Home Assistant's own schema.

use minuano_telemetry::{
    Discovery, MAX_MESSAGE, MAX_PREFIX, MAX_STATION_NAME, Quantity, StationName, birth_topic, discovery_topic,
};
use serde_json::Value;

fn encode(discovery: &Discovery) -> String {
    let mut buffer = vec![0; MAX_MESSAGE];
    String::from_utf8(discovery.encode(&mut buffer).unwrap().to_vec()).unwrap()
}

fn object<'a>(value: &'a Value, what: &str) -> &'a serde_json::Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("{what} is no object: {value}"))
}

/// `homeassistant/components/mqtt/schemas.py` and `abbreviations.py` (2026), as far as this message goes.
fn check(message: &str, quantities: &[Quantity]) {
    let value: Value = serde_json::from_str(message).unwrap();
    for key in object(&value, "the message").keys() {
        assert!(["dev", "o", "avty_t", "avty_tpl", "stat_t", "qos", "cmps"].contains(&key.as_str()), "{key}");
    }
    assert!(value["dev"]["ids"][0].is_string() && value["dev"]["name"].is_string());
    assert!(value["o"]["name"].is_string() && value["o"]["sw"].is_string());
    assert!(value["avty_t"].as_str().unwrap().ends_with("/status"));
    assert!(value["stat_t"].as_str().unwrap().ends_with("/telemetry"));
    let components = object(&value["cmps"], "cmps");
    assert_eq!(components.len(), quantities.len());
    for quantity in quantities {
        let component = object(&components[quantity.key()], quantity.key());
        let text = |key: &str| component[key].as_str().unwrap_or_else(|| panic!("{key} of {component:?}"));
        assert_eq!((text("p"), text("stat_cla")), ("sensor", "measurement"));
        let (class, unit) = match quantity {
            Quantity::Temperature => ("temperature", "°C"),
            Quantity::Pressure => ("atmospheric_pressure", "hPa"),
            Quantity::Humidity => ("humidity", "%"),
            Quantity::Illuminance => ("illuminance", "lx"),
        };
        assert_eq!((text("dev_cla"), text("unit_of_meas")), (class, unit));
        assert!(text("uniq_id").ends_with(quantity.key()));
        assert!(text("val_tpl").contains(&format!("value_json.readings[0].{}", quantity.key())));
        assert!(component["exp_aft"].as_u64().unwrap() >= 5);
        assert!(!component.contains_key("object_id") && !component.contains_key("obj_id"), "has ended");
        let id = text("default_entity_id").strip_prefix("sensor.").unwrap();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(id.chars().all(allowed) && !id.contains("__") && !id.ends_with('_'), "{id}");
    }
}

#[test]
fn it_is_as_its_golden_file() {
    let station: StationName = "roof".parse().unwrap();
    let discovery = Discovery::new(&station, "Roof \"West\"", "0.1.0", 10, Quantity::ALL);
    let golden = include_str!("golden/discovery.json");
    assert_eq!(encode(&discovery), golden.trim_end());
    check(golden, &Quantity::ALL);
    assert_eq!(discovery_topic("homeassistant", &station), "homeassistant/device/minuano_roof/config");
    assert_eq!(birth_topic("homeassistant"), "homeassistant/status");
}

#[test]
fn only_what_is_measured_becomes_an_entity() {
    let station: StationName = "roof".parse().unwrap();
    let quantities = [Quantity::Illuminance, Quantity::Temperature];
    check(&encode(&Discovery::new(&station, "Roof", "0.1.0", 1, quantities)), &quantities);
}

#[test]
fn the_longest_names_are_not_cut() {
    let name = "a".repeat(MAX_STATION_NAME);
    let station: StationName = name.parse().unwrap();
    let discovery = Discovery::new(&station, &"n".repeat(64), &"v".repeat(32), u32::MAX, Quantity::ALL);
    let message = encode(&discovery);
    check(&message, &Quantity::ALL);
    for whole in [
        format!("\"minuano_{name}\""),
        format!("\"minuano_{name}_illuminance_lx\""),
        format!("\"sensor.minuano_{name}_illuminance\""),
        format!("\"minuano/v1/{name}/telemetry\""),
        "readings[0].illuminance_lx | default('None') }}\"".to_owned(),
        "n".repeat(64),
    ] {
        assert!(message.contains(&whole), "{whole} in {message}");
    }
    assert!(discovery_topic(&"p".repeat(MAX_PREFIX), &station).ends_with(&format!("{name}/config")));
    check(&encode(&Discovery::new(&"a--b_-".parse().unwrap(), "A", "1", 1, Quantity::ALL)), &Quantity::ALL);
}
