use std::path::PathBuf;

use super::check::is_zone;
use super::*;

pub(crate) fn load(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("station.toml");
    std::fs::write(&file, text).unwrap();
    let layers = Layers {
        file: Some(file),
        default_file: PathBuf::new(),
        prefix: PREFIX.to_owned(),
        environment: Default::default(),
    };
    Config::from_layers(&layers).map_err(|problems| problems.to_string())
}

#[test]
fn a_name_is_enough() {
    let config = load("station = \"roof\"").unwrap();
    assert_eq!((config.place.name.as_str(), config.mqtt.port), ("roof", 1883));
    assert_eq!(config.clock, ClockSource::Kernel);
    assert!(matches!(config.bus, BusConfig::I2c { device } if device == "/dev/i2c-1"));
    let emulated = load("station = \"roof\"\n[bus]\nkind = \"emulated\"\nhistory = \"24h\"").unwrap();
    assert_eq!(emulated.clock, ClockSource::Trust);
    assert!(
        matches!(emulated.bus, BusConfig::Emulated { history, .. } if history == Duration::from_secs(86_400))
    );
}

/// What names files that are not there.
const FILES: [&str; 7] =
    ["password_file", "history", "[mqtt.tls]", "ca =", "certificate =", "key =", "server_name"];

#[test]
fn the_example_is_valid_and_says_every_default() {
    let example = include_str!("../../station.example.toml");
    load(example).unwrap();
    let all_on: String = example
        .lines()
        .map(|line| line.strip_prefix("#: ").unwrap_or(line))
        .filter(|line| !FILES.iter().any(|key| line.starts_with(key)))
        .flat_map(|line| [line, "\n"])
        .collect();
    load(&all_on).unwrap();
}

#[test]
fn every_problem_is_found_at_once_and_says_what_would_be_right() {
    let said = load(
        "station = \"Roof\"\n\
         [place]\nlatitude = 91\nlongitude = -181.0\naltitude_m = 10000\nzone = \"Mars\"\nname = \"\"\n\
         [bus]\nhistory = \"24h\"\ndevice = \"\"\n\
         [sampling]\ninterval = \"3s\"\nreport = \"10s\"\n\
         [log]\nfolder = \"here\"\nmax_bytes = 5\nspill = \"0s\"\n\
         [mqtt]\nhost = \"a b\"\nport = 0\nkeep_alive = \"1s\"\nresend_after = \"0s\"\npassword = \"x\"\n\
         back_off_first = \"2m\"\nacknowledge = \"nobody\"\n\
         connect_within = \"0s\"\nconfirm_within = \"0s\"\nmessages_per_second = 0\ndiscovery_prefix = \"a/#\"\n\
         [mqtt.tls]\nca = \"/nowhere.pem\"\nkey = \"/nowhere.key\"\nserver_name = \"a b\"\n\
         [run]\nlog_level = \"x=y=z\"\nstop_within = \"1h\"\nstuck_after = \"1s\"\n[led]\npin = 40",
    )
    .unwrap_err();
    for key in [
        "station: ",
        "place.latitude: ",
        "place.longitude: ",
        "place.altitude_m: ",
        "place.zone: ",
        "place.name: ",
        "bus.history: ",
        "bus.device: ",
        "sampling.report: ",
        "log.folder: ",
        "log.max_bytes: ",
        "log.spill: ",
        "mqtt.host: ",
        "mqtt.port: ",
        "mqtt.keep_alive: ",
        "mqtt.resend_after: ",
        "mqtt.user: ",
        "mqtt.back_off_longest: ",
        "mqtt.acknowledge: ",
        "mqtt.connect_within: ",
        "mqtt.confirm_within: ",
        "mqtt.messages_per_second: ",
        "mqtt.discovery_prefix: ",
        "mqtt.tls.ca: ",
        "mqtt.tls.certificate: ",
        "mqtt.tls.server_name: ",
        "led.pin: ",
        "run.log_level: ",
        "run.stop_within: ",
        "run.stuck_after: ",
    ] {
        assert_eq!(said.lines().filter(|line| line.starts_with(key)).count(), 1, "{key} in\n{said}");
    }
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_missing_name_and_a_wrong_type_are_named_once() {
    assert_eq!(load("").unwrap_err().lines().count(), 1);
    let said = load("station = 5").unwrap_err();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        load("station = \"a\"\n[bus]\nkind = \"emulated\"\nseries = \"/nowhere.csv\"")
            .unwrap_err()
            .contains("bus.series: /nowhere.csv")
    );
    for report in ["0s", "500ms", "2h", "1500ms"] {
        let said = load(&format!("station = \"a\"\n[sampling]\nreport = \"{report}\"")).unwrap_err();
        assert!(said.starts_with("sampling.report: "), "{report}: {said}");
    }
}

#[test]
fn zones_have_the_shape_of_zones() {
    for zone in ["UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "America/Port-au-Prince"] {
        assert!(is_zone(zone), "{zone}");
    }
    for zone in ["", "Denver", "/", "America/", "../etc/passwd", "Amer ica/Denver"] {
        assert!(!is_zone(zone), "{zone}");
    }
}

#[test]
fn the_port_follows_tls_and_the_rate_leaves_room_for_a_backlog() {
    let mqtt = |text: &str| load(&format!("station = \"a\"\n{text}")).map(|config| config.mqtt);
    assert_eq!((mqtt("").unwrap().port, mqtt("").unwrap().messages_per_second), (1883, 20));
    assert_eq!(mqtt("[mqtt]\nport = 8884").unwrap().port, 8884);
    let quick = "[sampling]\ninterval = \"50ms\"\nreport = \"50ms\"\n";
    assert_eq!(mqtt(quick).unwrap().messages_per_second, 40);
    let slow = mqtt(&format!("{quick}[mqtt]\nmessages_per_second = 39")).unwrap_err();
    assert!(
        slow.starts_with("mqtt.messages_per_second: is 39; with sampling.report = 50ms it takes 40"),
        "{slow}"
    );
    assert_eq!(mqtt("[mqtt]\ndiscovery = false").unwrap().discovery, None);
}
