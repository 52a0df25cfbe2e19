//! How a destination is reached: the keys of each kind.

use minuano_settings::Problems;
use minuano_telemetry::GatewayName;

use super::RawAlert;
use crate::alert::email::{self, Email, Protection};
use crate::alert::http::Server;
use crate::alert::mqtt::Mqtt;
use crate::alert::ntfy::Ntfy;
use crate::alert::send::Way;
use crate::alert::webhook::Webhook;
use crate::config::MqttConfig;

/// Names a key of this section.
type Key<'a> = &'a dyn Fn(&str) -> String;

/// Each kind with the keys that are its own.
const KINDS: [(&str, &[&str]); 4] = [
    ("webhook", &["url", "ca_file", "secret"]),
    ("ntfy", &["url", "ca_file", "topic", "secret"]),
    ("email", &["host", "port", "tls", "ca_file", "user", "secret", "from", "receivers"]),
    ("mqtt", &["topic", "user", "secret"]),
];
/// What ntfy takes.
const LONGEST_TOPIC: usize = 64;

/// The way, or every mistake in it.
pub fn checked(
    alert: &RawAlert,
    gateway: Option<&GatewayName>,
    brokers: &[MqttConfig],
    key: Key<'_>,
    problems: &mut Problems,
) -> Option<Way> {
    let Some((kind, own)) = KINDS.iter().find(|(kind, _)| *kind == alert.to) else {
        problems.add(key("to"), format_args!("{:?} takes webhook, ntfy, email or mqtt", alert.to));
        return None;
    };
    for (name, given) in given(alert) {
        if given && !own.contains(&name) {
            let what = format_args!("is nothing that {kind} has; it takes {}", own.join(", "));
            problems.add(key(name), what);
        }
    }
    match *kind {
        "webhook" => {
            let authority = authority(alert, key, problems);
            let url = url(alert, key, problems)?;
            Some(Way::Webhook(Webhook { server: Server { url, authority }, secret: alert.secret.clone() }))
        }
        "ntfy" => ntfy(alert, key, problems).map(Way::Ntfy),
        "mqtt" => mqtt(alert, gateway, brokers, key, problems).map(|mqtt| Way::Mqtt(Box::new(mqtt))),
        _ => email(alert, key, problems).map(|email| Way::Email(Box::new(email))),
    }
}

fn given(alert: &RawAlert) -> [(&'static str, bool); 10] {
    [
        ("url", alert.url.is_some()),
        ("secret", alert.secret.is_some()),
        ("topic", alert.topic.is_some()),
        ("host", alert.host.is_some()),
        ("port", alert.port.is_some()),
        ("tls", alert.tls.is_some()),
        ("ca_file", alert.ca_file.is_some()),
        ("user", alert.user.is_some()),
        ("from", alert.from.is_some()),
        ("receivers", !alert.receivers.is_empty()),
    ]
}

fn url(alert: &RawAlert, key: Key<'_>, problems: &mut Problems) -> Option<reqwest::Url> {
    let url = alert.url.as_deref().and_then(|url| url.parse::<reqwest::Url>().ok());
    let url = url.filter(|url| ["http", "https"].contains(&url.scheme()) && url.host().is_some());
    problems.require(url.is_some(), &key("url"), "takes an address such as https://example.org/hook");
    url
}

/// The text of `ca_file`.
fn authority(alert: &RawAlert, key: Key<'_>, problems: &mut Problems) -> Option<Vec<u8>> {
    let file = alert.ca_file.as_ref()?;
    match std::fs::read(file) {
        Ok(pem) => {
            let what = format_args!("{}: it takes one certificate in PEM or more", file.display());
            problems.require(email::is_authority(&pem), &key("ca_file"), what);
            Some(pem)
        }
        Err(error) => {
            let what = format_args!("{}: {error}; it takes a readable PEM file", file.display());
            problems.add(key("ca_file"), what);
            None
        }
    }
}

fn ntfy(alert: &RawAlert, key: Key<'_>, problems: &mut Problems) -> Option<Ntfy> {
    let named = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let fits = |topic: &String| (1..=LONGEST_TOPIC).contains(&topic.len()) && topic.chars().all(named);
    let topic = alert.topic.clone().filter(fits);
    problems.require(
        topic.is_some(),
        &key("topic"),
        "takes the topic that your phone subscribes to: 1 to 64 of A-Z a-z 0-9 - _",
    );
    let authority = authority(alert, key, problems);
    let url = url(alert, key, problems)?;
    // Published as JSON below a topic, the JSON itself would be the message.
    problems.require(
        url.path() == "/" && url.query().is_none(),
        &key("url"),
        "takes the server alone, such as https://ntfy.sh; the topic has a key of its own",
    );
    Some(Ntfy { server: Server { url, authority }, topic: topic?, token: alert.secret.clone() })
}

fn mqtt(
    alert: &RawAlert,
    gateway: Option<&GatewayName>,
    brokers: &[MqttConfig],
    key: Key<'_>,
    problems: &mut Problems,
) -> Option<Mqtt> {
    let topic = match (&alert.topic, gateway) {
        (Some(topic), _) => topic.clone(),
        (None, Some(gateway)) => format!("minuano-alerts/{gateway}"),
        (None, None) => return None,
    };
    let fits = !topic.is_empty() && !topic.contains(['+', '#', '\0']) && !topic.starts_with("minuano/");
    problems.require(
        fits,
        &key("topic"),
        format_args!(
            "{topic:?} takes a topic without + and #, and not below minuano/, which is the stations'"
        ),
    );
    let mut broker = brokers.first()?.clone();
    both_or_neither(alert, key, problems);
    if let Some((user, password)) = alert.user.clone().zip(alert.secret.clone()) {
        broker.user = Some(user);
        broker.password = Some(password);
    }
    Some(Mqtt { broker, topic })
}

fn both_or_neither(alert: &RawAlert, key: Key<'_>, problems: &mut Problems) {
    problems.require(
        alert.user.is_some() == alert.secret.is_some(),
        &key("user"),
        "goes with secret or secret_file, the password: give both or neither",
    );
}

fn email(alert: &RawAlert, key: Key<'_>, problems: &mut Problems) -> Option<Email> {
    let (protection, port) = match alert.tls.as_deref() {
        None | Some("starttls") => (Some(Protection::StartTls), 587),
        Some("tls") => (Some(Protection::Tls), 465),
        Some("none") => (Some(Protection::None), 25),
        Some(_) => (None, 0),
    };
    problems.require(protection.is_some(), &key("tls"), "takes \"starttls\", \"tls\" or \"none\"");
    let host = alert.host.clone().filter(|host| !host.is_empty());
    problems.require(host.is_some(), &key("host"), "takes the name of the mail server");
    problems.require(alert.port != Some(0), &key("port"), "takes 1 to 65535");
    let from = alert.from.as_deref().and_then(|from| from.parse().ok());
    problems.require(
        from.is_some(),
        &key("from"),
        "takes an address such as \"Minuano <weather@example.org>\"",
    );
    problems.require(!alert.receivers.is_empty(), &key("receivers"), "takes one address or more");
    let mut to = Vec::new();
    for receiver in &alert.receivers {
        match receiver.parse() {
            Ok(receiver) => to.push(receiver),
            Err(_) => problems.add(key("receivers"), format_args!("{receiver:?} is no address")),
        }
    }
    both_or_neither(alert, key, problems);
    let here = host.as_deref().is_some_and(|host| ["localhost", "127.0.0.1", "::1"].contains(&host));
    problems.require(
        here || alert.user.is_none() || protection != Some(Protection::None),
        &key("tls"),
        "takes \"starttls\" or \"tls\": a password goes in clear text to this machine alone",
    );
    let authority = authority(alert, key, problems);
    Some(Email {
        host: host?,
        port: alert.port.unwrap_or(port),
        protection: protection?,
        authority,
        credentials: alert.user.clone().zip(alert.secret.clone()),
        from: from?,
        to,
    })
}
