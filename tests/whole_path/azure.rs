//! `az://` against Azurite, Microsoft's own emulator of its protocol.

use minuano_tests::payload::backlog;
use minuano_tests::process::clean;
use minuano_tests::{Gateway, Process, SOON, Settings, Wire, eventually, ports, python, root};

const STREAM: &str = "9f2c41d07a3be658";

#[test]
fn a_container_of_azure_takes_each_file_once() {
    let program = root().join("tests/azurite/node_modules/.bin/azurite-blob");
    assert!(program.exists(), "no Azurite: run cargo xtask test once, or npm ci in tests/azurite");
    let folder = tempfile::tempdir().unwrap();
    let port = ports::free();
    let mut command = clean(&program);
    command
        .args(["--silent", "--skipApiVersionCheck", "--blobPort", &port.to_string(), "--location"])
        .arg(folder.path());
    let _azurite = Process::start("azurite", &mut command, &folder.path().join("log"));
    let endpoint = format!("http://127.0.0.1:{port}");
    eventually("azurite", SOON, || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    python::run("azure_container.py", &[&endpoint, "weather"]);

    let lake = "[lake]\nurl = \"az://weather/lake\"\n".to_owned();
    let mut gateway = Gateway::prepare(&Settings { lake, ..Settings::default() });
    gateway.set("AZURE_STORAGE_USE_EMULATOR", "true");
    gateway.set("AZURITE_BLOB_STORAGE_URL", &endpoint);
    gateway.start_again();
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say("minuano/v1/roof/backlog", backlog(STREAM, 0, 1, 1..=50));
    eventually("fifty", SOON, || (gateway.stored("roof") == 50).then_some(()));
    assert_eq!(gateway.command_json(&["lake", "flush", "--json"])["lake_rows"], 50);
    let report = gateway.command_json(&["lake", "verify", "--json"]);
    assert_eq!((&report["rows"], &report["ok"]), (&50.into(), &true.into()), "{report}");
    let checked = gateway.command(&["check-config", "--online"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}
