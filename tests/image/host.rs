//! What stands beside the board: a broker, a gateway, and a time server that answers when it is started.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Command;

use minuano_tests::process::clean;
use minuano_tests::{Gateway, Mosquitto, Process, SOON, Settings, eventually};

/// The host's loopback, as QEMU's guests see it.
pub const ADDRESS: &str = "10.0.2.2";

/// A broker and the gateway that listens at it.
pub struct Host {
    pub broker: Mosquitto,
    pub gateway: Gateway,
}

impl Host {
    /// Both running.
    pub fn start() -> Self {
        let broker = Mosquitto::start();
        let settings = Settings {
            name: "host",
            broker: Some(broker.port),
            // As they come: a restart of the gateway must not be what makes the account right.
            acknowledge: "",
            ..Settings::default()
        };
        let gateway = Gateway::start(&settings);
        Self { broker, gateway }
    }

    /// A `minuano.toml` for a station here.
    pub fn settings(&self, station: &str) -> String {
        format!(
            "station = \"{station}\"\ntime_zone = \"America/Denver\"\ntime_server = \"{ADDRESS}\"\n\n\
             [place]\nname = \"Emulated roof\"\naltitude_m = 2317\n\n\
             [broker]\nhost = \"{ADDRESS}\"\nport = {}\n",
            self.broker.port
        )
    }
}

/// chrony, which serves this host's time and changes nothing of it.
pub struct TimeServer {
    _process: Process,
    socket: std::path::PathBuf,
}

impl TimeServer {
    /// Starts it on port 123, where systemd-timesyncd asks.
    pub fn start(folder: &Path) -> Self {
        // chronyd takes no command socket where others might reach it.
        let folder = &folder.join("chrony");
        std::fs::DirBuilder::new().mode(0o700).create(folder).unwrap();
        let (file, socket) = (folder.join("chrony.conf"), folder.join("chronyd.sock"));
        let text = format!(
            "local stratum 8\nallow 127.0.0.0/8\nbindaddress 127.0.0.1\nport 123\ncmdport 0\n\
             bindcmdaddress {}\npidfile {}\nuser root\n",
            socket.display(),
            folder.join("chronyd.pid").display()
        );
        std::fs::write(&file, text).unwrap();
        let mut command = clean(Path::new("/usr/sbin/chronyd"));
        let process = Process::start(
            "chronyd",
            command.args(["-x", "-d", "-f"]).arg(&file),
            &folder.join("chronyd.log"),
        );
        eventually("chronyd", SOON, || socket.exists().then_some(()));
        Self { _process: process, socket }
    }

    /// How many questions it has answered.
    pub fn answered(&self) -> u64 {
        let mut ask = Command::new("chronyc");
        let output = ask.arg("-h").arg(&self.socket).args(["-c", "serverstats"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout)
            .split(',')
            .next()
            .and_then(|n| n.trim().parse().ok())
            .unwrap_or(0)
    }
}
