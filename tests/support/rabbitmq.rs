//! Debian's RabbitMQ with its MQTT listener, on ports of its own. It keeps what it has over a restart.

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::clean;
use crate::{Process, eventually, ports};

/// An Erlang node on a machine that compiles beside it.
const STARTS_WITHIN: Duration = Duration::from_secs(180);
/// The folder has the version in its name.
const LIBRARY: &str = "/usr/lib/rabbitmq/lib";

/// A broker.
pub struct RabbitMq {
    /// Where its MQTT listener is.
    pub port: u16,
    // Before what they need: fields end in their order.
    broker: Option<Process>,
    _names: Process,
    names_port: u16,
    distribution_port: u16,
    folder: TempDir,
}

impl RabbitMq {
    /// One that runs.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port, other, names_port, distribution_port] = [(); 4].map(|()| ports::free());
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("enabled_plugins", "[rabbitmq_mqtt].\n");
        write("environment", "");
        write(
            "rabbitmq.conf",
            &format!(
                "listeners.tcp.local = 127.0.0.1:{other}\nmqtt.listeners.tcp.local = 127.0.0.1:{port}\n\
                 mqtt.allow_anonymous = true\nmqtt.prefetch = 1000\n"
            ),
        );
        // Erlang's register of names. Left to itself, RabbitMQ would start one that outlives it.
        let mut names = clean(Path::new("/usr/bin/epmd"));
        names.args(["-address", "127.0.0.1", "-port", &names_port.to_string()]);
        let names = Process::start("epmd", &mut names, &folder.path().join("names.log"));
        eventually("epmd to listen", STARTS_WITHIN, || TcpStream::connect(("127.0.0.1", names_port)).ok());
        let mut broker = Self { port, broker: None, _names: names, names_port, distribution_port, folder };
        broker.start_again();
        broker
    }

    /// Kills it and starts it again, with what it had on disk.
    pub fn restart(&mut self) {
        self.broker.take().unwrap().kill_9();
        self.start_again();
    }

    fn start_again(&mut self) {
        let version =
            std::fs::read_dir(LIBRARY).expect("rabbitmq-server is installed").next().unwrap().unwrap();
        let mut command = clean(&version.path().join("sbin/rabbitmq-server"));
        let file = |name: &str| self.folder.path().join(name);
        command
            .env("HOME", self.folder.path())
            // The script becomes the broker instead of waiting for it.
            .env("RUNNING_UNDER_SYSTEMD", "1")
            .env("ERL_EPMD_PORT", self.names_port.to_string())
            .env("RABBITMQ_DIST_PORT", self.distribution_port.to_string())
            .env("RABBITMQ_NODENAME", format!("minuano-{}@localhost", self.port))
            .env("RABBITMQ_CONF_ENV_FILE", file("environment"))
            .env("RABBITMQ_CONFIG_FILE", file("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", file("data"))
            .env("RABBITMQ_LOG_BASE", file("log"))
            .env("RABBITMQ_LOGS", "-");
        let mut process = Process::start("RabbitMQ", &mut command, &file("out"));
        let port = self.port;
        eventually("RabbitMQ to listen", STARTS_WITHIN, || {
            process.must_run();
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        self.broker = Some(process);
    }
}
