//! Alerts to receivers that know nothing of the gateway: mail servers (aiosmtpd), mosquitto over TLS, a server with ntfy's
//! rules, a webhook that checks signatures; over a destination that is down, one that never answers, and `kill -9`.

use std::collections::BTreeSet;
use std::net::TcpListener;

use minuano_tests::certificates::Authority;
use minuano_tests::payload::{batch, now_ms, reading_with, time};
use minuano_tests::process::clean;
use minuano_tests::publisher::Publisher;
use minuano_tests::{Gateway, Mosquitto, Process, Receiver, SOON, Settings, Wire, eventually, ports};
use serde_json::{Value, json};

const STREAM: &str = "9f2c41d07a3be658";
const TELEMETRY: &str = "minuano/v1/roof/telemetry";
/// At once, so that no test waits.
const FROST: &str = "[events.frost]\nhold = \"0s\"\n";

fn hook(name: &str, port: u16) -> String {
    format!(
        "[[alert]]\nname = \"{name}\"\nto = \"webhook\"\nurl = \"http://127.0.0.1:{port}/hooks/T0K3N\"\n\
         secret = \"shared\"\non = [\"frost\"]\n"
    )
}

fn ntfy(name: &str, port: u16, token: &str) -> String {
    format!(
        "[[alert]]\nname = \"{name}\"\nto = \"ntfy\"\nurl = \"http://127.0.0.1:{port}\"\n\
         topic = \"nobody-guesses\"\nsecret = \"{token}\"\n"
    )
}

fn mail(name: &str, port: u16, more: &str) -> String {
    format!(
        "[[alert]]\nname = \"{name}\"\nto = \"email\"\nhost = \"localhost\"\nport = {port}\n\
         from = \"Minuano <weather@example.org>\"\nreceivers = [\"me@example.org\", \"you@example.org\"]\n{more}"
    )
}

/// A temperature, `seq` seconds after an hour ago.
fn air(seq: u64, temperature_c: f64) -> String {
    let mut reading = reading_with(seq, "temperature_c", temperature_c);
    reading["at"] = time(now_ms() - 3_600_000 + seq * 1000).into();
    batch(STREAM, 0, 1, &[reading])
}

/// mosquitto with TLS, a user and a password, and the gateway's `[[mqtt]]` for it.
fn broker(authority: &Authority) -> (Mosquitto, String) {
    let (server, passwords) = (authority.identity("localhost"), authority.passwords("gateway", "right"));
    let broker = Mosquitto::with_rules(&format!(
        "allow_anonymous false\npassword_file {passwords}\ncertfile {}\nkeyfile {}\n",
        server.certificate, server.key
    ));
    let section = format!(
        "[[mqtt]]\nhost = \"localhost\"\nport = {}\nuser = \"gateway\"\npassword = \"right\"\n\
         retry_first = \"100ms\"\nretry_most = \"500ms\"\n[mqtt.tls]\nca = \"{}\"\n",
        broker.port,
        authority.file()
    );
    (broker, section)
}

fn gateway(alerts: String) -> Gateway {
    Gateway::prepare(&Settings { alerts, ..Settings::default() })
}

/// Has it join `section`'s broker in the place of its own.
fn join(gateway: &Gateway, section: &str) {
    let own = format!("[broker]\nembedded = true\nlisten = \"127.0.0.1:{}\"\n", gateway.mqtt_port);
    gateway.reconfigure(&own, section);
}

#[test]
fn every_destination_is_told_and_alert_test_says_so() {
    let authority = Authority::new();
    let server = authority.identity("localhost");
    let (tls, login) = (
        ["--certificate", &server.certificate, "--key", &server.key],
        ["--user", "weather", "--password", "secret"],
    );
    let (webhook, phone) = (
        Receiver::start("webhook", &["--password", "shared"]),
        Receiver::start("ntfy", &["--password", "tk_1"]),
    );
    let https = Receiver::start("webhook", &[&tls[..], &["--password", "shared"]].concat());
    let plain = Receiver::start("smtp", &[]);
    let known = Receiver::start("smtp", &login);
    let starttls = Receiver::start("smtp", &[&tls[..], &login].concat());
    let wrapped = Receiver::start("smtp", &[&tls[..], &["--wrapped"]].concat());
    let (broker, section) = broker(&authority);
    let secured = |protection: &str| format!("tls = \"{protection}\"\nca_file = \"{}\"\n", authority.file());
    let who = "user = \"weather\"\nsecret = \"secret\"\n";
    let gateway = gateway(
        [
            hook("hook", webhook.port),
            ntfy("phone", phone.port, "tk_1"),
            hook("https", https.port).replace("http://127.0.0.1", "https://localhost")
                + &format!("ca_file = \"{}\"\n", authority.file()),
            mail("plain", plain.port, "tls = \"none\"\n"),
            mail("known", known.port, &format!("tls = \"none\"\n{who}")),
            mail("starttls", starttls.port, &format!("{}{who}", secured("starttls"))),
            mail("wrapped", wrapped.port, &secured("tls")),
            "[[alert]]\nname = \"bus\"\nto = \"mqtt\"\n".to_owned(),
        ]
        .concat(),
    );
    join(&gateway, &section);
    let port = broker.port.to_string();
    let mut subscriber = clean("/usr/bin/stdbuf".as_ref());
    subscriber.args(["-oL", "mosquitto_sub"]);
    subscriber.args([
        "-h",
        "localhost",
        "-p",
        &port,
        "--cafile",
        &authority.file(),
        "-u",
        "gateway",
        "-P",
        "right",
    ]);
    subscriber.args(["-q", "1", "-d", "-t", "minuano-alerts/#", "-F", "%t %q %p"]);
    let bus = Process::start("a subscriber", &mut subscriber, &gateway.file("bus"));
    bus.wait_until_said("Subscribed");

    let called = gateway.command(&["alert", "test"]);
    let names = ["hook", "phone", "https", "plain", "known", "starttls", "wrapped", "bus"];
    let all: String = names.iter().map(|name| format!("{name}: sent\n")).collect();
    assert_eq!((called.code, called.stdout.as_str()), (Some(0), all.as_str()), "{called:?}");

    let posted = webhook.take(1).remove(0);
    assert_eq!((&posted["signed"], &posted["path"]), (&json!(true), &json!("/hooks/T0K3N")));
    assert_eq!((&posted["class"], &posted["gateway"]), (&json!("test"), &json!("tests")), "{posted}");
    assert_eq!(https.take(1)[0]["signed"], true);
    let pushed = phone.take(1).remove(0);
    assert_eq!((&pushed["topic"], &pushed["title"]), (&json!("nobody-guesses"), &json!("test: test")));
    assert_eq!(pushed["priority"], 3, "{pushed}");
    for (server, encrypted, user) in [
        (&plain, false, Value::Null),
        (&known, false, json!("weather")),
        (&starttls, true, json!("weather")),
        (&wrapped, true, Value::Null),
    ] {
        let mail = server.take(1).remove(0);
        assert_eq!((&mail["encrypted"], &mail["user"]), (&json!(encrypted), &user), "{mail}");
        assert_eq!(mail["sender"], "weather@example.org");
        assert_eq!(mail["receivers"], json!(["me@example.org", "you@example.org"]));
        assert_eq!(mail["subject"], "[minuano] test: test");
        assert!(mail["text"].as_str().unwrap().starts_with("A test of the gateway tests; nothing is wrong"));
    }
    bus.wait_until_said("minuano-alerts/tests 1 {\"id\":\"test-");

    let one = gateway.command(&["alert", "test", "phone"]);
    assert_eq!((one.code, one.stdout.as_str()), (Some(0), "phone: sent\n"), "{one:?}");
    let none = gateway.command(&["alert", "test", "fax"]);
    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("no destination fax; there is hook, phone, https"), "{none:?}");
}

#[test]
fn alert_test_names_what_is_wrong() {
    let (authority, foreign) = (Authority::new(), Authority::new());
    let server = authority.identity("localhost");
    let login = ["--user", "weather", "--password", "secret"];
    let webhook = Receiver::start("webhook", &["--password", "another"]);
    let phone = Receiver::start("ntfy", &["--password", "tk_1"]);
    let (plain, known) = (Receiver::start("smtp", &[]), Receiver::start("smtp", &login));
    let starttls = Receiver::start("smtp", &["--certificate", &server.certificate, "--key", &server.key]);
    let (_broker, section) = broker(&authority);
    let https = Receiver::start("webhook", &["--certificate", &server.certificate, "--key", &server.key]);
    let nobody = ports::free();
    let gateway = gateway(
        [
            hook("hook", webhook.port),
            hook("nobody", nobody),
            hook("untrusted", https.port).replace("http://127.0.0.1", "https://localhost"),
            ntfy("phone", phone.port, "tk_2"),
            mail("plain", plain.port, ""),
            mail("known", known.port, "tls = \"none\"\nuser = \"weather\"\nsecret = \"guessed\"\n"),
            mail("stranger", starttls.port, &format!("ca_file = \"{}\"\n", foreign.file())),
            mail("clear", starttls.port, "tls = \"none\"\n"),
            "[[alert]]\nname = \"bus\"\nto = \"mqtt\"\n".to_owned(),
        ]
        .concat(),
    );
    join(&gateway, &section.replace("right", "wrong"));
    let called = gateway.command(&["alert", "test"]);
    assert_eq!(called.code, Some(1), "{called:?}");
    let lines: Vec<&str> = called.stdout.lines().collect();
    for (name, words) in [
        ("hook", "it answered 401 Unauthorized: {\"error\": \"the signature is wrong\"}"),
        ("nobody", "Connection refused"),
        ("untrusted", "certificate"),
        ("phone", "it answered 403 Forbidden: {\"code\": 40301"),
        ("plain", "STARTTLS"),
        ("known", "535"),
        ("stranger", "certificate"),
        ("clear", "530"),
        ("bus", "does not let this gateway in"),
    ] {
        let line = lines.iter().find(|line| line.starts_with(&format!("{name}: failed: ")));
        let line = line.unwrap_or_else(|| panic!("{name} in {called:?}"));
        assert!(line.contains(words), "{words} in {line}");
        assert!(line.contains("127.0.0.1:") || line.contains("localhost:"), "the place: {line}");
    }
    assert_eq!(lines.len(), 9, "{called:?}");
    // A webhook's path may be its only secret.
    assert!(!called.stdout.contains("T0K3N") && !called.stderr.contains("T0K3N"), "{called:?}");
    let empty = Gateway::prepare(&Settings::default()).command(&["alert", "test"]);
    assert_eq!(empty.code, Some(1));
    assert!(empty.stderr.contains("[[alert]]"), "{empty:?}");
}

#[test]
fn an_alert_outlives_kill_9_and_a_destination_that_was_down() {
    let mut webhook = Receiver::absent("webhook", &["--password", "shared"]);
    let mut gateway = gateway(format!("{FROST}{}", hook("hook", webhook.port)));
    gateway.start_again();
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(TELEMETRY, air(1, -2.0));
    wire.hear("minuano/v1/roof/weather", "the frost", |heard| {
        (heard.json()["kind"] == "frost").then_some(())
    });
    let failed = |gateway: &Gateway| gateway.metrics().sum("minuano_alerts_failed_total", "\"hook\"");
    eventually("two tries", SOON, || (failed(&gateway) >= 2.0).then_some(()));
    // Told to nobody yet; a long frost is told once.
    wire.say(TELEMETRY, air(2, -2.3));
    gateway.wait_for_station("roof", "both", |seen| seen["counts"]["stored"] == 2);
    drop(wire);
    gateway.kill_9();

    gateway.start_again();
    let wire = Wire::connect(gateway.mqtt_port);
    // It goes on and grows, which is no news; then it ends, which is.
    wire.say(TELEMETRY, air(3, -4.2));
    wire.hear("minuano/v1/roof/weather", "its growth", |heard| {
        (heard.json()["extreme"] == -4.2).then_some(())
    });
    eventually("a try", SOON, || (failed(&gateway) >= 1.0).then_some(()));
    gateway.kill_9();
    webhook.begin();
    gateway.start_again();
    webhook.take(1);
    let wire = Wire::connect(gateway.mqtt_port);
    // The first of them may be a spike.
    wire.say(TELEMETRY, air(4, 3.0));
    wire.say(TELEMETRY, air(5, 3.1));
    let told = webhook.take(2);
    let ids: BTreeSet<&str> = told.iter().map(|alert| alert["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2, "one begin and one end, whatever the tries: {told:?}");
    let last = told.last().unwrap();
    assert_eq!((&told[0]["kind"], &told[0]["state"]), (&json!("frost"), &json!("open")), "{told:?}");
    assert_eq!((&last["kind"], &last["state"]), (&json!("frost"), &json!("closed")), "{told:?}");
    assert_eq!(told[0]["evidence"], "roof temperature fell to -2.00 °C; frost is at or below 0 °C");
    let waiting = || gateway.metrics().sum("minuano_alerts_waiting", "\"hook\"");
    eventually("an empty outbox", SOON, || {
        let store = gateway.store();
        let left: i64 = store.query_row("SELECT count(*) FROM alert_outbox", [], |row| row.get(0)).unwrap();
        (left == 0 && waiting() == 0.0).then_some(())
    });
    assert_eq!(webhook.taken().len(), 2, "each once");
}

#[test]
fn destinations_that_refuse_hang_or_are_gone_leave_ingest_and_the_others_undisturbed() {
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let phone = Receiver::start("ntfy", &["--password", "tk_1", "--limited", "2"]);
    // It knows another secret, so it refuses whatever comes.
    let stranger = Receiver::start("webhook", &["--password", "another"]);
    let retry = "retry_first = \"100ms\"\nretry_most = \"200ms\"\n";
    let mut gateway = gateway(format!(
        "{FROST}{}{}{retry}{}{}on = [\"frost\"]\n{retry}",
        hook("silent", silent.local_addr().unwrap().port()),
        hook("gone", ports::free()),
        hook("stranger", stranger.port),
        ntfy("phone", phone.port, "tk_1"),
    ));
    gateway.start_again();
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say(TELEMETRY, air(1, -2.0));
    // ntfy's own limit is met twice before it takes it.
    assert_eq!(phone.take(1)[0]["title"], "roof: frost");
    assert_eq!(phone.said().iter().filter(|line| line["limited"] == true).count(), 2);
    let most = 1000;
    let mut station = Publisher::connect(gateway.mqtt_port, "minuano-roof");
    for seq in 2..=most {
        station.publish(TELEMETRY, false, air(seq, -2.0).as_bytes());
    }
    station.settle();
    gateway.wait_for_station("roof", "all", |seen| seen["counts"]["stored"] == most);
    wire.hear("minuano/v1/roof/acknowledged", "all of it", |heard| {
        (heard.json()["streams"][0]["through"] == most).then_some(())
    });
    let metrics = gateway.metrics();
    assert_eq!(metrics.sum("minuano_alerts_waiting", "\"silent\""), 1.0);
    assert_eq!(metrics.sum("minuano_alerts_waiting", "\"gone\""), 1.0);
    assert!(metrics.sum("minuano_alerts_failed_total", "\"gone\"") >= 1.0);
    assert_eq!(metrics.sum("minuano_alerts_sent_total", "\"phone\""), 1.0);
    // What is refused for good is given up at once, counted and shown; what was not taken waits.
    assert_eq!(
        metrics.sum("minuano_alerts_given_up_total", "destination=\"stranger\",reason=\"refused\""),
        1.0
    );
    assert_eq!(metrics.sum("minuano_alerts_given_up_total", ""), 1.0);
    assert_eq!(metrics.sum("minuano_alerts_waiting", "\"stranger\""), 0.0);
    let ready = gateway.ask("/readyz").unwrap();
    assert_eq!(ready.status, 200);
    let shown = ready.body.contains("roof: frost) was given up, refused: 127.0.0.1");
    assert!(shown && ready.body.contains("it answered 401"), "{}", ready.body);
    // A stop does not wait for it.
    assert_eq!(gateway.stop(), Some(0));
}
