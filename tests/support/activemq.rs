//! Debian's ActiveMQ with its MQTT listener, on a port of its own and with nothing on disk.

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::clean;
use crate::{Process, eventually, ports};

/// A Java virtual machine on a machine that compiles beside it.
const STARTS_WITHIN: Duration = Duration::from_secs(180);

/// A broker that forgets everything when it stops.
pub struct ActiveMq {
    /// Where its MQTT listener is.
    pub port: u16,
    // Before its folder, which ends with its field.
    process: Option<Process>,
    folder: TempDir,
}

impl ActiveMq {
    /// One that runs.
    pub fn start() -> Self {
        let mut broker = Self { port: ports::free(), process: None, folder: tempfile::tempdir().unwrap() };
        let spring = "http://www.springframework.org/schema/beans";
        let own = "http://activemq.apache.org/schema/core";
        let text = format!(
            "<beans xmlns=\"{spring}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:schemaLocation=\"{spring} {spring}/spring-beans-2.0.xsd {own} {own}/activemq-core.xsd\">\n\
             <broker xmlns=\"{own}\" brokerName=\"tests\" useJmx=\"false\" persistent=\"false\" \
             advisorySupport=\"false\" dataDirectory=\"{}\">\n\
             <transportConnectors><transportConnector name=\"mqtt\" uri=\"mqtt://127.0.0.1:{}\"/>\
             </transportConnectors>\n</broker>\n</beans>\n",
            broker.file("data"),
            broker.port
        );
        std::fs::write(broker.file("activemq.xml"), text).unwrap();
        broker.start_again();
        broker
    }

    /// Kills it and starts it again, empty.
    pub fn restart(&mut self) {
        self.process.take().unwrap().kill_9();
        self.start_again();
    }

    fn start_again(&mut self) {
        let mut command = clean(Path::new("/usr/bin/java"));
        command
            .args(["-Xmx256M", "-Dactivemq.home=/usr/share/activemq"])
            .arg(format!("-Dactivemq.base={}", self.folder.path().display()))
            // Debian's packages put every library there.
            .args(["-cp", "/usr/share/java/*", "org.apache.activemq.console.Main", "start"])
            .arg(format!("xbean:file:{}", self.file("activemq.xml")));
        let mut process = Process::start("ActiveMQ", &mut command, Path::new(&self.file("log")));
        let port = self.port;
        eventually("ActiveMQ to listen", STARTS_WITHIN, || {
            process.must_run();
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        self.process = Some(process);
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}
