//! The gateway's binary, with its configuration, its store and its commands.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::{self, Answer};
use crate::metrics::Scrape;
use crate::process::{Called, Process, binary, call};
use crate::{SOON, eventually, ports};

/// What differs between gateways.
pub struct Settings {
    /// Its name.
    pub name: &'static str,
    /// The broker to join; none: the embedded one.
    pub broker: Option<u16>,
    /// `[lake]` and what belongs to it; empty: no lake.
    pub lake: String,
    /// `[acknowledge]`; empty: as it comes.
    pub acknowledge: &'static str,
    /// `[events]`, `[[alert]]` and what belongs to them.
    pub alerts: String,
    /// Where the store's file is kept; none: beside the configuration.
    pub store: Option<PathBuf>,
}

/// So soon that no test waits for it.
const AT_ONCE: &str = "[acknowledge]\nwithin = \"300ms\"\nwithin_backlog = \"100ms\"\n";

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "tests",
            broker: None,
            lake: String::new(),
            acknowledge: AT_ONCE,
            alerts: String::new(),
            store: None,
        }
    }
}

/// A gateway, running or between two runs.
pub struct Gateway {
    /// Its broker's port, embedded or joined.
    pub mqtt_port: u16,
    http_port: u16,
    // Before its folder, which ends with its field.
    process: Option<Process>,
    folder: TempDir,
    store: PathBuf,
}

impl Gateway {
    /// Starts one and waits until it is ready.
    pub fn start(settings: &Settings) -> Self {
        let mut gateway = Self::prepare(settings);
        gateway.start_again();
        gateway
    }

    /// Writes the configuration and starts nothing.
    pub fn prepare(settings: &Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mqtt_port, http_port) = (settings.broker.unwrap_or_else(ports::free), ports::free());
        let broker = match settings.broker {
            Some(port) => format!(
                "[[mqtt]]\nhost = \"127.0.0.1\"\nport = {port}\nretry_first = \"100ms\"\nretry_most = \"500ms\"\n"
            ),
            None => format!("[broker]\nembedded = true\nlisten = \"127.0.0.1:{mqtt_port}\"\n"),
        };
        let store = settings.store.as_deref().unwrap_or(folder.path()).join("gateway.db");
        let text = format!(
            "gateway = \"{}\"\n{broker}[http]\nlisten = \"127.0.0.1:{http_port}\"\n\
             [store]\nfile = {:?}\n{}{}{}",
            settings.name, store, settings.acknowledge, settings.lake, settings.alerts
        );
        std::fs::write(folder.path().join("gateway.toml"), text).unwrap();
        Self { mqtt_port, http_port, folder, store, process: None }
    }

    /// Starts it with the configuration and the store that it has, and waits until it is ready.
    pub fn start_again(&mut self) {
        self.begin();
        eventually("the gateway to be ready", SOON, || {
            self.process.as_mut().expect("it was begun").must_run();
            self.ask("/readyz").ok().filter(|answer| answer.status == 200)
        });
    }

    /// Starts it and waits for nothing: its broker may be away.
    pub fn begin(&mut self) {
        let mut command = binary("minuano-gateway");
        command.arg("run").arg("--config").arg(self.file("gateway.toml"));
        self.process = Some(Process::start("the gateway", &mut command, &self.file("log")));
    }

    /// SIGKILL.
    pub fn kill_9(&mut self) {
        self.process.take().unwrap().kill_9();
    }

    /// SIGTERM; gives the exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.process.take().unwrap().stop()
    }

    /// Starts it as systemd does, listening at `notify`.
    pub fn start_under(&mut self, notify: &std::path::Path, watchdog: &str) {
        let mut command = binary("minuano-gateway");
        command.env("NOTIFY_SOCKET", notify).env("WATCHDOG_USEC", watchdog);
        command.arg("run").arg("--config").arg(self.file("gateway.toml"));
        self.process = Some(Process::start("the gateway", &mut command, &self.file("log")));
    }

    /// Changes its configuration, for its next start.
    pub fn reconfigure(&self, from: &str, to: &str) {
        let file = self.file("gateway.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        std::fs::write(file, text.replace(from, to)).unwrap();
    }

    /// Fails with its log if it has ended by itself.
    pub fn must_run(&mut self) {
        self.process.as_mut().expect("the gateway was started").must_run();
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the gateway runs")
    }

    /// One of its commands, beside the running gateway or without it.
    pub fn command(&self, arguments: &[&str]) -> Called {
        call(binary("minuano-gateway").args(arguments).arg("--config").arg(self.file("gateway.toml")))
    }

    /// The JSON that a command prints. It must succeed.
    pub fn command_json(&self, arguments: &[&str]) -> Value {
        let called = self.command(arguments);
        assert_eq!(called.code, Some(0), "{arguments:?}: {called:?}");
        serde_json::from_str(&called.stdout).unwrap_or_else(|error| panic!("{error} in {called:?}"))
    }

    /// Any path of its server; `Err` where it does not answer.
    pub fn ask(&self, path: &str) -> Result<Answer, String> {
        http::request("GET", &self.url(path), &[]).map_err(|error| error.to_string())
    }

    /// The JSON at a path below the base, which must be there.
    pub fn get(&self, path: &str) -> Value {
        let answer = self.ask(&format!("/api/v1{path}")).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// The station, once the gateway knows it.
    pub fn station(&self, name: &str) -> Option<Value> {
        let answer = self.ask(&format!("/api/v1/stations/{name}")).ok()?;
        (answer.status == 200).then(|| answer.json())
    }

    /// How many of a station's readings are stored; 0 while the gateway does not answer or know it.
    pub fn stored(&self, station: &str) -> u64 {
        self.station(station).and_then(|station| station["counts"]["stored"].as_u64()).unwrap_or(0)
    }

    /// Waits until the station is as wanted.
    pub fn wait_for_station(&self, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let what = format!("{name}: {what}");
        eventually(&what, SOON, || self.station(name).filter(|station| wanted(station)))
    }

    /// Every raw reading of a station, page by page, oldest first.
    pub fn readings(&self, station: &str) -> Vec<Value> {
        let range = "from=2020-01-01T00:00:00Z&to=2029-12-01T00:00:00Z";
        let path = format!("/stations/{station}/readings?resolution=raw&{range}&limit=10000");
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut page = self.get(&format!("{path}{cursor}"));
            items.append(page["items"].as_array_mut().unwrap());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// `/metrics`.
    pub fn metrics(&self) -> Scrape {
        Scrape(self.ask("/metrics").unwrap().body)
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.http_port)
    }

    /// The store's file, opened as any SQLite tool would.
    pub fn store(&self) -> rusqlite::Connection {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        rusqlite::Connection::open_with_flags(&self.store, flags).unwrap()
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
