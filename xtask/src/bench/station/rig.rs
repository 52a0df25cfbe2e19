//! A mosquitto with an open and a TLS listener, a station toward it, and a subscriber.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::WITHIN;
use crate::process::{Service, must, target};

/// How the station speaks to the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Plain,
    /// With the authority's own file.
    Tls,
    /// There is no broker on this port.
    Nobody,
}

/// Where the station is measured.
pub struct Rig {
    /// The station's binary.
    pub binary: PathBuf,
    folder: PathBuf,
    plain: u16,
    tls: u16,
    _broker: Service,
}

impl Rig {
    /// A broker that listens, in an empty folder.
    pub fn new(binary: PathBuf) -> anyhow::Result<Self> {
        let folder = target().join("bench-station");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        fs::create_dir_all(&folder)?;
        let folder = folder.canonicalize()?;
        certificates(&folder)?;
        let (plain, tls) = (free_port()?, free_port()?);
        let broker = broker(&folder, plain, tls)?;
        Ok(Self { binary, folder, plain, tls, _broker: broker })
    }

    /// A file of the rig's.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a configuration over the emulated bus and an empty log; gives its path. `bus` begins inside `[bus]`
    /// and may go on with other sections.
    pub fn configuration(&self, link: Link, bus: &str) -> anyhow::Result<PathBuf> {
        let log = self.folder.join("log");
        if log.exists() {
            fs::remove_dir_all(&log)?;
        }
        let port = match link {
            Link::Plain => self.plain,
            Link::Tls => self.tls,
            Link::Nobody => free_port()?,
        };
        let tls = match link {
            Link::Tls => format!("[mqtt.tls]\nca = {:?}\n", self.folder.join("ca.pem")),
            Link::Plain | Link::Nobody => String::new(),
        };
        let stop = if link == Link::Nobody { "0s" } else { "10s" };
        let text = format!(
            "station = \"roof\"\n[run]\nstop_within = \"{stop}\"\n[log]\nfolder = {log:?}\n\
             [mqtt]\nhost = \"127.0.0.1\"\nport = {port}\nacknowledge = \"broker\"\nmessages_per_second = 1000\n{tls}\
             [bus]\nkind = \"emulated\"\n{bus}\n"
        );
        let file = self.folder.join("station.toml");
        fs::write(&file, text)?;
        Ok(file)
    }

    /// Starts the station, by `wrapped` if that is a command. Gives it with where it writes what it says.
    pub fn start(&self, configuration: &Path, wrapper: &[String]) -> anyhow::Result<Running> {
        let said = self.folder.join("said");
        let mut command = match wrapper.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(&self.binary);
                command
            }
            None => Command::new(&self.binary),
        };
        command.args(["run", "--config"]).arg(configuration).env("RUST_LOG", "info").stdin(Stdio::null());
        command.stderr(fs::File::create(&said)?);
        let began = Instant::now();
        let service = Service::start("the station", &mut command)?;
        Ok(Running { pid: service.id(), service, said, began })
    }

    /// Hears every reading from now on.
    pub fn subscribe(&self) -> anyhow::Result<Subscriber> {
        Subscriber::new(self.plain)
    }
}

/// A station at work.
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// Just before it was executed.
    pub began: Instant,
    service: Service,
    said: PathBuf,
}

impl Running {
    /// Waits until it has said these words.
    pub fn wait_until_said(&mut self, words: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + WITHIN;
        while !self.said()?.contains(words) {
            self.service.must_run()?;
            ensure!(Instant::now() < deadline, "it never said {words:?}: {}", self.said()?);
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Ok(())
    }

    /// Stops it; gives how many readings it measured.
    pub fn stop(self) -> anyhow::Result<u64> {
        let said = self.said.clone();
        self.service.stop(WITHIN).with_context(|| fs::read_to_string(&said).unwrap_or_default())?;
        let text = fs::read_to_string(said)?;
        let line =
            text.lines().rfind(|line| line.contains("unacknowledged=")).context("no count at the end")?;
        let word = line.split_whitespace().find_map(|word| word.strip_prefix("measured="));
        word.and_then(|word| word.parse().ok()).with_context(|| line.to_owned())
    }

    /// Everything that it said.
    pub fn said(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(&self.said)?)
    }
}

/// A subscriber to all that the station measures.
pub struct Subscriber {
    process: Child,
    lines: Receiver<(Instant, String)>,
}

impl Subscriber {
    fn new(port: u16) -> anyhow::Result<Self> {
        // Into a pipe it would write a block at a time.
        let mut process = Command::new("stdbuf")
            .args(["-oL", "mosquitto_sub"])
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-q", "1", "-d"])
            .args(["-t", "minuano/v1/roof/telemetry", "-t", "minuano/v1/roof/backlog"])
            .stdout(Stdio::piped())
            .spawn()
            .context("mosquitto_sub")?;
        let stdout = process.stdout.take().context("no output")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        let subscriber = Self { process, lines };
        while !subscriber.line()?.1.starts_with("Subscribed") {}
        Ok(subscriber)
    }

    /// When the next message with readings came, and how many it had.
    pub fn next(&self) -> anyhow::Result<(Instant, u64)> {
        loop {
            let (at, line) = self.line()?;
            if !line.starts_with('{') {
                continue;
            }
            let message: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
            let readings = message["readings"].as_array().map_or(0, Vec::len);
            return Ok((at, u64::try_from(readings)?));
        }
    }

    /// Waits until so many readings came.
    pub fn hear(&self, readings: u64) -> anyhow::Result<()> {
        let mut heard = 0;
        while heard < readings {
            heard += self.next()?.1;
        }
        Ok(())
    }

    fn line(&self) -> anyhow::Result<(Instant, String)> {
        match self.lines.recv_timeout(WITHIN) {
            Ok(line) => Ok(line),
            Err(error) => bail!("nothing came from the broker: {error}"),
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// An authority, and the broker's certificate by it.
fn certificates(folder: &Path) -> anyhow::Result<()> {
    let openssl = |arguments: &[&str]| {
        must(Command::new("openssl").args(arguments).current_dir(folder).stderr(Stdio::null()))
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    let ca = ["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Bench authority"];
    openssl(&[&ca[..], &key[..]].concat())?;
    let server = ["req", "-x509", "-keyout", "broker.key", "-out", "broker.pem", "-subj", "/CN=127.0.0.1"];
    let signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=IP:127.0.0.1"];
    let plain = ["-addext", "basicConstraints=critical,CA:FALSE"];
    openssl(&[&server[..], &signed[..], &plain[..], &key[..]].concat())
}

fn broker(folder: &Path, plain: u16, tls: u16) -> anyhow::Result<Service> {
    let text = format!(
        "per_listener_settings true\npersistence false\nuser root\nmax_queued_messages 0\n\
         listener {plain} 127.0.0.1\nallow_anonymous true\n\
         listener {tls} 127.0.0.1\nallow_anonymous true\ncertfile {0}/broker.pem\nkeyfile {0}/broker.key\n",
        folder.display()
    );
    let file = folder.join("mosquitto.conf");
    fs::write(&file, text)?;
    let mut command = Command::new("/usr/sbin/mosquitto");
    command.arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
    let mut broker = Service::start("mosquitto", &mut command)?;
    let deadline = Instant::now() + WITHIN;
    while [plain, tls].iter().any(|&port| TcpStream::connect(("127.0.0.1", port)).is_err()) {
        broker.must_run()?;
        ensure!(Instant::now() < deadline, "mosquitto does not listen");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Ok(broker)
}
