//! Gateway and station as services: what systemd hears, what a health check gets, what is tried before a start, what a stop
//! leaves behind, and the store's commands.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use minuano_tests::payload::{backlog, telemetry};
use minuano_tests::process::{Called, binary, call};
use minuano_tests::station::QUICK;
use minuano_tests::{Bucket, Gateway, Mosquitto, SOON, Settings, Station, Wire, eventually, ports};
use serde_json::json;
use tempfile::TempDir;

const STREAM: &str = "9f2c41d07a3be658";
const BACKLOG: &str = "minuano/v1/roof/backlog";
const STOPS_WITHIN: Duration = Duration::from_secs(5);

struct Systemd {
    socket: UnixDatagram,
    folder: TempDir,
}

impl Systemd {
    fn listening() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        Self { socket, folder }
    }

    fn start(&self, gateway: &mut Gateway) {
        gateway.start_under(&self.folder.path().join("notify"), "600000");
    }

    fn next(&self) -> String {
        let mut bytes = [0; 4_096];
        let length = self.socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    fn wait(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + SOON;
        while Instant::now() < until {
            let message = self.next();
            if condition(&message) {
                return message;
            }
        }
        panic!("systemd waited in vain for {what}");
    }
}

#[test]
fn systemd_hears_that_it_is_ready_alive_how_it_is_and_that_it_stops() {
    let systemd = Systemd::listening();
    let mut gateway = Gateway::prepare(&Settings::default());
    systemd.start(&mut gateway);
    assert_eq!(systemd.next(), "READY=1\n");
    assert_eq!(gateway.ask("/readyz").unwrap().status, 200, "ready is ready");
    for _ in 0..3 {
        systemd.wait("an idle gateway to be alive", |message| message == "WATCHDOG=1\n");
    }
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(BACKLOG, backlog(STREAM, 0, 1, 1..=3));
    systemd.wait("a status", |message| message.contains("1 of 1 stations online; 3 readings stored, 0 lost"));
    gateway.process().terminate();
    let last = systemd.wait("the end", |message| message.contains("STOPPING=1"));
    assert!(last.contains("STATUS=stopping"), "{last}");
}

#[test]
fn a_broker_that_is_away_is_told_and_keeps_nothing_from_being_ready_to_serve() {
    let (systemd, broker) = (Systemd::listening(), Mosquitto::absent());
    let mut gateway = Gateway::prepare(&Settings { broker: Some(broker.port), ..Settings::default() });
    systemd.start(&mut gateway);
    assert_eq!(systemd.next(), "READY=1\n");
    let status = systemd.wait("a status", |message| message.starts_with("STATUS="));
    assert!(status.contains(&format!("broker 127.0.0.1:{}: ", broker.port)), "{status}");
    systemd.wait("life", |message| message == "WATCHDOG=1\n");
}

#[test]
fn health_is_0_when_ready_and_1_with_the_reason_when_not() {
    let mut broker = Mosquitto::start();
    let mut gateway = Gateway::start(&Settings { broker: Some(broker.port), ..Settings::default() });
    let called = gateway.command(&["health"]);
    assert_eq!((called.code, called.stdout.as_str()), (Some(0), "ready\n"), "{called:?}");

    broker.stop();
    let called = eventually("not to be ready", SOON, || {
        Some(gateway.command(&["health"])).filter(|called| called.code == Some(1))
    });
    assert!(called.stderr.contains(&format!("broker 127.0.0.1:{}", broker.port)), "{called:?}");
    gateway.kill_9();
    let called = gateway.command(&["health"]);
    assert_eq!(called.code, Some(1), "{called:?}");
    assert!(called.stderr.contains("no gateway answers at 127.0.0.1:"), "{called:?}");
}

#[test]
fn a_stations_health_is_0_while_it_measures_and_1_when_nobody_answers() {
    // Nobody listens at its broker's port, which is no reason.
    let mut station = Station::start("roof", ports::free(), QUICK);
    let file = station.file("station.toml");
    let health = || call(binary("minuano-station").args(["health", "--config"]).arg(&file));
    let measures = |called: &Called| called.code == Some(0) && called.stdout.contains("bme280 at 0x76");
    let called = eventually("the station to measure", SOON, || Some(health()).filter(measures));
    assert!(called.stdout.contains("no link to 127.0.0.1"), "{called:?}");

    station.kill_9();
    let called = health();
    assert_eq!(called.code, Some(1), "{called:?}");
    assert!(called.stderr.contains("no station answers at "), "{called:?}");
    station.start_again();
    eventually("the station to be well again", SOON, || {
        Some(health()).filter(|called| called.code == Some(0))
    });
}

#[test]
fn check_config_online_names_each_answer_on_its_line() {
    let (mut broker, bucket) = (Mosquitto::start(), Bucket::start());
    let settings = Settings { broker: Some(broker.port), lake: bucket.settings(), ..Settings::default() };
    let mut gateway = Gateway::prepare(&settings);
    let check = |gateway: &Gateway| gateway.command(&["check-config", "--online"]);
    let line = |said: &str, key: &str| {
        let line = said.lines().find(|line| line.starts_with(&format!("{key}: ")));
        line.unwrap_or_else(|| panic!("{key} in {said}")).to_owned()
    };
    let called = check(&gateway);
    assert_eq!(called.code, Some(0), "{called:?}");
    for key in ["store.file", "http.listen", "mqtt[0]", "lake.url"] {
        assert!(line(&called.stdout, key).starts_with(&format!("{key}: ok: ")), "{called:?}");
    }
    let left: Vec<_> = walk(&bucket.folder());
    assert!(left.is_empty(), "it leaves nothing in the lake: {left:?}");
    assert!(!gateway.file("gateway.db").exists(), "and makes no store");

    // Beside the running gateway, which keeps its connection and its ports.
    gateway.start_again();
    let called = check(&gateway);
    assert_eq!(called.code, Some(0), "{called:?}");
    assert!(line(&called.stdout, "http.listen").contains("a gateway runs on this store"), "{called:?}");
    assert_eq!(gateway.metrics().sum("minuano_broker_disconnections_total", ""), 0.0);
    assert_eq!(gateway.stop(), Some(0));

    broker.stop();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    gateway.reconfigure("[http]\nlisten = \"127.0.0.1:", &format!("[http]\nlisten = \"127.0.0.1:{port}\" #"));
    gateway.reconfigure("secret_access_key = \"", "secret_access_key = \"wrong");
    let called = check(&gateway);
    assert_eq!(called.code, Some(1), "{called:?}");
    assert!(line(&called.stdout, "mqtt[0]").contains("refused"), "{called:?}");
    assert!(line(&called.stdout, "http.listen").contains("FAILED"), "{called:?}");
    assert!(line(&called.stdout, "lake.url").contains("FAILED: cannot be written"), "{called:?}");
    assert!(called.stdout.contains("3 things that it names fail"), "{called:?}");

    gateway.reconfigure("gateway = \"tests\"", "gateway = \"Tests\"");
    assert_eq!(check(&gateway).code, Some(78), "what is wrong in itself is tried no further");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn a_stop_under_load_is_quick_and_everything_that_was_acknowledged_is_there() {
    let broker = Mosquitto::start();
    let mut gateway = Gateway::start(&Settings { broker: Some(broker.port), ..Settings::default() });
    let wire = Wire::connect(broker.port);
    // More than it can have committed when the signal comes.
    let messages: Vec<String> = (0..400).map(|n| backlog(STREAM, 0, 1, n * 64 + 1..=n * 64 + 64)).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| messages.iter().for_each(|message| wire.say(BACKLOG, message.as_str())));
        eventually("some of it", SOON, || (gateway.stored("roof") > 640).then_some(()));
        let asked = Instant::now();
        assert_eq!(gateway.stop(), Some(0));
        assert!(asked.elapsed() < STOPS_WITHIN, "it took {:?}", asked.elapsed());
    });
    // Before anyone else opens it.
    assert!(!gateway.file("gateway.db-wal").exists(), "the store was closed");
    let stored = |gateway: &Gateway| -> [u64; 2] {
        let rows = "SELECT count(*), count(DISTINCT seq) FROM observations";
        gateway.store().query_row(rows, [], |row| Ok([row.get(0)?, row.get(1)?])).unwrap()
    };
    let [rows, distinct] = stored(&gateway);
    assert!(rows == distinct && rows < 400 * 64, "{rows}, {distinct}: the stop came in the middle");
    let through = wire
        .heard("minuano/v1/roof/acknowledged")
        .iter()
        .filter_map(|heard| heard.json()["streams"][0]["through"].as_u64())
        .max();
    assert!(through.unwrap_or(0) <= rows, "{through:?} of {rows}: acknowledged before it was there");

    // The station sends what was not acknowledged again; nothing is doubled.
    gateway.start_again();
    messages.iter().for_each(|message| wire.say(BACKLOG, message.as_str()));
    eventually("all", SOON, || (gateway.stored("roof") == 400 * 64).then_some(()));
    assert_eq!(stored(&gateway), [400 * 64; 2]);
}

#[test]
fn the_stores_commands_do_what_they_say_and_exit_as_they_should() {
    let mut gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(BACKLOG, backlog(STREAM, 0, 1, 1..=10));
    wire.say("minuano/v1/shed/telemetry", telemetry(STREAM, 1));
    eventually("both", SOON, || (gateway.stored("roof") == 10 && gateway.stored("shed") == 1).then_some(()));
    let copy = gateway.file("copy.db");
    let copy = copy.to_str().unwrap();
    let run = |gateway: &Gateway, arguments: &[&str], code: i32, words: &str| {
        let called = gateway.command(arguments);
        assert_eq!(called.code, Some(code), "{arguments:?}: {called:?}");
        assert!(format!("{}{}", called.stdout, called.stderr).contains(words), "{arguments:?}: {called:?}");
    };
    run(&gateway, &["store", "backup", copy], 0, "holds the store as it was just now");
    run(&gateway, &["store", "backup", copy], 1, "copy.db");
    for arguments in [
        &["store", "restore", copy][..],
        &["station", "rename", "roof", "loft"],
        &["station", "forget", "shed", "--yes"],
        &["store", "compact"],
    ] {
        run(&gateway, arguments, 1, "in use by a running gateway");
    }
    wire.say(BACKLOG, backlog(STREAM, 0, 1, 11..=12));
    eventually("12", SOON, || (gateway.stored("roof") == 12).then_some(()));
    drop(wire);
    assert_eq!(gateway.stop(), Some(0));

    let before = std::fs::metadata(gateway.file("gateway.db")).unwrap().len();
    run(&gateway, &["store", "compact"], 0, &format!("had {before} bytes and has"));
    run(&gateway, &["station", "rename", "roof", "loft"], 0, "roof is loft");
    run(&gateway, &["station", "rename", "roof", "attic"], 1, "roof");
    run(&gateway, &["station", "forget", "shed"], 1, "--yes");
    run(&gateway, &["station", "forget", "shed", "--yes"], 0, "with 1 readings");
    gateway.start_again();
    assert_eq!((gateway.stored("loft"), gateway.stored("roof")), (12, 0));
    assert!(gateway.station("shed").is_none());
    assert_eq!(gateway.stop(), Some(0));

    run(&gateway, &["store", "restore", copy], 0, "its identity is");
    gateway.start_again();
    assert_eq!((gateway.stored("roof"), gateway.stored("shed")), (10, 1));
    // What the copy did not know of is no loss: its station says that it was acknowledged.
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(BACKLOG, backlog(STREAM, 12, 13, [13]));
    let counts =
        gateway.wait_for_station("roof", "13", |seen| seen["counts"]["stored"] == 11)["counts"].clone();
    assert_eq!(counts, json!({ "stored": 11, "lost": 0, "duplicates": 0, "elsewhere": 2 }));
}

#[test]
fn a_store_that_is_damaged_is_set_aside_and_salvaged() {
    let mut gateway = Gateway::start(&Settings::default());
    let wire = Wire::connect(gateway.mqtt_port);
    for n in 0..40 {
        wire.say(BACKLOG, backlog(STREAM, 0, 1, n * 64 + 1..=n * 64 + 64));
    }
    eventually("all", SOON, || (gateway.stored("roof") == 40 * 64).then_some(()));
    drop(wire);
    assert_eq!(gateway.stop(), Some(0));
    let file = gateway.file("gateway.db");
    let mut bytes = std::fs::read(&file).unwrap();
    // A page in the middle, as a card that dies loses it.
    let page = bytes.len() / 4096 / 2 * 4096;
    bytes[page..page + 4096].fill(0xff);
    std::fs::write(&file, bytes).unwrap();

    gateway.start_again();
    let ready = gateway.ask("/readyz").unwrap();
    assert!(ready.body.contains("set-aside"), "{}", ready.body);
    assert_eq!(gateway.stored("roof"), 0);
    assert_eq!(gateway.stop(), Some(0));
    let folder = std::fs::read_dir(file.parent().unwrap()).unwrap();
    let names: Vec<String> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let aside = names
        .iter()
        .find(|name| name.contains(".set-aside-") && !name.ends_with("-wal") && !name.ends_with("-shm"));
    let aside = aside.unwrap();
    let called = gateway.command(&["store", "salvage", gateway.file(aside).to_str().unwrap()]);
    assert_eq!(called.code, Some(0), "{called:?}");
    gateway.start_again();
    let salvaged = gateway.stored("roof");
    assert!((1..=40 * 64).contains(&salvaged), "{salvaged}: {called:?}");
    assert!(salvaged > 40 * 64 * 9 / 10, "a page is no tenth of the store: {called:?}");
}
