//! Three stations that replay real weather through emulated chips, a gateway, a lake and the panel.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::panel;
use crate::process::{Service, cargo, must, output, target};

/// How the demo runs.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask demo\n  cargo xtask demo --duration 60s --json\n  cargo xtask demo --listen 0.0.0.0:8080"
)]
pub struct Options {
    /// Stops by itself after this time, such as 60s or 5m; without it, on Ctrl-C.
    #[arg(long, value_parser = duration)]
    duration: Option<Duration>,
    /// Prints one line of JSON at the end.
    #[arg(long)]
    json: bool,
    /// Where the panel is served.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: std::net::SocketAddr,
}

/// Each station with its name for people. They differ by a small offset that comes from the name.
const STATIONS: [(&str, &str); 3] = [("roof", "Roof"), ("garden", "Garden"), ("shed", "Shed")];
const START_WITHIN: Duration = Duration::from_secs(30);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// Runs the demo.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let interrupts = interrupts()?;
    panel::build()?;
    must(cargo().args(["build", "--quiet", "--package", "minuano-station", "--package", "minuano-gateway"]))?;
    ensure!(
        TcpListener::bind(options.listen).is_ok(),
        "{} is in use; give another with --listen 127.0.0.1:PORT",
        options.listen
    );
    let demo = Demo::prepare(options)?;
    let mut gateway = demo.start("minuano-gateway", "gateway")?;
    demo.wait_until_ready(&mut gateway)?;
    let mut stations = Vec::new();
    for (name, _) in STATIONS {
        stations.push(demo.start("minuano-station", name)?);
    }
    println!("The panel is at http://{}", demo.shown());
    match options.duration {
        Some(duration) => println!("Stops by itself after {} s.", duration.as_secs()),
        None => println!("Stop with Ctrl-C."),
    }
    let end = options.duration.map(|duration| Instant::now() + duration);
    while !over(&interrupts, end)? {
        gateway.must_run()?;
        stations.iter_mut().try_for_each(Service::must_run)?;
    }
    println!("Stopping the stations, which wait until the gateway has acknowledged all they measured …");
    stations.iter().try_for_each(Service::signal)?;
    for station in stations {
        station.wait(STOP_WITHIN)?;
    }
    println!("Uploading what is left to the lake, and reading all of it back …");
    demo.lake("flush")?;
    let lake = demo.lake("verify")?;
    let summary = demo.summary(&lake)?;
    gateway.stop(STOP_WITHIN)?;
    report(options, &summary)
}

/// The files of one run, and where its parts listen.
struct Demo {
    folder: PathBuf,
    listen: std::net::SocketAddr,
    mqtt_port: u16,
}

impl Demo {
    /// Clears `target/demo` and writes every configuration.
    fn prepare(options: &Options) -> anyhow::Result<Self> {
        let folder = target().join("demo");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be cleared", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let folder = folder.canonicalize()?;
        let mqtt_port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let demo = Self { folder, listen: options.listen, mqtt_port };
        fs::write(demo.file("gateway.toml"), demo.gateway_toml())?;
        for (name, place) in STATIONS {
            fs::write(demo.file(&format!("{name}.toml")), demo.station_toml(name, place))?;
        }
        Ok(demo)
    }

    fn gateway_toml(&self) -> String {
        let folder = self.folder.display();
        format!(
            r#"gateway = "demo"
[broker]
embedded = true
listen = "127.0.0.1:{}"
[http]
listen = "{}"
[store]
file = "{folder}/gateway.db"
[lake]
url = "file://{folder}/lake"
close_after = "30s"
[acknowledge]
within = "2s"
"#,
            self.mqtt_port, self.listen
        )
    }

    /// Where NOAA measured the series that the emulated chips replay.
    fn station_toml(&self, name: &str, place: &str) -> String {
        format!(
            r#"station = "{name}"
[place]
name = "{place}"
latitude = 37.70
longitude = -105.92
altitude_m = 2317
zone = "America/Denver"
[bus]
kind = "emulated"
history = "24h"
[log]
folder = "{}"
[mqtt]
host = "127.0.0.1"
port = {}
"#,
            self.file(&format!("{name}-log")).display(),
            self.mqtt_port
        )
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn binary(name: &str) -> PathBuf {
        target().join("debug").join(name)
    }

    fn start(&self, binary: &str, name: &str) -> anyhow::Result<Service> {
        let log = fs::File::create(self.file(&format!("{name}.log")))?;
        let mut command = Command::new(Self::binary(binary));
        command.arg("run").arg("--config").arg(self.file(&format!("{name}.toml")));
        Service::start(name, command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log))
            .with_context(|| format!("see {}", self.file(&format!("{name}.log")).display()))
    }

    fn wait_until_ready(&self, gateway: &mut Service) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_WITHIN;
        while self.get("/readyz").is_err() {
            gateway.must_run().with_context(|| format!("see {}", self.file("gateway.log").display()))?;
            if Instant::now() > deadline {
                bail!("the gateway is not ready; see {}", self.file("gateway.log").display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Where this machine finds the panel: 0.0.0.0 is for listening only.
    fn shown(&self) -> std::net::SocketAddr {
        let mut address = self.listen;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        address
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("http://{}{path}", self.shown());
        Ok(ureq::get(&url).call().with_context(|| url.clone())?.body_mut().read_json()?)
    }

    fn lake(&self, command: &str) -> anyhow::Result<Value> {
        let printed = output(
            Command::new(Self::binary("minuano-gateway"))
                .args(["lake", command, "--json", "--config"])
                .arg(self.file("gateway.toml"))
                .env("RUST_LOG", "warn"),
        )?;
        serde_json::from_str(printed.trim()).with_context(|| format!("lake {command} printed {printed:?}"))
    }

    /// The sum that the product promises, from what the stations said and what the gateway and lake have.
    fn summary(&self, lake: &Value) -> anyhow::Result<Value> {
        let stations = self.get("/api/v1/stations")?;
        let stations = stations["items"].as_array().context("stations has no items")?;
        let sum = |pointer: &str| {
            stations
                .iter()
                .map(|station| station.pointer(pointer).and_then(Value::as_u64).unwrap_or(0))
                .sum::<u64>()
        };
        Ok(json!({
            "measured": sum("/health/measured"),
            "stored": sum("/counts/stored"),
            "lost": sum("/counts/lost"),
            "lake_rows": lake["rows"],
            "duplicates": lake["duplicates"],
            "anomalies": self.count_anomalies()?,
        }))
    }

    fn count_anomalies(&self) -> anyhow::Result<usize> {
        let mut count = 0;
        let mut path = "/api/v1/anomalies?limit=1000".to_owned();
        loop {
            let page = self.get(&path)?;
            count += page["items"].as_array().map_or(0, Vec::len);
            match page["next"].as_str() {
                Some(next) => path = format!("/api/v1/anomalies?limit=1000&cursor={next}"),
                None => return Ok(count),
            }
        }
    }
}

fn report(options: &Options, summary: &Value) -> anyhow::Result<()> {
    let number = |key: &str| summary[key].as_u64();
    println!(
        "measured {} = stored {} + lost {}; in the lake {}, {} of them twice; anomalies {}",
        summary["measured"],
        summary["stored"],
        summary["lost"],
        summary["lake_rows"],
        summary["duplicates"],
        summary["anomalies"],
    );
    if options.json {
        println!("{summary}");
    }
    let accounted = number("stored").zip(number("lost")).map(|(stored, lost)| stored + lost);
    ensure!(number("measured") == accounted, "measured is not stored + lost");
    ensure!(number("lake_rows") == number("stored"), "the lake does not hold what is stored");
    ensure!(number("duplicates") == Some(0), "the lake holds readings twice");
    Ok(())
}

fn interrupts() -> anyhow::Result<Receiver<()>> {
    let (sender, receiver) = channel();
    ctrlc::set_handler(move || {
        // The receiver is gone when we are ending anyway.
        let _ = sender.send(());
    })?;
    Ok(receiver)
}

/// Waits a little; true when the demo should end.
fn over(interrupts: &Receiver<()>, end: Option<Instant>) -> anyhow::Result<bool> {
    match interrupts.recv_timeout(Duration::from_millis(200)) {
        Ok(()) => Ok(true),
        Err(RecvTimeoutError::Timeout) => Ok(end.is_some_and(|end| Instant::now() >= end)),
        Err(RecvTimeoutError::Disconnected) => bail!("the signal handler is gone"),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| "takes a time such as 60s or 5m".to_owned())?;
    match unit {
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number * 60)),
        "h" => Ok(Duration::from_secs(number * 3600)),
        _ => Err("takes a time with its unit, such as 60s or 5m".to_owned()),
    }
}
