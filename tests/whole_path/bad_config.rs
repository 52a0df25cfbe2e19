//! Bad configuration and bad usage: the exit code, and one line each that names the key or path.

use std::net::TcpListener;
use std::path::PathBuf;

use minuano_tests::process::{Called, binary, call};
use tempfile::TempDir;

const STATION: &str = "minuano-station";
const GATEWAY: &str = "minuano-gateway";
const BOTH: [&str; 2] = [STATION, GATEWAY];

fn file(text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("minuano.toml");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

fn with_file(program: &str, command: &str, file: &std::path::Path) -> Called {
    call(binary(program).args([command, "--config"]).arg(file))
}

/// Exit code 78, and for each of `expected` one line that begins with the key and has the words.
fn refuses(program: &str, text: &str, expected: &[(&str, &str)]) {
    let (_folder, file) = file(text);
    for command in ["check-config", "run"] {
        let called = with_file(program, command, &file);
        assert_eq!(called.code, Some(78), "{program} {command}: {called:?}");
        let lines: Vec<&str> = called.stderr.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{program} {command}: {}", called.stderr);
        for (key, words) in expected {
            let line = lines.iter().find(|line| line.starts_with(&format!("{key}: ")));
            let line = line.unwrap_or_else(|| panic!("{key} in {}", called.stderr));
            assert!(line.contains(words), "{words:?} in {line:?}");
        }
    }
}

#[test]
fn a_station_names_every_mistake_at_once() {
    refuses(
        STATION,
        "station = \"Roof\"\ncolour = \"red\"\n[mqtt]\nport = \"x\"\nhosst = \"b\"\n[sampling]\nreport = 5\n\
         [bus]\nkind = \"spi\"\n[place]\nlatitude = 91\n",
        &[
            ("station", "a-z 0-9 - _"),
            ("colour", "unknown key"),
            ("mqtt.port", "u16"),
            ("mqtt.hosst", "unknown key"),
            ("sampling.report", "10s"),
            ("bus.kind", "emulated"),
            ("place.latitude", "-90 to 90"),
        ],
    );
}

#[test]
fn a_gateway_names_every_mistake_at_once() {
    refuses(
        GATEWAY,
        "gateway = \"My Home\"\n[http]\nlisten = \"8080\"\n[store]\nfile = 5\nretention = \"1h\"\nfiel = \"x\"\n\
         [lake]\nurl = \"ftp://example\"\naccess_key_id = \"only-half\"\n[[mqtt]]\nport = 0\n",
        &[
            ("gateway", "a-z 0-9 - _"),
            ("http.listen", "socket address"),
            ("store.file", "string"),
            ("store.retention", "1d"),
            ("store.fiel", "unknown key"),
            ("lake.url", "s3://"),
            ("lake.access_key_id", "secret_access_key"),
            ("mqtt[0].port", "1 to 65535"),
        ],
    );
}

#[test]
fn a_gateway_without_a_broker_or_with_an_open_one_is_refused() {
    refuses(GATEWAY, "gateway = \"home\"\n", &[("mqtt", "[broker] embedded = true")]);
    let open = "[broker]\nembedded = true\nlisten = \"0.0.0.0:1883\"\n";
    refuses(GATEWAY, open, &[("broker.listen", "loopback")]);
}

#[test]
fn alerts_name_every_mistake_at_once() {
    let (_kept, nothing) = file("");
    let (_kept_too, empty) = file("");
    let text = format!(
        "gateway = \"home\"\n[broker]\nembedded = true\n\
         [[alert]]\nname = \"phone\"\nto = \"ntfy\"\nurl = \"https://ntfy.sh/topic\"\ntopic = \"a/b\"\nlimit = 0\n\
         [[alert]]\nname = \"phone\"\nto = \"pigeon\"\non = [\"weather\", \"hail\"]\n\
         [[alert]]\nname = \"Hook\"\nto = \"webhook\"\nurl = \"example.org/hook\"\ntopic = \"x\"\n\
         secret_file = \"/nowhere/secret\"\nlimit_within = \"0s\"\non = []\n\
         [[alert]]\nname = \"a\"\nto = \"webhook\"\nurl = \"http://127.0.0.1/\"\nsecret_file = {nothing:?}\n\
         quiet = {{ from = \"25:00\", to = \"07:00\", zone = \"Mars/Olympus\" }}\n\
         [[alert]]\nname = \"b\"\nto = \"mqtt\"\ntopic = \"minuano/v1/roof/telemetry\"\nstations = [\"Roof\"]\n\
         quiet = {{ from = \"07:00\", to = \"07:00\", zone = \"UTC\" }}\nrepeat_after = \"1y\"\n\
         [[alert]]\nname = \"c\"\nto = \"email\"\nhost = \"mail.example.org\"\nfrom = \"nobody\"\n\
         receivers = [\"me@example.org\", \"me\"]\nuser = \"u\"\ntls = \"ssl\"\nca_file = {empty:?}\n\
         [[alert]]\nname = \"d\"\nto = \"email\"\nhost = \"mail.example.org\"\nfrom = \"a@example.org\"\n\
         receivers = [\"me@example.org\"]\nuser = \"u\"\nsecret = \"s\"\ntls = \"none\"\nretries = 5\n"
    );
    refuses(
        GATEWAY,
        &text,
        &[
            ("alert[0].url", "the server alone"),
            ("alert[0].topic", "1 to 64 of"),
            ("alert[0].limit", "1 to 10000"),
            ("alert[1].name", "one before"),
            ("alert[1].to", "webhook, ntfy, email or mqtt"),
            ("alert[1].on", "\"hail\" is no class"),
            ("alert[2].name", "\"Hook\" takes 1 to 32"),
            ("alert[2].url", "https://example.org/hook"),
            ("alert[2].topic", "is nothing that webhook has; it takes url, ca_file, secret"),
            ("alert[2].secret_file", "/nowhere/secret"),
            ("alert[2].limit_within", "\"1s\""),
            ("alert[2].on", "never be told"),
            ("alert[3].secret", "is empty"),
            ("alert[3].quiet.from", "\"25:00\" is no time of day"),
            ("alert[3].quiet.zone", "Mars/Olympus"),
            ("alert[4].topic", "the stations'"),
            ("alert[4].stations", "\"Roof\""),
            ("alert[4].quiet.to", "another time of day"),
            ("alert[4].repeat_after", "31d"),
            ("alert[5].from", "weather@example.org"),
            ("alert[5].receivers", "\"me\" is no address"),
            ("alert[5].user", "password"),
            ("alert[5].tls", "starttls"),
            ("alert[5].ca_file", "one certificate in PEM"),
            ("alert[6].tls", "clear text"),
            ("alert[6].retries", "unknown key"),
        ],
    );
}

#[test]
fn rules_of_weather_upside_down_are_named() {
    refuses(
        GATEWAY,
        "gateway = \"home\"\n[broker]\nembedded = true\n\
         [events.frost]\nonset_c = 2.0\nclear_c = 1.0\nhold = \"2d\"\n\
         [events.heat]\nonset_c = 35.0\nclear_c = 35.0\n\
         [events.pressure_fall]\nonset_hpa_3h = 6.0\n\
         [events.fog]\nonset_c = nan\n\
         [events.hail]\nonset_c = 1.0\n",
        &[
            ("events.frost.clear_c", "above the onset, 2"),
            ("events.frost.hold", "1d"),
            ("events.heat.clear_c", "below the onset, 35"),
            ("events.pressure_fall.onset_hpa_3h", "-60 to 0"),
            ("events.fog.onset_c", "0 to 30"),
            ("events.fog.clear_c", "above the onset"),
            ("events.hail", "unknown key"),
        ],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (_kept, garbage) = file([0xff, 0xfe, 0x00]);
    let (_kept_too, broken) = file("station = \"roof\"\n[mqtt\n");
    for program in BOTH {
        for (path, words) in [
            (folder.path().join("missing.toml"), "No such file"),
            (folder.path().to_owned(), "directory"),
            (garbage.clone(), "UTF-8"),
        ] {
            let called = with_file(program, "run", &path);
            assert_eq!(called.code, Some(78), "{called:?}");
            assert_eq!(called.stderr.lines().count(), 1, "{called:?}");
            let named = called.stderr.starts_with(&path.display().to_string());
            assert!(named && called.stderr.contains(words), "{words:?} in {called:?}");
        }
        let called = with_file(program, "run", &broken);
        assert_eq!(called.code, Some(78), "{called:?}");
        assert!(called.stderr.starts_with(&format!("{}:2: ", broken.display())), "the line: {called:?}");
    }
}

#[test]
fn a_secret_file_that_cannot_be_read_is_named_and_a_secret_never_shown() {
    let text = "station = \"roof\"\n[mqtt]\nuser = \"u\"\npassword_file = \"/nowhere/secret\"\n";
    refuses(STATION, text, &[("mqtt.password_file", "/nowhere/secret")]);
    let (_folder, file) = file("station = \"roof\"\n[mqtt]\npassword = \"hunter2\"\nport = 0\n");
    let called = with_file(STATION, "check-config", &file);
    assert_eq!(called.code, Some(78));
    assert!(!called.stderr.contains("hunter2"), "{called:?}");
}

#[test]
fn the_environment_is_named_like_the_file() {
    let (_folder, file) = file("station = \"roof\"\n");
    let called = call(
        binary(STATION)
            .args(["check-config", "--config"])
            .arg(&file)
            .env("MINUANO_STATION__MQTT__PORT", "many"),
    );
    assert_eq!(called.code, Some(78), "{called:?}");
    assert!(called.stderr.starts_with("mqtt.port: "), "{called:?}");
    let called = call(
        binary(STATION)
            .args(["check-config", "--config"])
            .arg(&file)
            .env("MINUANO_STATION__MQTT__PORT", "1884"),
    );
    assert_eq!(called.code, Some(0), "{called:?}");
}

/// Exit code 1, with one line about it that has all of `words`.
fn fails(text: &str, words: &[&str]) {
    let (_folder, file) = file(text);
    let called = with_file(GATEWAY, "run", &file);
    assert_eq!(called.code, Some(1), "{called:?}");
    let about = called.stderr.lines().filter(|line| words.iter().all(|word| line.contains(word))).count();
    assert_eq!(about, 1, "{words:?} in {}", called.stderr);
}

#[test]
fn a_port_in_use_is_named_and_ends_with_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = format!("[store]\nfile = \"{}/gateway.db\"\n", folder.path().display());
    let joined = "[[mqtt]]\nhost = \"127.0.0.1\"\nport = 1\n";
    fails(
        &format!("[http]\nlisten = \"{taken}\"\n{joined}{store}"),
        &["http.listen", &taken.to_string(), "free port"],
    );
    fails(
        &format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n[broker]\nembedded = true\nlisten = \"{taken}\"\n{store}"
        ),
        &["broker.listen", &taken.to_string(), "free port"],
    );
}

#[test]
fn a_store_that_cannot_be_written_is_named_and_ends_with_1() {
    let (folder, file) = file("not a folder, and no database");
    let broker = "[http]\nlisten = \"127.0.0.1:0\"\n[[mqtt]]\nhost = \"127.0.0.1\"\nport = 1\n";
    let below_a_file = file.join("gateway.db");
    for path in ["/proc/minuano/gateway.db", below_a_file.to_str().unwrap(), folder.path().to_str().unwrap()]
    {
        fails(&format!("{broker}[store]\nfile = \"{path}\"\n"), &["store", path]);
    }
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("PRAGMA application_id = 7; CREATE TABLE t (x)")
        .unwrap();
    fails(&format!("{broker}[store]\nfile = \"{}\"\n", other.display()), &["store", "another program"]);
}

#[test]
fn bad_usage_is_64_and_help_is_0() {
    for program in BOTH {
        for arguments in
            [&["measure"][..], &[], &["run", "--confg", "x"], &["run", "--config"], &["run", "twice", "over"]]
        {
            let called = call(binary(program).args(arguments));
            assert_eq!(called.code, Some(64), "{program} {arguments:?}: {called:?}");
            assert!(called.stderr.contains("--help"), "{called:?}");
        }
        for arguments in [&["--help"][..], &["run", "--help"], &["--version"]] {
            let called = call(binary(program).args(arguments));
            assert_eq!(called.code, Some(0), "{program} {arguments:?}: {called:?}");
            assert!(called.stderr.is_empty() && !called.stdout.is_empty(), "{called:?}");
        }
    }
}
