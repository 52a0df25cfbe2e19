//! Any file and any environment: a configuration, or problems that name their keys; never a panic.

const EXAMPLE: &str = include_str!("../../gateway.example.toml");
const VARIABLES: [&str; 9] = [
    "GATEWAY",
    "MQTT__HOST",
    "MQTT",
    "HTTP__LISTEN",
    "STORE__RETENTION",
    "LAKE__URL",
    "LAKE__CLOSE_ROWS",
    "BROKER__EMBEDDED",
    "ACKNOWLEDGE",
];

#[test]
fn fuzz_configuration() {
    minuano_settings::fuzz::read_anything(EXAMPLE, &VARIABLES, super::check::from_layers).unwrap();
}
