//! Home Assistant's side of the broker: what it hears, and what its templates find.

use serde_json::Value;

use crate::RUN;
use crate::support::broker::Broker;
use crate::support::listener::Listener;
use crate::support::station::{QUICK, Station};

const CONFIG: &str = "homeassistant/device/minuano_roof/config";
const EMULATED: [&str; 4] = ["humidity_pct", "illuminance_lx", "pressure_hpa", "temperature_c"];

fn json(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).unwrap()
}

#[test]
fn the_station_announces_itself_and_again_when_home_assistant_is_born() {
    let broker = Broker::running();
    let home = Listener::subscribed(broker.port, "home", "#");
    let mut station = Station::start(broker.port, QUICK, &format!("acknowledge = \"broker\"\n{RUN}"));
    let first = home.wait_on(CONFIG, 1).remove(0);
    let config = json(&first.payload);
    let components = config["cmps"].as_object().unwrap();
    let mut keys: Vec<_> = components.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, EMULATED);

    // What Home Assistant would show: its template finds the value in the newest message on the state topic.
    let state = home.wait_on(config["stat_t"].as_str().unwrap(), 2).pop().unwrap();
    for (key, component) in components {
        let path = format!("{{{{ value_json.readings[0].{key} | default('None') }}}}");
        assert_eq!(component["val_tpl"], path);
        assert!(json(&state.payload)["readings"][0][key].is_number(), "{key}");
    }
    let status = home.wait_on(config["avty_t"].as_str().unwrap(), 1).pop().unwrap();
    assert_eq!(json(&status.payload)["state"], "online");

    let announced = home.on(CONFIG).len();
    home.publish("homeassistant/status", b"offline");
    home.publish("homeassistant/status", b"online");
    let again = home.wait_on(CONFIG, announced + 1).pop().unwrap();
    assert_eq!(json(&again.payload), config);

    let late = Listener::subscribed(broker.port, "late", "homeassistant/#");
    assert!(late.wait_on(CONFIG, 1)[0].retained);
    station.terminate();
    assert_eq!(station.ended().code(), Some(0));
}

#[test]
fn another_prefix_and_none() {
    let broker = Broker::running();
    let home = Listener::subscribed(broker.port, "home", "#");
    let _elsewhere = Station::start(broker.port, QUICK, &format!("discovery_prefix = \"ha\"\n{RUN}"));
    home.wait_on("ha/device/minuano_roof/config", 1);
    let mut silent = Station::start(broker.port, QUICK, &format!("discovery = false\n{RUN}"));
    home.wait_on("minuano/v1/roof/telemetry", 8);
    silent.terminate();
    silent.ended();
    assert!(home.on(CONFIG).is_empty());
}
