//! `[mqtt]`: the broker, and how to deal with it.

use std::path::PathBuf;
use std::time::Duration;

use minuano_settings::tls::{Tls, TlsFiles};
use minuano_settings::{Problems, Secret};
use minuano_telemetry::MAX_PREFIX;
use serde::Deserialize;

use super::check::{HOUR, between};

/// A second's keep-alive is what rumqttc panics below; less than five is more pings than readings.
const MIN_KEEP_ALIVE: Duration = Duration::from_secs(5);
/// What MQTT has come to be assigned without and with TLS.
const PORTS: [u16; 2] = [1883, 8883];
/// A backlog of a month at one reading in ten seconds goes out in three and a half minutes at this rate.
const MESSAGES_PER_SECOND: u32 = 20;
/// Live readings may take half of the rate: the rest is the backlog's, which would never end otherwise.
const BACKLOGS_PART: u128 = 2;

/// The broker, and how to deal with it.
#[derive(Clone, Debug)]
pub struct Mqtt {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS, where it is spoken.
    pub tls: Option<Tls>,
    /// Who the station is to the broker.
    pub user: Option<String>,
    /// And the proof of it.
    pub password: Option<Secret>,
    /// Silence after which the link is tried.
    pub keep_alive: Duration,
    /// How long connecting may take, TLS and the broker's answer included; whole seconds.
    pub connect_within: Duration,
    /// A broker that confirms nothing of what it was sent for so long is not there, whatever its pings say.
    pub confirm_within: Duration,
    /// Whose word makes a reading safe.
    pub acknowledge: Acknowledge,
    /// How long to wait for that word before sending again.
    pub resend_after: Duration,
    /// The most messages with readings in a second.
    pub messages_per_second: u32,
    /// The first bound of the wait between connections.
    pub back_off_first: Duration,
    /// The last.
    pub back_off_longest: Duration,
    /// Home Assistant's discovery prefix, where it is wanted.
    pub discovery: Option<heapless::String<MAX_PREFIX>>,
}

/// Whose word makes a reading safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acknowledge {
    /// The gateway's, once a reading is on its disk.
    Gateway,
    /// The broker's PUBACK: there is no gateway.
    Broker,
}

/// The keys as they are written.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    host: String,
    port: Option<u16>,
    tls: Option<TlsFiles>,
    user: Option<String>,
    password: Option<Secret>,
    password_file: Option<PathBuf>,
    #[serde(with = "minuano_settings::duration")]
    keep_alive: Duration,
    #[serde(with = "minuano_settings::duration")]
    connect_within: Duration,
    #[serde(with = "minuano_settings::duration")]
    confirm_within: Duration,
    acknowledge: Acknowledge,
    #[serde(with = "minuano_settings::duration")]
    resend_after: Duration,
    messages_per_second: Option<u32>,
    #[serde(with = "minuano_settings::duration")]
    back_off_first: Duration,
    #[serde(with = "minuano_settings::duration")]
    back_off_longest: Duration,
    discovery: bool,
    discovery_prefix: String,
}

impl Default for File {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: None,
            tls: None,
            user: None,
            password: None,
            password_file: None,
            keep_alive: Duration::from_secs(30),
            connect_within: Duration::from_secs(10),
            confirm_within: Duration::from_secs(60),
            acknowledge: Acknowledge::Gateway,
            resend_after: Duration::from_secs(90),
            messages_per_second: None,
            back_off_first: Duration::from_secs(1),
            back_off_longest: Duration::from_secs(60),
            discovery: true,
            discovery_prefix: "homeassistant".to_owned(),
        }
    }
}

impl File {
    /// `report` is the time between two live readings.
    pub(super) fn checked(self, report: Duration, problems: &mut Problems) -> Mqtt {
        let plain = !self.host.is_empty() && !self.host.contains(|c: char| c.is_whitespace() || c == '/');
        problems.require(plain, "mqtt.host", "takes a host name or address; the port has a key of its own");
        let port = self.port.unwrap_or(PORTS[usize::from(self.tls.is_some())]);
        problems.require(port > 0, "mqtt.port", "takes 1 to 65535");

        let (second, tenth) = (Duration::from_secs(1), Duration::from_millis(10));
        between(problems, "mqtt.keep_alive", self.keep_alive, MIN_KEEP_ALIVE, HOUR);
        between(problems, "mqtt.connect_within", self.connect_within, second, Duration::from_secs(120));
        between(problems, "mqtt.confirm_within", self.confirm_within, second, HOUR);
        between(problems, "mqtt.resend_after", self.resend_after, second, HOUR);
        between(problems, "mqtt.back_off_first", self.back_off_first, tenth, HOUR);
        between(problems, "mqtt.back_off_longest", self.back_off_longest, tenth, HOUR);
        problems.require(
            self.back_off_first <= self.back_off_longest,
            "mqtt.back_off_longest",
            "is less than mqtt.back_off_first",
        );

        let has_password = self.password.is_some() || self.password_file.is_some();
        let password =
            Secret::either(self.password, self.password_file.as_deref(), "mqtt.password", problems);
        problems.require(!has_password || self.user.is_some(), "mqtt.user", "is missing beside the password");

        Mqtt {
            host: self.host,
            port,
            tls: self.tls.and_then(|tls| tls.checked("mqtt.tls", problems)),
            user: self.user,
            password,
            keep_alive: self.keep_alive,
            connect_within: self.connect_within,
            confirm_within: self.confirm_within,
            acknowledge: self.acknowledge,
            resend_after: self.resend_after,
            messages_per_second: rate(self.messages_per_second, report, problems),
            back_off_first: self.back_off_first,
            back_off_longest: self.back_off_longest,
            discovery: prefix(&self.discovery_prefix, problems).filter(|_| self.discovery),
        }
    }
}

/// The rate that was asked for, or one that leaves room for a backlog beside frequent readings.
fn rate(asked: Option<u32>, report: Duration, problems: &mut Problems) -> u32 {
    let live = (1_000 * BACKLOGS_PART).div_ceil(report.as_millis().max(1));
    let least = u32::try_from(live).unwrap_or(u32::MAX);
    if let Some(asked) = asked {
        problems.require(
            (least..=1_000).contains(&asked),
            "mqtt.messages_per_second",
            format_args!("is {asked}; with sampling.report = {report:?} it takes {least} to 1000"),
        );
    }
    asked.unwrap_or(MESSAGES_PER_SECOND.max(least))
}

fn prefix(text: &str, problems: &mut Problems) -> Option<heapless::String<MAX_PREFIX>> {
    let levels = || text.split('/').all(|level| !level.is_empty());
    let fits = heapless::String::try_from(text).ok().filter(|_| levels() && !text.contains(['+', '#', '\0']));
    problems.require(
        fits.is_some(),
        "mqtt.discovery_prefix",
        format_args!("takes 1 to {MAX_PREFIX} bytes of a topic such as \"homeassistant\""),
    );
    fits
}
