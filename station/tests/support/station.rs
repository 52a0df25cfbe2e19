//! The station's own binary, as a process.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output};
use std::str::FromStr;

use tempfile::TempDir;

use super::wait_for;

pub struct Station {
    process: Child,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

/// Emulated sensors, four readings a second: the conversions take most of the time.
pub const QUICK: &str = "[bus]\nkind = \"emulated\"\n[sampling]\ninterval = \"250ms\"\nreport = \"250ms\"\n";

const LOG: &str = "spill = \"10s\"";

fn spawn(folder: &Path, environment: &[(String, String)]) -> Child {
    let stderr = OpenOptions::new().create(true).append(true).open(folder.join("stderr")).unwrap();
    binary()
        .args(["run", "--config"])
        .arg(folder.join("station.toml"))
        .env("RUST_LOG", "info")
        .envs(environment.iter().map(|(key, value)| (key, value)))
        .stderr(stderr)
        .spawn()
        .unwrap()
}

impl Station {
    /// A station `roof` toward this port; `more` is configuration that begins inside `[mqtt]`.
    pub fn start(port: u16, bus_and_sampling: &str, more: &str) -> Self {
        Self::start_at("127.0.0.1", port, bus_and_sampling, more, &[])
    }

    /// The same at any host, with more in its environment.
    pub fn start_at(
        host: &str,
        port: u16,
        bus_and_sampling: &str,
        more: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("readings");
        let mqtt = format!(
            "[log]\nfolder = {log:?}\n{LOG}\n[mqtt]\nhost = \"{host}\"\nport = {port}\n\
             back_off_first = \"50ms\"\nback_off_longest = \"200ms\""
        );
        let text = format!("station = \"roof\"\n{bus_and_sampling}\n{mqtt}\n{more}\n");
        std::fs::write(folder.path().join("station.toml"), text).unwrap();
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let environment: Vec<_> = environment.iter().map(own).collect();
        let process = spawn(folder.path(), &environment);
        Self { process, folder, environment }
    }

    /// Where its log is.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("readings")
    }

    /// Once more, after its end, with the same configuration and the log that it left.
    pub fn start_again(&mut self) {
        self.process = spawn(self.folder.path(), &self.environment);
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr")).unwrap()
    }

    pub fn wait_until_said(&self, words: &str) {
        wait_for(&format!("{words:?} in its log"), || self.said().contains(words).then_some(()));
    }

    pub fn terminate(&self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    pub fn ended(&mut self) -> ExitStatus {
        wait_for("the station's end", || self.process.try_wait().unwrap())
    }

    pub fn kill_9(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// A number from the line with which its last run ended.
    pub fn counted_last<T: FromStr>(&self, key: &str) -> T {
        let said = self.said();
        let line =
            said.lines().rfind(|line| line.contains("unacknowledged=")).unwrap_or_else(|| panic!("{said}"));
        let word = line.split_whitespace().find_map(|word| word.strip_prefix(&format!("{key}="))).unwrap();
        word.parse().ok().unwrap()
    }

    /// A number from the line with which it ends.
    pub fn counted<T: FromStr>(&self, key: &str) -> T {
        let said = self.said();
        let line =
            said.lines().find(|line| line.contains("unacknowledged=")).unwrap_or_else(|| panic!("{said}"));
        let word = line.split_whitespace().find_map(|word| word.strip_prefix(&format!("{key}="))).unwrap();
        word.parse().ok().unwrap()
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            println!("the station said:\n{}", self.said());
        }
    }
}

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minuano-station"));
    command.env_remove("RUST_LOG");
    command
}

/// Runs it to its end.
pub fn call(arguments: &[&str]) -> Output {
    binary().args(arguments).output().unwrap()
}

/// A configuration file with this text.
pub fn configuration(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("station.toml");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}
