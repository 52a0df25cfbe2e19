//! Debian's mosquitto, on a port of its own and without any memory over a restart.

use std::net::TcpStream;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::clean;
use crate::{Process, SOON, eventually, ports};

/// A broker that forgets everything when it stops, which is the hardest case for the stations.
pub struct Mosquitto {
    /// Where it listens, also while it does not run.
    pub port: u16,
    // Before its folder, which ends with its field.
    process: Option<Process>,
    /// mosquitto.conf.
    config: String,
    folder: TempDir,
}

/// Whoever comes.
const OPEN: &str = "allow_anonymous true";

impl Mosquitto {
    /// One that runs.
    pub fn start() -> Self {
        let mut broker = Self::absent();
        broker.start_again();
        broker
    }

    /// One that does not run yet.
    pub fn absent() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = ports::free();
        Self { port, process: None, config: config(port, OPEN), folder }
    }

    /// One that runs and lets in whom `rules` (lines for mosquitto.conf) say.
    pub fn with_rules(rules: &str) -> Self {
        let mut broker = Self::absent();
        broker.config = config(broker.port, rules);
        broker.start_again();
        broker
    }

    /// One that runs with all of this as its mosquitto.conf, which has it listen at `port`.
    pub fn configured(port: u16, config: &str) -> Self {
        let mut broker = Self { port, config: config.to_owned(), ..Self::absent() };
        broker.start_again();
        broker
    }

    /// Starts it, empty.
    pub fn start_again(&mut self) {
        let file = self.file("mosquitto.conf");
        std::fs::write(&file, &self.config).unwrap();
        let mut command = clean(Path::new("/usr/sbin/mosquitto"));
        let process = Process::start("mosquitto", command.arg("-c").arg(&file), &self.file("log"));
        self.process = Some(process);
        let port = self.port;
        eventually("mosquitto to listen", SOON, || TcpStream::connect(("127.0.0.1", port)).ok());
    }

    /// Kills it; all that it held is gone.
    pub fn stop(&mut self) {
        self.process.take().unwrap().kill_9();
    }

    /// Kills it and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// SIGHUP: it reads its passwords and topics anew.
    pub fn reload(&self) {
        self.process().signal(Signal::HUP);
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the broker runs")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn config(port: u16, rules: &str) -> String {
    format!(
        "listener {port} 127.0.0.1\n{rules}\npersistence false\n\
         max_inflight_messages 0\nmax_queued_messages 0\nuser root\n"
    )
}
