use minuano_settings::Problems;

use super::{Wanted, check, explain, read, render};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ6p0Y0mQk4Tn5l0bYl1q9m2s8dJ3cW7uXvZaBcDeFg you@laptop";
const WHOLE: &str = r#"
station = "roof"
gateway = true
time_zone = "America/Denver"
ssh_key = "KEY"
time_server = "192.168.1.1"
bus = "/dev/i2c-3"
[place]
name = "Roof"
latitude = 37.70
longitude = -105.92
altitude_m = 2317
[wifi]
country = "DE"
ssid = "Fritz!Box"
passphrase = "correct \"horse"
hidden = true
[broker]
host = "192.168.1.10"
port = 8883
user = "roof"
password = "secret"
tls = true
acknowledge = "broker"
"#;

fn whole() -> String {
    WHOLE.replace("KEY", KEY)
}

fn zones(zone: &str) -> bool {
    ["UTC", "America/Denver", "Europe/Berlin"].contains(&zone)
}

fn of(bytes: impl AsRef<[u8]>) -> (Wanted, Vec<String>) {
    let (wanted, problems) = read(bytes.as_ref(), zones);
    (wanted, told(&problems))
}

fn told(problems: &Problems) -> Vec<String> {
    problems.0.iter().map(|problem| format!("{}: {}", problem.key, problem.what)).collect()
}

fn file(wanted: &Wanted, path: &str) -> Option<String> {
    render::files(wanted).into_iter().find(|file| file.path == path).map(|file| file.text)
}

fn only(problems: &[String], begins: &str) {
    assert!(problems.len() == 1 && problems[0].starts_with(begins), "{begins}: {problems:#?}");
}

#[test]
fn the_cards_own_file_is_right_and_so_is_each_line_that_it_offers() {
    let card = include_str!("../../boot/minuano.toml");
    let (wanted, problems) = of(card);
    assert_eq!(problems, [""; 0]);
    assert!(wanted.gateway && wanted.station == "roof" && wanted.wifi.is_none());
    // A commented key is one that reads `# key = value`.
    let is_key = |line: &str| {
        line.strip_prefix("# ")
            .and_then(|rest| rest.split_once(" = "))
            .is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    };
    let offered: Vec<&str> = card.lines().filter(|line| is_key(line)).collect();
    assert_eq!(offered.len(), 18, "{offered:#?}");
    let all: String =
        card.lines()
            .map(|line| if is_key(line) { &line[2..] } else { line })
            .map(|line| {
                if line.starts_with("ssh_key") { format!("ssh_key = {KEY:?}\n") } else { format!("{line}\n") }
            })
            .collect();
    let (wanted, problems) = of(all);
    assert_eq!(problems, [""; 0]);
    assert!(wanted.broker.is_some() && wanted.wifi.is_some() && wanted.ssh_keys == [KEY]);
}

#[test]
fn a_whole_file_becomes_the_files_of_the_machine() {
    let (wanted, problems) = of(whole());
    assert_eq!(problems, [""; 0]);
    let station: toml::Table = file(&wanted, "etc/minuano/station.toml").unwrap().parse().unwrap();
    assert_eq!(station["station"].as_str(), Some("roof"));
    assert_eq!(station["place"]["zone"].as_str(), Some("America/Denver"));
    assert_eq!(station["place"]["altitude_m"].as_float(), Some(2317.0));
    assert_eq!(station["bus"]["device"].as_str(), Some("/dev/i2c-3"));
    assert_eq!(station["mqtt"]["port"].as_integer(), Some(8883));
    assert!(station["mqtt"]["tls"].is_table());
    assert!(station["mqtt"].get("acknowledge").is_none(), "this machine has a gateway, whose word counts");
    assert_eq!(file(&wanted, "run/credstore/minuano-mqtt").as_deref(), Some("secret"));
    let gateway: toml::Table = file(&wanted, "etc/minuano/gateway.toml").unwrap().parse().unwrap();
    assert_eq!(gateway["mqtt"][0]["host"].as_str(), Some("192.168.1.10"));
    assert!(gateway.get("broker").is_none());
    let wifi = file(&wanted, "etc/wpa_supplicant/wpa_supplicant-wlan0.conf").unwrap();
    assert!(wifi.contains("\tssid=467269747a21426f78\n") && wifi.contains("country=DE\n"), "{wifi}");
    assert!(wifi.contains("\tpsk=\"correct \"horse\"\n") && wifi.contains("scan_ssid=1"), "{wifi}");
    assert_eq!(file(&wanted, "etc/minuano/authorized_keys"), Some(format!("{KEY}\n")));
    assert_eq!(
        file(&wanted, "etc/systemd/timesyncd.conf.d/minuano.conf").unwrap(),
        "[Time]\nNTP=192.168.1.1\n"
    );
    assert_eq!(file(&wanted, "etc/hostname").unwrap(), "roof\n");
    for secret in render::files(&wanted)
        .iter()
        .filter(|file| file.text.contains("secret") || file.text.contains("horse"))
    {
        assert_eq!(secret.mode, 0o600, "{}", secret.path);
    }
}

/// The station itself takes what is rendered for it.
#[test]
fn the_station_takes_what_is_rendered() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        String::new(),
        whole().replace("password", "# password"),
        "station = \"a-_\"\ngateway = true".to_owned(),
    ] {
        let (wanted, _) = of(&text);
        let path = folder.path().join("station.toml");
        std::fs::write(&path, file(&wanted, "etc/minuano/station.toml").unwrap()).unwrap();
        let config = minuano_station::config::Config::load(Some(path)).unwrap();
        assert_eq!(config.station.as_str(), wanted.station);
    }
}

#[test]
fn nothing_at_all_still_measures() {
    for empty in ["", "\n\n", "# nothing\r\n", "\u{FEFF}"] {
        let (wanted, problems) = of(empty);
        only(&problems, "station: is missing; give the station a name such as");
        assert_eq!((wanted.station.as_str(), wanted.bus.as_str()), (check::NAMELESS, check::FOUND_BUS));
        assert!(!wanted.gateway && wanted.ssh_keys.is_empty() && wanted.wifi.is_none());
        assert!(file(&wanted, "etc/minuano/station.toml").unwrap().contains("station = \"minuano\""));
        assert!(
            file(&wanted, "run/minuano/gateway").is_none()
                && file(&wanted, "etc/minuano/authorized_keys").is_none()
        );
    }
}

#[test]
fn every_editors_lines_and_marks_are_read() {
    let expected = format!("{:?}", of(whole()));
    let windows = whole().replace('\n', "\r\n");
    let utf16 = |bytes: fn(u16) -> [u8; 2], mark: [u8; 2]| {
        [mark.to_vec(), windows.encode_utf16().flat_map(bytes).collect()].concat()
    };
    let forms = [
        windows.clone().into_bytes(),
        format!("\u{FEFF}{}", whole()).into_bytes(),
        format!("\u{FEFF}{windows}").into_bytes(),
        utf16(u16::to_le_bytes, [0xFF, 0xFE]),
        utf16(u16::to_be_bytes, [0xFE, 0xFF]),
    ];
    for (index, form) in forms.iter().enumerate() {
        assert_eq!(format!("{:?}", of(form)), expected, "form {index}");
    }
}

#[test]
fn a_megabyte_is_refused_without_being_looked_at() {
    let text = format!("station = \"roof\"\n# {}\n", "x".repeat(1 << 20));
    let (wanted, problems) = of(text);
    assert!(problems[0].starts_with("minuano.toml: is longer than 65536 bytes"), "{problems:#?}");
    assert_eq!(wanted.station, check::NAMELESS);
    // As long as it may be.
    let text = format!("station = \"roof\"\n#{}", "x".repeat(super::card::MAX_BYTES - 18));
    assert_eq!(text.len(), super::card::MAX_BYTES);
    assert_eq!(of(text).1, [""; 0]);
}

#[test]
fn ten_mistakes_are_named_and_the_rest_is_used() {
    let text = "station = \"Roof!\"\ngatway = true\ntime_zone = \"Mars/Olympus\"\nssh_key = \"hello\"\n\
                [place]\nlatitude = 91\nlongitude = -105.92\naltitude_m = \"high\"\n\
                [wifi]\ncountry = \"Germany\"\nssid = \"net\"\npassphrase = \"short\"\n\
                [broker]\nhost = \"mqtt://10.0.0.1\"\nport = 70000\n";
    let (wanted, problems) = of(text);
    let keys = [
        "station",
        "gatway",
        "time_zone",
        "ssh_key",
        "place.latitude",
        "place.altitude_m",
        "wifi.country",
        "wifi.passphrase",
        "broker.host",
        "broker.port",
    ];
    assert_eq!(problems.len(), keys.len(), "{problems:#?}");
    for key in keys {
        assert!(problems.iter().any(|line| line.starts_with(&format!("{key}: "))), "{key}: {problems:#?}");
    }
    assert_eq!(wanted.place.longitude, Some(-105.92));
    assert!(wanted.wifi.is_none(), "never on an open network of the same name");
    let (wanted, problems) = read(text.as_bytes(), zones);
    let explained = explain::explanation(&wanted, &problems).unwrap();
    assert!(
        explained.contains("Minuano found 10 mistakes")
            && explained.contains("\r\n  time_zone: \"Mars/Olympus\"")
    );
    assert!(!explained.contains("short") && !explained.replace("\r\n", "").contains('\n'), "{explained}");
}

#[test]
fn a_line_that_is_no_toml_costs_itself_alone() {
    let (wanted, problems) = of(
        "station = \"roof\"\ngateway true\ntime_zone = Europe/Berlin\n[place]\nname = “Roof”\naltitude_m = 12\n",
    );
    assert_eq!(wanted.station, "roof");
    assert_eq!(wanted.place.altitude_m, Some(12.0));
    assert_eq!(problems.len(), 3, "{problems:#?}");
    assert!(
        problems[0].starts_with("minuano.toml line 2: ") && problems[0].contains("KEY = VALUE"),
        "{problems:#?}"
    );
    assert!(
        problems[1].starts_with("minuano.toml line 3: ") && problems[1].contains("in quotation marks"),
        "{problems:#?}"
    );
    assert!(problems[2].starts_with("minuano.toml line 5: has typographic quotation marks"), "{problems:#?}");
}

#[test]
fn a_broken_section_takes_its_keys_with_it() {
    let (wanted, problems) =
        of("station = \"roof\"\n[place\nname = \"x\"\n[wifi]\ncountry = \"DE\"\nssid = \"net\"\n");
    only(&problems, "minuano.toml line 2: ");
    assert!(wanted.place.name.is_none());
    assert_eq!(wanted.wifi.unwrap().ssid, "net");
    let (wanted, problems) = of("station = \"roof\"\nstation = \"cellar\"\ngateway = true\n");
    assert_eq!(wanted.station, "roof");
    only(&problems, "minuano.toml line 2: duplicate key");
    assert!(wanted.gateway);
}

#[test]
fn what_is_not_utf8_costs_its_line() {
    let (wanted, problems) = of(b"station = \"roof\"\n[place]\nname = \"D\xFCbendorf\"\naltitude_m = 440\n");
    only(&problems, "minuano.toml line 3: is not UTF-8");
    assert_eq!(wanted.place.altitude_m, Some(440.0));
}

#[test]
fn no_secret_is_told() {
    let (_, problems) =
        of("station = \"a\"\n[wifi]\nssid = \"net\"\ncountry = \"DE\"\npassphrase = 1234567890\n");
    assert_eq!(problems, ["wifi.passphrase: takes a text in quotation marks"]);
    let (_, problems) =
        of("station = \"a\"\n[wifi]\nssid = \"net\"\ncountry = \"DE\"\npassphrase = s3cret\n");
    assert!(problems.len() == 1 && !problems[0].contains("s3cret"), "{problems:#?}");
    let (wanted, _) = of(whole());
    assert!(!format!("{wanted:?}").contains("horse") && !format!("{wanted:?}").contains("secret"));
}

#[test]
fn wifi_needs_what_it_needs() {
    let wifi = |text: &str| {
        let (wanted, problems) = of(format!("station = \"a\"\n[wifi]\n{text}"));
        (wanted.wifi, problems)
    };
    let (open, problems) = wifi("country = \"BR\"\nssid = \"café\"\n");
    assert!(problems.is_empty() && open.is_some_and(|wifi| wifi.passphrase.is_none()), "{problems:#?}");
    only(&wifi("country = \"UK\"\nssid = \"net\"\n").1, "wifi.country: takes \"GB\"");
    let (world, problems) = wifi("ssid = \"net\"\npassphrase = \"12345678\"\n");
    only(&problems, "wifi.country: is missing");
    assert_eq!(world.unwrap().country, "00");
    only(&wifi("country = \"DE\"\npassphrase = \"12345678\"\n").1, "wifi.ssid: is missing");
    only(&wifi(&format!("country = \"DE\"\nssid = \"{}\"\n", "x".repeat(33))).1, "wifi.ssid: has 33 bytes");
    let (none, problems) = wifi("country = \"DE\"\nssid = \"net\"\npassphrase = \"grüße aus\"\n");
    only(&problems, "wifi.passphrase: has 9 characters");
    assert!(none.is_none());
    let (key, problems) =
        wifi(&format!("country = \"DE\"\nssid = \"net\"\npassphrase = \"{}\"\n", "0f".repeat(32)));
    assert!(problems.is_empty() && key.is_some());
}

#[test]
fn keys_and_brokers_that_cannot_be_are_told_apart() {
    let problems = |text: &str| of(format!("station = \"a\"\n{text}")).1;
    only(&problems("ssh_key = \"-----BEGIN OPENSSH PRIVATE KEY-----\""), "ssh_key: is a private key");
    only(&problems("ssh_key = \"ssh-dss AAAA\""), "ssh_key: is no public key");
    only(&problems(&format!("ssh_key = [{KEY:?}, \"x\"]")), "ssh_key: is no public key");
    only(&problems("ssh_key = 7"), "ssh_key: ");
    only(&problems("[broker]\nport = 1883"), "broker.host: is missing");
    only(&problems("[broker]\nhost = \"b\"\npassword = \"x\""), "broker.user: is missing");
    only(&problems("[broker]\nhost = \"b\"\nacknowledge = \"me\""), "broker.acknowledge: ");
    only(&problems("bus = \"/dev/sda\""), "bus: takes an I2C bus");
    only(&problems("time_server = \"pool ntp\""), "time_server: takes a host name");
}

#[test]
fn a_host_name_follows_from_every_station_name() {
    for (station, host) in [("roof", "roof"), ("a_b", "a-b"), ("a-", "a"), ("x__", "x")] {
        assert_eq!(of(format!("station = \"{station}\"")).0.host(), host);
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_upset_it(bytes: Vec<u8>, text: String, at in 0usize..700, with: u8) {
        let edited = {
            let mut edited = whole().into_bytes();
            let at = at % edited.len();
            edited[at] = with;
            edited
        };
        for bytes in [bytes, text.into_bytes(), edited] {
            let (wanted, problems) = read(&bytes, zones);
            render::files(&wanted);
            explain::explanation(&wanted, &problems);
            // Whatever it was, the station has a name that it takes.
            proptest::prop_assert!(wanted.station.parse::<minuano_telemetry::StationName>().is_ok());
            proptest::prop_assert!(problems.0.len() <= 100);
        }
    }
}
