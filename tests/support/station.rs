//! The station's binary, with its configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Process, binary};

/// How long a station may take to hand over what it holds and stop.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// Emulated sensors, ten readings a second.
pub const QUICK: &str = "[bus]\nkind = \"emulated\"\n[sampling]\ninterval = \"50ms\"\nreport = \"100ms\"\n";

/// A running station.
pub struct Station {
    name: String,
    environment: Vec<(String, String)>,
    process: Process,
    folder: TempDir,
}

impl Station {
    /// Starts one toward a broker; `bus` is `[bus]` and what else is to be set.
    pub fn start(name: &str, mqtt_port: u16, bus: &str) -> Self {
        Self::start_in(name, mqtt_port, bus, &[])
    }

    /// The same, with more in its environment.
    pub fn start_in(name: &str, mqtt_port: u16, bus: &str, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "station = \"{name}\"\n\
             [place]\nlatitude = 37.70\nlongitude = -105.92\naltitude_m = 2317\nzone = \"America/Denver\"\n\
             [log]\nfolder = {:?}\n\
             [mqtt]\nhost = \"127.0.0.1\"\nport = {mqtt_port}\nresend_after = \"3s\"\n\
             back_off_first = \"50ms\"\nback_off_longest = \"500ms\"\n\
             [run]\nstop_within = \"55s\"\n{bus}",
            folder.path().join("readings")
        );
        let file = folder.path().join("station.toml");
        std::fs::write(&file, text).unwrap();
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let environment: Vec<_> = environment.iter().map(own).collect();
        let process = run(name, folder.path(), &environment);
        Self { name: name.to_owned(), environment, process, folder }
    }

    /// Starts it with the configuration and the log that it has.
    pub fn start_again(&mut self) {
        self.process = run(&self.name, self.folder.path(), &self.environment);
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SIGKILL.
    pub fn kill_9(&mut self) {
        self.process.kill_9();
    }

    /// SIGTERM, and waits until everything is acknowledged; gives the exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.process.terminate();
        self.process.ended_within(STOP_WITHIN).code()
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn run(name: &str, folder: &Path, environment: &[(String, String)]) -> Process {
    let mut command = binary("minuano-station");
    command.arg("run").arg("--config").arg(folder.join("station.toml"));
    command.envs(environment.iter().map(|(key, value)| (key, value)));
    Process::start(&format!("station {name}"), &mut command, &folder.join("log"))
}
