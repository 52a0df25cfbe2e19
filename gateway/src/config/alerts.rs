//! `[[alert]]`: who is told of what.

mod way;

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use minuano_settings::{Problems, Secret};
use minuano_telemetry::{AnomalyKind, GatewayName, StationName, WeatherKind};
use serde::Deserialize;

use super::MqttConfig;
use crate::alert::quiet::Quiet;
use crate::alert::rules::Wants;
use crate::alert::send::{Destination, Retry};

/// Each has a task, a queue in the store and rules in memory.
const MOST: usize = 64;
const MONTH: Duration = Duration::from_secs(31 * 86_400);

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
    #[serde(with = "minuano_settings::duration")]
    retry_first: Duration,
    #[serde(with = "minuano_settings::duration")]
    retry_most: Duration,
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
            retry_first: Duration::from_secs(1),
            retry_most: Duration::from_secs(300),
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
    let count = raw.len();
    problems.require(count <= MOST, "alert", format_args!("there are {count}; it takes at most {MOST}"));
    let mut names: Vec<String> = Vec::new();
    let mut destinations = Vec::new();
    for (index, mut alert) in raw.into_iter().enumerate() {
        let key = |name: &str| format!("alert[{index}].{name}");
        let fits = alert.name.parse::<StationName>().is_ok();
        let named = format_args!("{:?} takes 1 to 32 of a-z 0-9 - _, beginning with a letter", alert.name);
        problems.require(fits, &key("name"), named);
        problems.require(
            !names.contains(&alert.name),
            &key("name"),
            format_args!("{:?} is the name of one before", alert.name),
        );
        names.push(alert.name.clone());
        let wants = wants(&alert, &key, problems);
        let retry = retry(&alert, &key, problems);
        alert.secret =
            Secret::either(alert.secret.take(), alert.secret_file.as_deref(), &key("secret"), problems);
        let empty = alert.secret.as_ref().is_some_and(|secret| secret.reveal().is_empty());
        problems.require(!empty, &key("secret"), "is empty; it takes one character or more");
        let way = way::checked(&alert, gateway, brokers, &key, problems);
        if let (Some(way), Some(wants), Some(gateway)) = (way, wants, gateway) {
            destinations.push(Destination { name: alert.name, way, wants, retry, gateway: gateway.clone() });
        }
    }
    destinations
}

fn retry(alert: &RawAlert, key: &dyn Fn(&str) -> String, problems: &mut Problems) -> Retry {
    let Retry { first, most } = Retry { first: alert.retry_first, most: alert.retry_most };
    let (shortest, hour) = (Duration::from_millis(100), Duration::from_secs(3600));
    problems.require((shortest..=hour).contains(&first), &key("retry_first"), "takes \"100ms\" to \"1h\"");
    problems.require(
        most >= first && most <= hour,
        &key("retry_most"),
        "takes retry_first to \"1h\": the rest grows from the one to the other",
    );
    Retry { first, most }
}

fn wants(alert: &RawAlert, key: &dyn Fn(&str) -> String, problems: &mut Problems) -> Option<Wants> {
    problems.require(
        !alert.on.is_empty(),
        &key("on"),
        "takes one class or kind or more; a destination without any would never be told",
    );
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
    let second = Duration::from_secs(1);
    problems.require(
        (second..=MONTH).contains(&alert.limit_within),
        &key("limit_within"),
        "takes \"1s\" to \"31d\"",
    );
    problems.require(alert.repeat_after <= MONTH, &key("repeat_after"), "takes \"0s\" to \"31d\"");
    let quiet = match &alert.quiet {
        None => None,
        Some(raw) => {
            let time = |name: &str, text: &str, problems: &mut Problems| {
                let time = text.parse::<jiff::civil::Time>().ok();
                let what = format_args!("{text:?} is no time of day such as \"22:00\"");
                problems.require(time.is_some(), &key(&format!("quiet.{name}")), what);
                time
            };
            let times = time("from", &raw.from, problems).zip(time("to", &raw.to, problems));
            problems.require(
                times.is_none_or(|(from, to)| from != to),
                &key("quiet.to"),
                "takes another time of day than quiet.from; quiet hours of a whole day would tell nothing",
            );
            let zone = TimeZone::get(&raw.zone).ok();
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
