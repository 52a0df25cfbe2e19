//! `minuano-gateway broker provision` against Debian's mosquitto with what it wrote: a station does its work, and can neither
//! speak for another nor hear it, nor come without TLS, certificate and password.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use minuano_tests::payload::telemetry;
use minuano_tests::process::{Called, binary, call, clean};
use minuano_tests::station::QUICK;
use minuano_tests::{Gateway, Mosquitto, Process, SOON, Settings, eventually, ports};
use tempfile::TempDir;

const STREAM: &str = "9f2c41d07a3be658";
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// A folder of accounts.
struct Accounts {
    folder: TempDir,
    port: u16,
}

/// Who comes to the broker, and with what.
struct Client<'a> {
    accounts: &'a Accounts,
    /// Where its files are, and what their names begin with.
    files: &'a str,
    user: &'a str,
}

impl Accounts {
    fn new() -> Self {
        let accounts = Self { folder: tempfile::tempdir().unwrap(), port: ports::free() };
        // Each has its files where they were written: what it is told of their place differs.
        for (who, files) in [
            ("roof", "stations/roof"),
            ("shed", "stations/shed"),
            ("--gateway=tests", "gateways/tests"),
            ("--home-assistant", "home-assistant"),
            ("watcher", "stations/watcher"),
        ] {
            let files = accounts.path(files);
            let called = accounts.provision(&[who, "--copied-to", files.to_str().unwrap()]);
            assert_eq!(called.code, Some(0), "{called:?}");
        }
        // Rules of people's own stand above.
        let rules = accounts.read("mosquitto/topics");
        let own = format!("user minuano-watcher\ntopic read #\n\n{rules}");
        std::fs::write(accounts.path("mosquitto/topics"), own).unwrap();
        accounts
    }

    fn provision(&self, arguments: &[&str]) -> Called {
        let port = self.port.to_string();
        let place = ["--host", "127.0.0.1", "--port", &port];
        let mut command = binary("minuano-gateway");
        command.args(["broker", "provision", "--folder"]).arg(self.folder.path()).args(place);
        call(command.args(arguments))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// mosquitto with the file as it was written, but on loopback alone and as this user.
    fn broker(&self) -> Mosquitto {
        let listener = format!("listener {}\n", self.port);
        let text = self.read("mosquitto/mosquitto.conf");
        assert!(text.contains(&listener), "{text}");
        let text = text.replace(&listener, &format!("listener {} 127.0.0.1\n", self.port));
        Mosquitto::configured(self.port, &format!("{text}user root\n"))
    }

    fn station(&self, name: &str) -> Client<'_> {
        let (files, user) = match name {
            "roof" => ("stations/roof/roof", "minuano-roof"),
            "watcher" => ("stations/watcher/watcher", "minuano-watcher"),
            _ => ("stations/shed/shed", "minuano-shed"),
        };
        Client { accounts: self, files, user }
    }

    /// A gateway that joins with the file that was written for it, its alerts included.
    fn gateway(&self) -> Gateway {
        let mut gateway = Gateway::prepare(&Settings::default());
        let embedded = format!("[broker]\nembedded = true\nlisten = \"127.0.0.1:{}\"\n", gateway.mqtt_port);
        let joined = self.read("gateways/tests/gateway.toml").replace("#: ", "");
        let section = &joined[joined.find("[[mqtt]]").unwrap()..];
        gateway.reconfigure(&embedded, &format!("{section}\n"));
        let online = gateway.command(&["check-config", "--online"]);
        assert!(online.code == Some(0) && online.stdout.contains("with TLS"), "{online:?}");
        gateway.start_again();
        gateway
    }

    fn home_assistant(&self) -> Client<'_> {
        Client { accounts: self, files: "home-assistant/home-assistant", user: "minuano.home-assistant" }
    }
}

impl Client<'_> {
    fn file(&self, end: &str) -> PathBuf {
        self.accounts.path(&format!("{}.{end}", self.files))
    }

    /// One of mosquitto's own clients, with everything that lets it in.
    fn client(&self, program: &str) -> Command {
        let mut command = self.without_certificate(program);
        command.arg("--cert").arg(self.file("pem")).arg("--key").arg(self.file("key"));
        command
    }

    fn without_certificate(&self, program: &str) -> Command {
        let mut command = self.without_tls(program);
        command.arg("--cafile").arg(self.accounts.path("mosquitto/ca.pem"));
        command
    }

    fn without_tls(&self, program: &str) -> Command {
        let password = std::fs::read_to_string(self.file("password")).unwrap();
        let mut command = clean(&Path::new("/usr/bin").join(program));
        command.args(["-h", "127.0.0.1", "-p", &self.accounts.port.to_string()]);
        command.args(["-q", "1", "-u", self.user, "-P", password.trim_end()]);
        command
    }

    /// Gives whether the broker let it in and took the message; what it then does with it is another matter.
    fn say(&self, topic: &str, payload: &str) -> bool {
        said(self.client("mosquitto_pub").args(["-t", topic, "-m", payload]))
    }

    fn say_retained(&self, topic: &str, payload: &str) {
        assert!(said(self.client("mosquitto_pub").args(["-r", "-t", topic, "-m", payload])), "{topic}");
    }

    /// Listens until its end.
    fn listen(&self, log: &str, topics: &[&str]) -> Process {
        let mut command = self.client("mosquitto_sub");
        command.args(["-F", "%t %p"]).args(topics.iter().flat_map(|topic| ["-t", topic]));
        Process::start(log, &mut command, &self.accounts.path(log))
    }
}

fn said(command: &mut Command) -> bool {
    call(command).code == Some(0)
}

#[test]
fn a_station_can_do_its_work_and_nothing_in_the_name_of_another() {
    let accounts = Accounts::new();
    let mut broker = accounts.broker();
    let gateway = accounts.gateway();

    // The real station, with the file that was written for it.
    let quick = format!(
        "{}\n[log]\nfolder = {:?}\n[run]\nstop_within = \"55s\"\n{QUICK}",
        accounts.read("stations/roof/station.toml"),
        accounts.path("readings")
    );
    std::fs::write(accounts.path("quick.toml"), quick).unwrap();
    let mut command = binary("minuano-station");
    command.args(["run", "--config"]).arg(accounts.path("quick.toml"));
    let mut station = Process::start("the station", &mut command, &accounts.path("log"));
    eventually("readings", SOON, || (gateway.stored("roof") > 10).then_some(()));
    station.terminate();
    assert_eq!(station.ended_within(STOP_WITHIN).code(), Some(0));
    assert!(station.said().contains("lost=0 unacknowledged=0"), "it heard its acknowledgements");
    let seen = gateway.wait_for_station("roof", "stopped", |seen| seen["state"] == "stopped");
    assert_eq!(seen["health"]["measured"], seen["counts"]["stored"]);

    let (roof, shed, home) = (accounts.station("roof"), accounts.station("shed"), accounts.home_assistant());
    let everything = accounts.station("watcher").listen("everything", &["#"]);
    everything.wait_until_said("homeassistant/device/minuano_roof/config ");

    // roof speaks as shed, as the gateway, and of another device.
    let forbidden = [
        "minuano/v1/shed/telemetry",
        "minuano/v1/shed/status",
        "minuano/v1/roof/acknowledged",
        "minuano/v1/roof/anomaly",
        "minuano/v2/roof/telemetry",
        "homeassistant/device/minuano_shed/config",
        "homeassistant/status",
    ];
    for topic in forbidden {
        roof.say(topic, &telemetry(STREAM, 1));
    }
    assert!(roof.say("minuano/v1/roof/health", "after all of it"), "its own");
    everything.wait_until_said("minuano/v1/roof/health after all of it");
    for topic in forbidden {
        assert!(!everything.said().contains(&format!("{topic} {{\"stream\"")), "{topic} went through");
    }
    assert!(gateway.station("shed").is_none());

    // roof listens to shed, to everything, and to what it may hear.
    shed.say_retained("minuano/v1/shed/health", "of shed, kept");
    home.say_retained("homeassistant/status", "the first");
    let ears =
        roof.listen("ears", &["#", "minuano/v1/shed/#", "minuano/v1/+/health", "homeassistant/status"]);
    ears.wait_until_said("homeassistant/status the first");
    assert!(shed.say("minuano/v1/shed/telemetry", &telemetry(STREAM, 1)));
    gateway.wait_for_station("shed", "its own reading", |seen| seen["counts"]["stored"] == 1);
    home.say_retained("homeassistant/status", "the second");
    ears.wait_until_said("homeassistant/status the second");
    assert!(!ears.said().contains("shed"), "{}", ears.said());

    // The door.
    let topic = ["-t", "minuano/v1/roof/health", "-m", "let me in"];
    let refused = |command: &mut Command| !said(command.args(topic));
    assert!(refused(&mut roof.without_tls("mosquitto_pub")), "without TLS");
    assert!(refused(&mut roof.without_certificate("mosquitto_pub")), "without a certificate");
    assert!(refused(roof.client("mosquitto_pub").args(["-P", "guessed"])), "without the password");
    assert!(refused(roof.client("mosquitto_pub").args(["-u", "minuano-shed"])), "as another user");
    let other = Accounts::new();
    let mut foreign = roof.without_certificate("mosquitto_pub");
    foreign.arg("--cert").arg(other.station("roof").file("pem"));
    foreign.arg("--key").arg(other.station("roof").file("key"));
    assert!(refused(&mut foreign), "with a certificate of another authority");
    assert!(!everything.said().contains("let me in"));

    // Renewed, the old password opens nothing; revoked, nothing does. mosquitto takes it up on SIGHUP.
    let old = accounts.read("stations/roof/roof.password");
    assert_eq!(accounts.provision(&["roof", "--rotate"]).code, Some(0));
    broker.reload();
    eventually("the old password to be worth nothing", SOON, || {
        refused(roof.client("mosquitto_pub").args(["-P", old.trim_end()])).then_some(())
    });
    assert!(roof.say("minuano/v1/roof/health", "renewed"));
    let roofs: Vec<PathBuf> = ["pem", "key", "password"].map(|end| roof.file(end)).into();
    let kept: Vec<String> = roofs.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    assert_eq!(accounts.provision(&["roof", "--revoke"]).code, Some(0));
    assert!(!roofs[0].exists());
    broker.reload();
    std::fs::create_dir_all(roofs[0].parent().unwrap()).unwrap();
    for (file, text) in roofs.iter().zip(kept) {
        std::fs::write(file, text).unwrap();
    }
    eventually("the thief to be locked out", SOON, || {
        (!roof.say("minuano/v1/roof/health", "stolen")).then_some(())
    });
    assert!(shed.say("minuano/v1/shed/health", "still there"));
    broker.stop();
}

#[test]
fn nobody_can_end_the_connection_of_another() {
    let accounts = Accounts::new();
    let broker = accounts.broker();
    let gateway = accounts.gateway();
    let (roof, shed, home) = (accounts.station("roof"), accounts.station("shed"), accounts.home_assistant());
    let everything = accounts.station("watcher").listen("everything", &["#"]);
    home.say_retained("homeassistant/status", "here");
    everything.wait_until_said("homeassistant/status here");
    let ears = shed.listen("ears", &["homeassistant/status"]);
    ears.wait_until_said("homeassistant/status here");
    // By the id of a station, of the gateway, of its alerts: roof gets its own whatever it asks for.
    for id in ["minuano-shed", "minuano.gateway.tests", "minuano.alerts.tests", "tests"] {
        let mut command = roof.client("mosquitto_pub");
        assert!(said(command.args(["-i", id, "-t", "minuano/v1/roof/health", "-m", id])), "as {id}");
        everything.wait_until_said(&format!("minuano/v1/roof/health {id}"));
    }
    let online = gateway.command(&["check-config", "--online"]);
    assert!(online.code == Some(0) && online.stdout.contains("not tried"), "{online:?}");
    // The gateway's alerts have a user of their own, so they do not end its connection either.
    let sent = gateway.command(&["alert", "test"]);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    everything.wait_until_said("minuano-alerts/tests ");
    let taken_over = || broker.process().said().contains("already connected");
    assert!(!taken_over(), "{}", broker.process().said());
    // That is how the broker says it.
    assert!(shed.say("minuano/v1/shed/health", "once more"));
    eventually("shed to take its own place", SOON, || taken_over().then_some(()));
}

#[test]
fn what_the_command_says() {
    let accounts = Accounts::new();
    let again = accounts.provision(&["roof", "shed", "--gateway=tests", "--home-assistant"]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
    // The files' place was said anew for each.
    assert!(again.stdout.contains("station.toml was changed and stays so"), "{again:?}");
    assert!(again.stdout.ends_with("nothing had to be changed\n"), "{again:?}");
    assert!(!again.stdout.contains(accounts.read("stations/roof/roof.password").trim_end()), "{again:?}");

    for wrong in [
        &[][..],
        &["Roof"],
        &["roof", "--rotate", "--revoke"],
        &["roof", "--host", "mqtts://broker"],
        &["roof", "--port", "0"],
        &["--gateway=Home Sweet"],
        &["roof", "--discovery-prefix", "a/#"],
    ] {
        let called = accounts.provision(wrong);
        assert_eq!(called.code, Some(64), "{wrong:?}: {called:?}");
    }
    let mut command = binary("minuano-gateway");
    let called = call(command.args(["broker", "provision", "roof", "--folder", "/proc/nowhere"]));
    assert_eq!(called.code, Some(1), "{called:?}");
    assert!(called.stderr.contains("--folder") && called.stderr.contains("/proc/nowhere"), "{called:?}");
    let help = call(binary("minuano-gateway").args(["broker", "provision", "--help"]));
    assert!(help.stdout.contains("--home-assistant") && help.stdout.contains("Examples:"), "{help:?}");
}
