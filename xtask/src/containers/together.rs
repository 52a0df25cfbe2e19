//! Broker, gateway and station in containers that may do nothing but what they need.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

use super::debian::BROKER;
use super::images::{AMD64, GATEWAY, Images, Platform, STATION};
use super::panel::Panel;
use super::until;

const NETWORK: &str = "minuano-test";
/// As little as an image needs.
const HARDENED: [&str; 5] = [
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=65532:65532",
    "--health-interval=1s",
];
/// Stopped in this order: who measures goes first.
const CONTAINERS: [&str; 3] = ["minuano-test-station", "minuano-test-gateway", "minuano-test-broker"];
/// Between SIGTERM and the end.
const STOPS_WITHIN: u32 = 2;
/// The same, emulated on a busy machine.
const EMULATED_STOPS_WITHIN: u32 = 30;

/// Readings arrive, the panel answers, all are well, and a stop is clean and quick.
pub fn together(images: &Images<'_>, station: Platform, gateway: Platform) -> anyhow::Result<()> {
    remove(images);
    let outcome = started(images, station, gateway);
    if outcome.is_err() {
        for name in CONTAINERS {
            println!(
                "── {name}\n{}",
                images.engine.says(&["logs", "--tail", "20", name]).unwrap_or_default()
            );
        }
    }
    remove(images);
    outcome
}

fn started(images: &Images<'_>, of_station: Platform, of_gateway: Platform) -> anyhow::Result<()> {
    let engine = images.engine;
    let gateway = images.published(GATEWAY, of_gateway)?;
    let station = images.published(STATION, of_station)?;
    let broker = BROKER.make(engine, AMD64, images.folder)?;

    engine.must(&["network", "create", NETWORK])?;
    let demo = crate::process::root().join("docker/compose/demo");
    let conf = format!("{}:/etc/minuano-broker.conf:ro", demo.join("mosquitto.conf").display());
    start(images, "broker", &["--volume", &conf], &broker, &["mosquitto", "-c", "/etc/minuano-broker.conf"])?;
    let conf = format!("{}:/etc/minuano/gateway.toml:ro", demo.join("gateway.toml").display());
    let options = ["--publish=127.0.0.1::8080", "--volume", &conf, "--volume=/var/lib/minuano"];
    start(images, "gateway", &options, &gateway, &["run"])?;
    let conf = format!("{}:/etc/minuano/station.toml:ro", shorter(&demo, images.folder)?);
    let options = ["--volume", &conf, "--volume=/var/lib/minuano"];
    start(images, "station", &options, &station, &["run"])?;

    let address = engine.says(&["port", CONTAINERS[1], "8080/tcp"])?;
    let panel = Panel::plain(address.lines().next().context("the gateway's port is not published")?);
    until("the station's readings", || panel.has_readings())?;
    panel.shows_its_page()?;
    for name in &CONTAINERS[..2] {
        until(&format!("{name} to be healthy"), || {
            let health = engine.says(&["inspect", "--format", "{{json .State.Health}}", name])?;
            ensure!(health.starts_with(r#"{"Status":"healthy""#), "{health}");
            Ok(())
        })?;
        let user = engine.says(&["inspect", "--format", "{{.Config.User}}", name])?;
        ensure!(user == "65532:65532", "it runs as {user}");
    }
    for (name, platform) in [(CONTAINERS[0], of_station), (CONTAINERS[1], of_gateway)] {
        let is_native = platform.name == AMD64.name;
        engine.stop(name, if is_native { STOPS_WITHIN } else { EMULATED_STOPS_WITHIN })?;
    }
    Ok(())
}

/// The demo's station; a day of history is much for an emulated processor.
fn shorter(demo: &Path, folder: &Path) -> anyhow::Result<String> {
    let file = demo.join("station.toml");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let shorter = folder.join("station.toml");
    fs::write(&shorter, text.replace("24h", "10m")).with_context(|| shorter.display().to_string())?;
    Ok(shorter.display().to_string())
}

fn start(
    images: &Images<'_>,
    what: &str,
    options: &[&str],
    image: &str,
    command: &[&str],
) -> anyhow::Result<()> {
    let name = format!("minuano-test-{what}");
    let named = ["run", "--detach", "--network", NETWORK, "--network-alias", what, "--name", &name];
    images.engine.must(&[&named[..], &HARDENED, options, &[image], command].concat())
}

/// What an earlier run that was cut short may have left, too.
fn remove(images: &Images<'_>) {
    images.engine.may(&[&["rm", "--force", "--volumes"], &CONTAINERS[..]].concat());
    images.engine.may(&["network", "rm", NETWORK]);
}
