//! Any file and any environment: a configuration, or problems that name their keys; never a panic.

use super::Config;

const EXAMPLE: &str = include_str!("../../station.example.toml");
const VARIABLES: [&str; 9] = [
    "STATION",
    "MQTT__HOST",
    "MQTT",
    "MQTT__PORT",
    "PLACE__LATITUDE",
    "LOG__MAX_BYTES",
    "SAMPLING__INTERVAL",
    "BUS__KIND",
    "CLOCK",
];

#[test]
fn fuzz_configuration() {
    minuano_settings::fuzz::read_anything(EXAMPLE, &VARIABLES, Config::from_layers).unwrap();
}
