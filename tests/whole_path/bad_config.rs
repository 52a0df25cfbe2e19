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
