//! `[[alert]]`: who is told of what.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use minuano_settings::{Problems, Secret};
use minuano_telemetry::{AnomalyKind, GatewayName, StationName, WeatherKind};
use serde::Deserialize;

use super::MqttConfig;
use crate::alert::email::{Email, Protection};
use crate::alert::mqtt::Mqtt;
use crate::alert::ntfy::Ntfy;
use crate::alert::quiet::Quiet;
use crate::alert::rules::Wants;
use crate::alert::send::{Destination, Way};
use crate::alert::webhook::Webhook;

/// One destination as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawAlert {
    name: String,
    to: String,
    on: Vec<String>,
    stations: Option<Vec<String>>,
    ends: bool,
    quiet: Option<RawQuiet>,
    #[serde(with = "minuano_settings::duration")]
    repeat_after: Duration,
    limit: usize,
    #[serde(with = "minuano_settings::duration")]
    limit_within: Duration,
    url: Option<String>,
    secret: Option<Secret>,
    secret_file: Option<PathBuf>,
    topic: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    tls: Option<String>,
    ca_file: Option<PathBuf>,
    user: Option<String>,
    from: Option<String>,
    receivers: Vec<String>,
}

impl Default for RawAlert {
    fn default() -> Self {
        Self {
            name: String::new(),
            to: String::new(),
            on: ["fault", "weather", "station"].map(str::to_owned).into(),
            stations: None,
            ends: true,
            quiet: None,
            repeat_after: Duration::from_secs(3600),
            limit: 20,
            limit_within: Duration::from_secs(3600),
            url: None,
            secret: None,
            secret_file: None,
            topic: None,
            host: None,
            port: None,
            tls: None,
            ca_file: None,
            user: None,
            from: None,
            receivers: Vec::new(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawQuiet {
    from: String,
    to: String,
    zone: String,
}

/// The destinations, or every mistake in them.
pub fn checked(
    raw: Vec<RawAlert>,
    gateway: Option<&GatewayName>,
    brokers: &[MqttConfig],
    problems: &mut Problems,
) -> Vec<Destination> {
    let mut names: Vec<String> = Vec::new();
    let mut destinations = Vec::new();
    for (index, mut alert) in raw.into_iter().enumerate() {
        let key = |name: &str| format!("alert[{index}].{name}");
        let fits = alert.name.parse::<StationName>().is_ok();
        problems.require(fits, &key("name"), "takes 1 to 32 of a-z 0-9 - _, beginning with a letter");
        problems.require(!names.contains(&alert.name), &key("name"), "is the name of one before");
        names.push(alert.name.clone());
        let wants = wants(&alert, &key, problems);
        alert.secret =
            Secret::either(alert.secret.take(), alert.secret_file.as_deref(), &key("secret"), problems);
        let way = way(&alert, gateway, brokers, &key, problems);
        if let (Some(way), Some(wants), Some(gateway)) = (way, wants, gateway) {
            destinations.push(Destination { name: alert.name, way, wants, gateway: gateway.clone() });
        }
    }
    destinations
}

fn wants(alert: &RawAlert, key: &dyn Fn(&str) -> String, problems: &mut Problems) -> Option<Wants> {
    for word in &alert.on {
        let known = ["fault", "weather", "station", "offline"].contains(&word.as_str())
            || WeatherKind::from_word(word).is_some()
            || serde_json::from_value::<AnomalyKind>(word.as_str().into()).is_ok();
        problems.require(
            known,
            &key("on"),
            format_args!(
                "{word:?} is no class (fault, weather, station) and no kind (such as range, frost, offline)"
            ),
        );
    }
    for station in alert.stations.iter().flatten() {
        let fits = station.parse::<StationName>().is_ok();
        problems.require(fits, &key("stations"), format_args!("{station:?} is no station's name"));
    }
    problems.require((1..=10_000).contains(&alert.limit), &key("limit"), "takes 1 to 10000");
    let quiet = match &alert.quiet {
        None => None,
        Some(raw) => {
            let time = |text: &str| text.parse::<jiff::civil::Time>().ok();
            let times = time(&raw.from).zip(time(&raw.to)).filter(|(from, to)| from != to);
            let zone = TimeZone::get(&raw.zone).ok();
            problems.require(
                times.is_some(),
                &key("quiet"),
                "takes two times of day that differ, such as from = \"22:00\", to = \"07:00\"",
            );
            problems.require(
                zone.is_some(),
                &key("quiet.zone"),
                format_args!("{:?} is no time zone such as \"Europe/Berlin\"", raw.zone),
            );
            let ((from, to), zone) = times.zip(zone)?;
            Some(Quiet { from, to, zone })
        }
    };
    Some(Wants {
        on: alert.on.clone(),
        stations: alert.stations.clone(),
        ends: alert.ends,
        quiet,
        repeat_after: alert.repeat_after,
        limit: alert.limit,
        limit_within: alert.limit_within,
    })
}

fn way(
    alert: &RawAlert,
    gateway: Option<&GatewayName>,
    brokers: &[MqttConfig],
    key: &dyn Fn(&str) -> String,
    problems: &mut Problems,
) -> Option<Way> {
    match alert.to.as_str() {
        "webhook" => {
            let url = url(alert, key, problems)?;
            Some(Way::Webhook(Webhook { url, secret: alert.secret.clone() }))
        }
        "ntfy" => {
            let topic = alert.topic.clone().filter(|topic| !topic.is_empty() && !topic.contains('/'));
            problems.require(topic.is_some(), &key("topic"), "takes the topic that your phone subscribes to");
            let url = url(alert, key, problems)?;
            Some(Way::Ntfy(Ntfy { url, topic: topic?, token: alert.secret.clone() }))
        }
        "mqtt" => {
            let topic = match (&alert.topic, gateway) {
                (Some(topic), _) => topic.clone(),
                (None, Some(gateway)) => format!("minuano-alerts/{gateway}"),
                (None, None) => return None,
            };
            let fits = !topic.is_empty() && !topic.contains(['+', '#']) && !topic.starts_with("minuano/");
            problems.require(
                fits,
                &key("topic"),
                "takes a topic without + and #, and not below minuano/, which is the stations'",
            );
            Some(Way::Mqtt(Box::new(Mqtt { broker: brokers.first()?.clone(), topic })))
        }
        "email" => email(alert, key, problems).map(|email| Way::Email(Box::new(email))),
        other => {
            problems.add(key("to"), format_args!("{other:?} takes webhook, ntfy, email or mqtt"));
            None
        }
    }
}

fn url(alert: &RawAlert, key: &dyn Fn(&str) -> String, problems: &mut Problems) -> Option<reqwest::Url> {
    let url = alert.url.as_deref().and_then(|url| url.parse::<reqwest::Url>().ok());
    let url = url.filter(|url| ["http", "https"].contains(&url.scheme()) && url.host().is_some());
    problems.require(url.is_some(), &key("url"), "takes an address such as https://example.org/hook");
    url
}

fn email(alert: &RawAlert, key: &dyn Fn(&str) -> String, problems: &mut Problems) -> Option<Email> {
    let (protection, port) = match alert.tls.as_deref() {
        None | Some("starttls") => (Some(Protection::StartTls), 587),
        Some("tls") => (Some(Protection::Tls), 465),
        Some("none") => (Some(Protection::None), 25),
        Some(_) => (None, 0),
    };
    problems.require(protection.is_some(), &key("tls"), "takes \"starttls\", \"tls\" or \"none\"");
    let host = alert.host.clone().filter(|host| !host.is_empty());
    problems.require(host.is_some(), &key("host"), "takes the name of the mail server");
    let from = alert.from.as_deref().and_then(|from| from.parse().ok());
    problems.require(
        from.is_some(),
        &key("from"),
        "takes an address such as \"Minuano <weather@example.org>\"",
    );
    let to: Vec<_> = alert.receivers.iter().filter_map(|to| to.parse().ok()).collect();
    let all = !to.is_empty() && to.len() == alert.receivers.len();
    problems.require(all, &key("receivers"), "takes one address or more");
    problems.require(
        alert.user.is_some() == alert.secret.is_some(),
        &key("user"),
        "goes with secret or secret_file, the password: give both or neither",
    );
    let authority = match &alert.ca_file {
        None => None,
        Some(file) => match std::fs::read(file) {
            Ok(pem) => Some(pem),
            Err(error) => {
                problems.add(key("ca_file"), format_args!("{}: {error}", file.display()));
                None
            }
        },
    };
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
