//! The suite `arm64`: the station, built for a Raspberry Pi and run by an emulator of its processor.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::cross::{self, Build, Target, Toolchain};
use crate::install;
use crate::process::{Service, output, target};

const MOSQUITTO: &str = "/usr/sbin/mosquitto";
const SUBSCRIBER: &str = "/usr/bin/mosquitto_sub";
/// What the suite runs, by Debian package.
const PROGRAMS: [(&str, &str); 3] = [
    ("mosquitto", MOSQUITTO),
    ("mosquitto-clients", SUBSCRIBER),
    ("qemu-user-static", "/usr/bin/qemu-aarch64-static"),
];
/// An emulated processor beside other tests, on a small machine.
const WITHIN: Duration = Duration::from_secs(90);

type Test = fn(&Bench) -> anyhow::Result<()>;
const TESTS: [(&str, Test); 4] = [
    ("is_a_program_for_arm64", is_for_arm64),
    ("sensors_on_the_emulated_bus_measure", sensors_measure),
    ("a_configuration_with_mistakes_is_refused", mistakes_are_refused),
    ("a_reading_arrives_over_mosquitto_and_a_stop_is_clean", a_reading_arrives),
];

/// What can be run, and how often it did what it should.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that this machine cannot run.
    pub skipped: u64,
}

/// Builds and tests, or says why not.
pub fn run() -> anyhow::Result<Outcome> {
    if let Some(why) = cross::obstacle() {
        println!("skipped: {why}");
        return Ok(Outcome { skipped: u64::try_from(TESTS.len())?, ..Outcome::default() });
    }
    install::programs(&PROGRAMS)?;
    let bench = Bench::build()?;
    let mut outcome = Outcome::default();
    for (name, test) in TESTS {
        match test(&bench) {
            Ok(()) => {
                println!("test arm64::{name} ... ok");
                outcome.passed += 1;
            }
            Err(error) => {
                println!("test arm64::{name} ... FAILED\n{error:#}");
                outcome.failed += 1;
            }
        }
    }
    println!("test result: {} passed; {} failed; 0 ignored", outcome.passed, outcome.failed);
    Ok(outcome)
}

/// The binary, and a folder for what it needs.
struct Bench {
    binary: PathBuf,
    folder: PathBuf,
}

impl Bench {
    fn build() -> anyhow::Result<Self> {
        let build = Build {
            target: Target::Arm64,
            package: "minuano-station",
            profile: "dev",
            toolchain: Toolchain::Debian,
        };
        let folder = target().join("arm64-tests");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self { binary: build.run()?, folder })
    }

    /// The station under the emulator.
    fn station(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("qemu-aarch64-static");
        command.arg(&self.binary).args(arguments).stdin(Stdio::null()).env("RUST_LOG", "info");
        command
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<String> {
        let file = self.folder.join(name);
        fs::write(&file, text).with_context(|| file.display().to_string())?;
        file.to_str().map(str::to_owned).context("the folder's name is no text")
    }
}

fn is_for_arm64(bench: &Bench) -> anyhow::Result<()> {
    const AARCH64: u16 = 183;
    let bytes = fs::read(&bench.binary)?;
    let machine = bytes.get(18..20).map(|two| u16::from(two[0]) | u16::from(two[1]) << 8);
    ensure!(bytes.starts_with(b"\x7fELF") && machine == Some(AARCH64), "its ELF header names {machine:?}");
    Ok(())
}

fn sensors_measure(bench: &Bench) -> anyhow::Result<()> {
    let parts = ["bme280", "bh1750", "bmp180", "htu21d", "bmp390", "sht4x", "veml7700"];
    for some in [&parts[..2], &parts[2..4], &parts[4..]] {
        let bus = format!("station = \"roof\"\n[bus]\nkind = \"emulated\"\nparts = {some:?}\n");
        let file = bench.write("sensors.toml", &bus)?;
        let printed = output(&mut bench.station(&["sensors", "--json", "--config", &file]))?;
        let report: Value = serde_json::from_str(&printed).with_context(|| printed.clone())?;
        let found = report["sensors"].as_array().context("no sensors")?;
        ensure!(found.len() == some.len(), "{some:?} are on the bus, it found {printed}");
        for sensor in found {
            let faults = sensor["faults"].as_object().is_some_and(|faults| !faults.is_empty());
            let values = sensor["values"].as_object().context("no values")?;
            ensure!(!faults && !values.is_empty(), "{sensor}");
            values.iter().try_for_each(|(quantity, value)| plausible(quantity, value))?;
        }
    }
    Ok(())
}

/// The emulated weather is that of a January day at 2,317 m.
fn plausible(quantity: &str, value: &Value) -> anyhow::Result<()> {
    let range = match quantity {
        "temperature_c" => -40.0..=30.0,
        "pressure_hpa" => 700.0..=850.0,
        "humidity_pct" => 0.0..=100.0,
        "illuminance_lx" => 0.0..=150_000.0,
        _ => bail!("nobody knows {quantity}"),
    };
    ensure!(value.as_f64().is_some_and(|value| range.contains(&value)), "{quantity} is {value}");
    Ok(())
}

fn mistakes_are_refused(bench: &Bench) -> anyhow::Result<()> {
    let file = bench.write("mistakes.toml", "station = \"Roof!\"\n[mqtt]\nport = 0\n")?;
    let output = bench.station(&["check-config", "--config", &file]).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(78), "it ended with {}", output.status);
    ensure!(said.contains("station") && said.contains("mqtt.port"), "it said {said}");
    Ok(())
}

fn a_reading_arrives(bench: &Bench) -> anyhow::Result<()> {
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let broker = broker(bench, port)?;
    let text = format!(
        "station = \"roof\"\n[bus]\nkind = \"emulated\"\n[sampling]\ninterval = \"500ms\"\nreport = \"500ms\"\n\
         [log]\nfolder = {:?}\n[mqtt]\nhost = \"127.0.0.1\"\nport = {port}\nacknowledge = \"broker\"\n",
        bench.folder.join("log")
    );
    let file = bench.write("station.toml", &text)?;
    let said = bench.folder.join("station.err");
    let subscriber = subscribe(port, "telemetry");
    let mut command = bench.station(&["run", "--config", &file]);
    let station = Service::start("the station", command.stderr(fs::File::create(&said)?))?;
    let messages = subscriber?.wait_with_output()?;
    let message = String::from_utf8_lossy(&messages.stdout).into_owned();
    let said = || fs::read_to_string(&said).unwrap_or_default();
    ensure!(
        !message.is_empty(),
        "no reading came within {} s; the station said\n{}",
        WITHIN.as_secs(),
        said()
    );

    let batch: Value = serde_json::from_str(message.trim()).with_context(|| message.clone())?;
    let reading = &batch["readings"][0];
    for quantity in ["temperature_c", "pressure_hpa", "humidity_pct", "illuminance_lx"] {
        plausible(quantity, &reading[quantity]).with_context(|| message.clone())?;
    }
    ensure!(batch["stream"].as_str().is_some_and(|stream| stream.len() == 16), "{message}");

    station.stop(WITHIN).with_context(said)?;
    ensure!(said().contains("lost=0 unacknowledged=0"), "it left something behind:\n{}", said());
    let status = subscribe(port, "status")?.wait_with_output()?;
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    ensure!(status.contains("stopped"), "its retained status is {status:?}");
    broker.stop(WITHIN)
}

fn broker(bench: &Bench, port: u16) -> anyhow::Result<Service> {
    let settings = format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n");
    let file = bench.write("mosquitto.conf", &settings)?;
    let mut command = Command::new(MOSQUITTO);
    command.args(["-c", &file]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut broker = Service::start("mosquitto", &mut command)?;
    let deadline = Instant::now() + WITHIN;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        broker.must_run()?;
        ensure!(Instant::now() < deadline, "mosquitto does not listen on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(broker)
}

/// Waits for one message on a topic of the station, and ends.
fn subscribe(port: u16, leaf: &str) -> anyhow::Result<std::process::Child> {
    let topic = format!("minuano/v1/roof/{leaf}");
    Command::new(Path::new(SUBSCRIBER))
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-t", &topic, "-C", "1", "-q", "1", "-W"])
        .arg(WITHIN.as_secs().to_string())
        .stdout(Stdio::piped())
        .spawn()
        .context(SUBSCRIBER)
}
