//! What each stack has to do. What cannot be pulled here is stood in for by Debian's packages, and the S3 server by the
//! tests' own.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::debian::{BROKER, CC, SERVERS};
use super::images::{AMD64, GATEWAY, Images, STATION};
use super::panel::Panel;
use super::stack::Stack;
use super::until;
use crate::process::{cargo, must, root, target};

/// Any that is free.
const PORT: &str = "127.0.0.1:0";
const BUCKET: &str = "weather";

/// The demo in containers, stopped and started again.
pub fn demo(images: &Images<'_>) -> anyhow::Result<()> {
    let stack = Stack::new(images.engine, &images.folder.join("demo"), &["demo.yaml"])?
        .with("MOSQUITTO_IMAGE", &BROKER.make(images.engine, AMD64, images.folder)?)
        .with("MINUANO_GATEWAY_IMAGE", &images.published(GATEWAY, AMD64)?)
        .with("MINUANO_STATION_IMAGE", &images.published(STATION, AMD64)?)
        .with("PANEL_PORT", "0");
    told(&stack, || {
        let panel = || Ok(Panel::plain(&stack.address("gateway", 8080)?));
        keeps_over_a_stop(&stack, panel, |panel| {
            until("the station's readings", || panel.has_readings())?;
            panel.shows_its_page()
        })
    })
}

/// The server's stack with Prometheus, and a station as on a Pi, by TLS and with its own account.
pub fn server(images: &Images<'_>) -> anyhow::Result<()> {
    let engine = images.engine;
    let gateway = images.published(GATEWAY, AMD64)?;
    let folder = images.folder.join("server");
    let stack = Stack::new(engine, &folder, &["gateway.yaml", "monitoring.yaml"])?
        .with("MOSQUITTO_IMAGE", &BROKER.make(engine, AMD64, images.folder)?)
        .with("MINUANO_GATEWAY_IMAGE", &gateway)
        .with("NGINX_IMAGE", &SERVERS.make(engine, AMD64, images.folder)?)
        .with("PROMETHEUS_IMAGE", &prometheus(images)?)
        .with("S3_IMAGE", &s3_server(images)?)
        .with("MQTT_PORT", PORT)
        .with("PANEL_PORT", PORT)
        .with("PROMETHEUS_PORT", "0")
        .services(&["broker", "s3", "gateway", "proxy", "prometheus"])
        .but("here.yaml", &format!(
            "services:\n  s3:\n    command: [\"0.0.0.0:3900\", \"/var/lib/minuano\", \"{BUCKET}\"]\n    environment:\n      \
             S3_ACCESS_KEY_ID: ${{S3_ACCESS_KEY_ID}}\n      S3_SECRET_ACCESS_KEY: ${{S3_SECRET_ACCESS_KEY}}\n"
        ))?;
    must(stack.command("./prepare.sh").args(["localhost", "roof"]).stdout(Stdio::null()))?;
    must(stack.command("cp").args(["--recursive", "--preserve", "broker/stations/roof", "station"]))?;
    let station = Stack::new(engine, &folder, &["station.yaml"])?
        .with("MINUANO_STATION_IMAGE", &images.published(STATION, AMD64)?)
        // No bus here, and a network of its own where a Pi has the one of its house.
        .but(
            "station-here.yaml",
            "services:\n  station:\n    devices: !reset []\n    networks: [server]\n    environment:\n      \
             MINUANO_STATION__BUS__KIND: emulated\n      MINUANO_STATION__MQTT__HOST: broker\n\
             networks:\n  server: {name: minuano_default, external: true}\n",
        )?;
    let token = fs::read_to_string(folder.join("secrets/read-token"))?;
    let authority = folder.join("broker/mosquitto/ca.pem");
    let open = || {
        let address = stack.address("proxy", 8443)?.replace("127.0.0.1", "localhost");
        Ok(Panel::private(&address, &authority))
    };
    let panel = || open().map(|open: Panel| open.with_token(&token));
    told(&stack, || {
        keeps_over_a_stop(&stack, panel, |panel| {
            told(&station, || station.up())?;
            until("the station's readings", || panel.has_readings())?;
            panel.shows_its_page()?;
            panel.tells_readings()?;
            needs_tls_and_the_token(&open()?, &stack.address("proxy", 8443)?, &token)?;
            is_in_the_lake(&stack)?;
            is_scraped(&stack)?;
            station.down()
        })
    })
}

/// The proxy's door: nothing without TLS, nothing without the token, and a cookie that never leaves TLS.
fn needs_tls_and_the_token(open: &Panel, address: &str, token: &str) -> anyhow::Result<()> {
    let plain = Panel::plain(address).with_token(token).status("/api/v1/stations")?;
    ensure!(plain == "400", "without TLS the answer is {plain}");
    let status = open.status("/api/v1/stations")?;
    ensure!(status == "401", "without the token the answer is {status}");
    let cookie = open.cookie(token)?;
    ensure!(cookie.contains("; Secure") && cookie.contains("; HttpOnly"), "the cookie is {cookie}");
    Ok(())
}

/// Stopping in time, and all of it still there afterwards.
fn keeps_over_a_stop(
    stack: &Stack<'_>,
    panel: impl Fn() -> anyhow::Result<Panel>,
    works: impl Fn(&Panel) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    stack.up()?;
    works(&panel()?)?;
    let before = panel()?.stored("roof")?;
    ensure!(before > 0, "nothing is stored");
    stack.down()?;
    stack.up()?;
    let after = panel()?.stored("roof")?;
    ensure!(after >= before, "{before} readings were stored, {after} are after down and up");
    stack.down()
}

/// What is stored went to the S3 server, once.
fn is_in_the_lake(stack: &Stack<'_>) -> anyhow::Result<()> {
    let program = "/usr/bin/minuano-gateway";
    stack.exec("gateway", &[program, "lake", "flush"])?;
    let text = stack.exec("gateway", &[program, "lake", "verify", "--json"])?;
    let verified: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
    ensure!(verified["rows"].as_u64() > Some(0) && verified["duplicates"] == 0, "{text}");
    ensure!(stack.folder.join("objects").join(BUCKET).join("home/readings").exists(), "no object was made");
    Ok(())
}

/// Prometheus has the gateway's numbers, and its rules are loaded.
fn is_scraped(stack: &Stack<'_>) -> anyhow::Result<()> {
    let prometheus = Panel::plain(&stack.address("prometheus", 9090)?);
    until("the gateway's numbers in Prometheus", || {
        let answer = prometheus.json("/api/v1/query?query=minuano_temperature_c")?;
        let value =
            answer["data"]["result"][0]["value"][1].as_str().and_then(|value| value.parse::<f64>().ok());
        ensure!(value.is_some(), "{answer}");
        Ok(())
    })?;
    let rules = prometheus.json("/api/v1/rules")?;
    let groups = rules["data"]["groups"].as_array().with_context(|| rules.to_string())?;
    let alerts: Vec<&Value> = groups.iter().filter_map(|group| group["rules"].as_array()).flatten().collect();
    ensure!(alerts.len() >= 10, "{rules}");
    for alert in alerts {
        let firing = alert["state"] == "firing";
        ensure!(alert["health"] != "err" && !firing, "{alert}");
    }
    Ok(())
}

/// What Prometheus itself says of its configuration and of its rules.
pub fn alert_rules(images: &Images<'_>) -> anyhow::Result<()> {
    let image = SERVERS.make(images.engine, AMD64, images.folder)?;
    let monitoring = root().join("docker/compose/monitoring");
    let token = images.folder.join("token");
    fs::write(&token, "token")?;
    for check in ["check config /etc/minuano/prometheus.yml", "test rules /etc/minuano/rules_test.yml"] {
        let mut promtool = images.engine.docker(&["run", "--rm", "--network=none", "--volume"]);
        promtool.arg(format!("{}:/etc/minuano:ro", monitoring.display())).arg("--volume");
        promtool.arg(format!("{}:/run/secrets/read-token:ro", token.display()));
        must(promtool.args([&image, "promtool"]).args(check.split(' ')).stdout(Stdio::null()))?;
    }
    Ok(())
}

/// As its own image has it: a user, and the folder of its volume.
fn prometheus(images: &Images<'_>) -> anyhow::Result<String> {
    let base = SERVERS.make(images.engine, AMD64, images.folder)?;
    built(
        images,
        "prometheus",
        &format!("FROM {base}\nCOPY --chown=65534:65534 empty/ /prometheus/\nUSER 65534:65534\n"),
        &[],
    )
}

fn s3_server(images: &Images<'_>) -> anyhow::Result<String> {
    must(cargo().args(["build", "--package", "minuano-tests", "--bin", "s3-server"]))?;
    let base = CC.make(images.engine, AMD64, images.folder)?;
    built(
        images,
        "s3-server",
        &format!("FROM {base}\nCOPY s3-server /usr/bin/s3-server\nENTRYPOINT [\"/usr/bin/s3-server\"]\n"),
        &["s3-server"],
    )
}

/// Builds an image beside ours, from binaries of the tests.
fn built(images: &Images<'_>, name: &str, dockerfile: &str, binaries: &[&str]) -> anyhow::Result<String> {
    let context = images.folder.join(name);
    fs::create_dir_all(context.join("empty"))?;
    fs::write(context.join("Dockerfile"), dockerfile)?;
    for binary in binaries {
        let built = target().join("debug").join(binary);
        must(Command::new("strip").arg("-o").arg(context.join(binary)).arg(built))?;
    }
    let image = format!("minuano-test/{name}");
    let mut build = images.engine.docker(&["build", "--quiet", "--tag", &image]);
    must(build.arg(&context).stdout(Stdio::null()))?;
    Ok(image)
}

/// Tells what the services said if it fails.
fn told(stack: &Stack<'_>, run: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let outcome = run();
    if outcome.is_err() {
        println!("{}", stack.logs());
    }
    outcome
}
