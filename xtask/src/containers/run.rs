//! Broker, gateway and station in containers that may do nothing but what they need.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::engine::Engine;

const NETWORK: &str = "minuano-test";
const WITHIN: Duration = Duration::from_secs(120);
/// As little as an image needs.
const HARDENED: [&str; 6] = [
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=65532:65532",
    "--log-driver=json-file",
    "--init=false",
];
/// Stopped in this order: who measures goes first.
const CONTAINERS: [&str; 3] = ["minuano-test-station", "minuano-test-gateway", "minuano-test-broker"];

/// Readings arrive, the panel answers, and a stop is clean.
pub fn together(engine: &Engine, gateway: &str, station: &str, folder: &Path) -> anyhow::Result<()> {
    remove(engine);
    let outcome = started(engine, gateway, station, folder);
    if outcome.is_err() {
        for name in CONTAINERS {
            println!("── {name}\n{}", engine.says(&["logs", "--tail", "20", name]).unwrap_or_default());
        }
    }
    remove(engine);
    outcome
}

fn started(engine: &Engine, gateway: &str, station: &str, folder: &Path) -> anyhow::Result<()> {
    let demo = crate::process::root().join("docker/compose/demo");
    let settings = |name: &str, text: String| -> anyhow::Result<String> {
        let file = folder.join(name);
        fs::write(&file, text).with_context(|| file.display().to_string())?;
        Ok(file.display().to_string())
    };
    let read = |name: &str| {
        let file = demo.join(name);
        fs::read_to_string(&file).with_context(|| file.display().to_string())
    };
    let broker = settings("mosquitto.conf", read("mosquitto.conf")?)?;
    let gateway_toml = settings("gateway.toml", read("gateway.toml")?)?;
    // A day of history is much for an emulated processor.
    let station_toml = settings("station.toml", read("station.toml")?.replace("24h", "10m"))?;

    engine.must(&["network", "create", NETWORK])?;
    let base = engine.says(&["image", "ls", "--quiet", "minuano-test/debian-amd64"])?;
    start(
        engine,
        "broker",
        &["--volume", &format!("{broker}:/etc/minuano-broker.conf:ro")],
        &base,
        &["mosquitto", "-c", "/etc/minuano-broker.conf"],
    )?;
    start(
        engine,
        "gateway",
        &[
            "--publish=127.0.0.1::8080",
            "--volume",
            &format!("{gateway_toml}:/etc/minuano/gateway.toml:ro"),
            "--volume=/var/lib/minuano",
        ],
        gateway,
        &["run"],
    )?;
    start(
        engine,
        "station",
        &["--volume", &format!("{station_toml}:/etc/minuano/station.toml:ro"), "--volume=/var/lib/minuano"],
        station,
        &["run"],
    )?;

    let address = engine.says(&["port", CONTAINERS[1], "8080/tcp"])?;
    let address = address.lines().next().context("the gateway's port is not published")?.to_owned();
    until("the station's readings", || {
        let stations: Value = get(&address, "/api/v1/stations")?.parse()?;
        let temperature = &stations["items"][0]["last_reading"]["temperature_c"];
        ensure!(temperature.as_f64().is_some(), "{stations}");
        Ok(())
    })?;
    let page = get(&address, "/")?;
    ensure!(page.contains("<script"), "the panel's page is {page}");
    let user = engine.says(&["inspect", "--format", "{{.Config.User}}", CONTAINERS[1]])?;
    ensure!(user == "65532:65532", "it runs as {user}");

    for name in &CONTAINERS[..2] {
        engine.must(&["stop", "--time", "30", name])?;
        let code = engine.says(&["inspect", "--format", "{{.State.ExitCode}}", name])?;
        ensure!(code == "0", "{name} ended with {code} on SIGTERM");
    }
    Ok(())
}

fn start(engine: &Engine, what: &str, options: &[&str], image: &str, command: &[&str]) -> anyhow::Result<()> {
    let name = format!("minuano-test-{what}");
    let named = ["run", "--detach", "--network", NETWORK, "--network-alias", what, "--name", &name];
    engine.must(&[&named[..], &HARDENED, options, &[image], command].concat())
}

fn remove(engine: &Engine) {
    // What an earlier run that was cut short may have left; nothing to remove is fine.
    let mut containers = engine.docker(&[&["rm", "--force", "--volumes"], &CONTAINERS[..]].concat());
    let _ = containers.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status();
    let mut network = engine.docker(&["network", "rm", NETWORK]);
    let _ = network.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status();
}

fn get(address: &str, path: &str) -> anyhow::Result<String> {
    Ok(ureq::get(format!("http://{address}{path}")).call()?.body_mut().read_to_string()?)
}

fn until(what: &str, mut holds: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let deadline = Instant::now() + WITHIN;
    loop {
        match holds() {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > deadline => {
                return Err(error.context(format!("{what} did not come within {} s", WITHIN.as_secs())));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}
