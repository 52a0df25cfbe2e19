//! Debian's mosquitto, on a port of its own.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::wait_for;

pub struct Broker {
    /// Whoever comes is let in here.
    pub port: u16,
    /// With a second listener: its port.
    pub guarded: Option<u16>,
    pub guarded_address: &'static str,
    guard: String,
    folder: TempDir,
    process: Option<Child>,
}

impl Broker {
    /// A port that nobody listens on yet.
    pub fn absent() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            port: free_port(),
            guarded: None,
            guarded_address: "127.0.0.1",
            guard: String::new(),
            folder,
            process: None,
        }
    }

    pub fn running() -> Self {
        let mut broker = Self::absent();
        broker.start();
        broker
    }

    /// With a second listener of these settings; it does not run yet.
    pub fn guarded_by(settings: &str) -> Self {
        let mut broker = Self::absent();
        broker.guarded = Some(free_port());
        broker.guard_by(settings);
        broker
    }

    /// Other settings for the second listener.
    pub fn guard_by(&mut self, settings: &str) {
        settings.clone_into(&mut self.guard);
    }

    pub fn start(&mut self) {
        let file = self.folder.path().join("mosquitto.conf");
        let open = format!("listener {} 127.0.0.1\nallow_anonymous true\n", self.port);
        let guarded = match self.guarded {
            Some(port) => format!("listener {port} {}\n{}\n", self.guarded_address, self.guard),
            None => String::new(),
        };
        // As root it would otherwise become a user who cannot read the test's files.
        let text = format!("per_listener_settings true\npersistence false\nuser root\n{open}{guarded}");
        std::fs::write(&file, text).unwrap();
        let process = Command::new("/usr/sbin/mosquitto")
            .arg("-c")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto is installed (apt-get install mosquitto)");
        self.process = Some(process);
        let guarded = self.guarded.map(|port| (self.guarded_address, port));
        for place in [Some(("127.0.0.1", self.port)), guarded].into_iter().flatten() {
            wait_for("the broker to listen", || TcpStream::connect(place).ok());
        }
    }

    /// It stands still, and its connections with it.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// It goes on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
