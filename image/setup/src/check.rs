//! What the keys mean, and which are wrong. A wrong one is named and then treated as if it were not there.

use std::fmt;

use minuano_settings::{Problems, Secret};
use minuano_telemetry::StationName;

use crate::file::{Acknowledge, Broker, File, Place, Wifi};

/// The station's name where none was given.
pub const NAMELESS: &str = "minuano";
/// The header's bus, or that of a USB adapter, by the image's udev rules.
pub const FOUND_BUS: &str = "/dev/minuano-bus";
/// Keys that anybody has, and one to spare.
const MAX_KEYS: usize = 16;
const MAX_KEY_BYTES: usize = 8192;
const KEY_KINDS: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// What this machine is to be.
#[derive(Debug)]
pub struct Wanted {
    /// In every topic, and the host's name.
    pub station: String,
    /// Whether gateway and panel run here as well.
    pub gateway: bool,
    /// Where the station stands.
    pub place: Place,
    /// Of the clock on the console, and of the station's days.
    pub zone: Option<String>,
    /// Wireless network to join.
    pub wifi: Option<Wireless>,
    /// Broker to publish to.
    pub broker: Option<Reached>,
    /// Who may log in.
    pub ssh_keys: Vec<String>,
    /// Instead of Debian's time servers.
    pub time_server: Option<String>,
    /// The sensors' bus.
    pub bus: String,
}

/// A wireless network.
#[derive(Debug)]
pub struct Wireless {
    /// Two capital letters of ISO 3166.
    pub country: String,
    /// Its name: 1 to 32 bytes.
    pub ssid: String,
    /// Absent: an open network.
    pub passphrase: Option<Secret>,
    /// Whether it has to be asked for by name.
    pub hidden: bool,
}

/// A broker.
#[derive(Debug)]
pub struct Reached {
    pub host: String,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub tls: bool,
    pub acknowledge: Acknowledge,
}

impl Wanted {
    /// The host's name: a host's name has no underscore and does not end with a hyphen.
    pub fn host(&self) -> String {
        let host = self.station.replace('_', "-");
        let host = host.trim_end_matches('-');
        if host.is_empty() { NAMELESS.to_owned() } else { host.to_owned() }
    }
}

/// What the file asks for. `has_zone` knows the machine's time zones.
pub fn checked(file: File, has_zone: &impl Fn(&str) -> bool, problems: &mut Problems) -> Wanted {
    let station = station(file.station.as_deref(), problems);
    let zone = file.time_zone.filter(|zone| {
        let right = has_zone(zone);
        let what =
            format_args!("{zone:?} is no time zone; it takes one such as \"Europe/Berlin\" or \"UTC\"");
        problems.require(right, "time_zone", what);
        right
    });
    let time_server = host(file.time_server, "time_server", problems);
    let bus = file.bus.filter(|bus| {
        let right = bus.strip_prefix("/dev/i2c-").is_some_and(|number| number.parse::<u8>().is_ok());
        problems.require(
            right,
            "bus",
            "takes an I2C bus such as \"/dev/i2c-1\"; without it the bus is found",
        );
        right
    });
    let ssh_keys = file.ssh_key.map(|keys| ssh_keys(keys.all(), problems)).unwrap_or_default();
    let (place, wifi) = (place(file.place, problems), wifi(file.wifi, problems));
    let broker = broker(file.broker, problems);
    let bus = bus.unwrap_or_else(|| FOUND_BUS.to_owned());
    Wanted { station, gateway: file.gateway, place, zone, wifi, broker, ssh_keys, time_server, bus }
}

fn station(name: Option<&str>, problems: &mut Problems) -> String {
    let right = name.is_some_and(|name| name.parse::<StationName>().is_ok());
    match name {
        Some(name) if right => return name.to_owned(),
        Some(_) => problems.add("station", "takes 1 to 32 of a-z 0-9 - _, beginning with a letter"),
        // A wrong one was named already, and then taken away.
        None if problems.0.iter().any(|problem| problem.key == "station") => {}
        None => problems.add("station", "is missing; give the station a name such as station = \"roof\""),
    }
    NAMELESS.to_owned()
}

fn place(place: Place, problems: &mut Problems) -> Place {
    let name = place.name.filter(|name| {
        let right = !name.trim().is_empty() && name.len() <= 64 && !name.contains(char::is_control);
        problems.require(right, "place.name", "takes 1 to 64 bytes of text");
        right
    });
    Place {
        name,
        latitude: within(place.latitude, "place.latitude", [-90.0, 90.0], "degrees north", problems),
        longitude: within(place.longitude, "place.longitude", [-180.0, 180.0], "degrees east", problems),
        altitude_m: within(place.altitude_m, "place.altitude_m", [-500.0, 9_000.0], "metres", problems),
    }
}

fn within(
    value: Option<f64>,
    key: &str,
    [low, high]: [f64; 2],
    what: impl fmt::Display,
    problems: &mut Problems,
) -> Option<f64> {
    value.filter(|value| {
        let right = (low..=high).contains(value);
        problems.require(right, key, format_args!("is {value}; it takes {low} to {high} {what}"));
        right
    })
}

fn wifi(wifi: Wifi, problems: &mut Problems) -> Option<Wireless> {
    let is_named = |problems: &Problems, key: &str| problems.0.iter().any(|problem| problem.key == key);
    let country = wifi.country.filter(|country| {
        let right = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
        let what = "takes two capital letters such as \"DE\", \"BR\" or \"US\"";
        problems.require(right, "wifi.country", what);
        let is_uk = country == "UK";
        problems.require(!is_uk, "wifi.country", "takes \"GB\" for the United Kingdom");
        right && !is_uk
    });
    let ssid = wifi.ssid.filter(|ssid| {
        let right = (1..=32).contains(&ssid.len());
        problems.require(right, "wifi.ssid", format_args!("has {} bytes; it takes 1 to 32", ssid.len()));
        right
    });
    let mut is_open = wifi.passphrase.is_none() && !is_named(problems, "wifi.passphrase");
    let passphrase = wifi.passphrase.filter(|passphrase| {
        let text = passphrase.reveal();
        if text.is_empty() {
            is_open = true;
            return false;
        }
        let is_text = (8..=63).contains(&text.len()) && text.bytes().all(|byte| (32..127).contains(&byte));
        let is_key = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let what = format_args!(
            "has {} characters; it takes 8 to 63 that are on an English keyboard, or none for an open network",
            text.chars().count()
        );
        problems.require(is_text || is_key, "wifi.passphrase", what);
        is_text || is_key
    });
    let Some(ssid) = ssid else {
        let lonely = (country.is_some() || passphrase.is_some()) && !is_named(problems, "wifi.ssid");
        problems.require(!lonely, "wifi.ssid", "is missing; it takes the network's name");
        return None;
    };
    if country.is_none() && !is_named(problems, "wifi.country") {
        problems.add("wifi.country", "is missing; which channels may be used depends on it, such as \"DE\"");
    }
    if passphrase.is_none() && !is_open {
        // Never on an open network that only has the same name.
        return None;
    }
    // "00" is the world: what is allowed everywhere.
    let country = country.unwrap_or_else(|| "00".to_owned());
    Some(Wireless { country, ssid, passphrase, hidden: wifi.hidden })
}

fn broker(broker: Broker, problems: &mut Problems) -> Option<Reached> {
    let is_meant = broker.port.is_some() || broker.user.is_some() || broker.tls;
    let named = |problems: &Problems| problems.0.iter().any(|problem| problem.key == "broker.host");
    let port = broker.port.filter(|port| {
        problems.require(*port != 0, "broker.port", "takes 1 to 65535");
        *port != 0
    });
    let Some(host) = host(broker.host, "broker.host", problems) else {
        let lonely = is_meant && !named(problems);
        problems.require(!lonely, "broker.host", "is missing; it takes the broker's name or address");
        return None;
    };
    if broker.password.is_some() && broker.user.is_none() {
        problems.add("broker.user", "is missing, but there is a password");
    }
    Some(Reached {
        host,
        port,
        password: broker.password.filter(|_| broker.user.is_some()),
        user: broker.user,
        tls: broker.tls,
        acknowledge: broker.acknowledge.unwrap_or(Acknowledge::Gateway),
    })
}

fn host(host: Option<String>, key: &str, problems: &mut Problems) -> Option<String> {
    host.filter(|host| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        let right = !host.is_empty() && host.len() <= 253 && host.chars().all(plain);
        problems.require(
            right,
            key,
            "takes a host name or an address such as \"192.168.1.10\", nothing else",
        );
        right
    })
}

fn ssh_keys(keys: Vec<String>, problems: &mut Problems) -> Vec<String> {
    if keys.len() > MAX_KEYS {
        problems.add("ssh_key", format_args!("has {} keys; the first {MAX_KEYS} are taken", keys.len()));
    }
    let mut right = Vec::new();
    for key in keys.into_iter().take(MAX_KEYS) {
        let key = key.trim();
        match wrong_key(key) {
            _ if key.is_empty() => {}
            Some(what) => problems.add("ssh_key", what),
            None => right.push(key.to_owned()),
        }
    }
    right
}

/// Why this is no public key that sshd would take.
fn wrong_key(key: &str) -> Option<&'static str> {
    if key.contains("PRIVATE KEY") {
        return Some(
            "is a private key, which is nobody else's business; it takes the line in the file that ends with .pub",
        );
    }
    let mut words = key.split_ascii_whitespace();
    let kind = words.next().is_some_and(|kind| KEY_KINDS.contains(&kind));
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=');
    let body = words.next().is_some_and(|body| {
        body.starts_with("AAAA") && body.len() >= 60 && body.len() % 4 == 0 && body.bytes().all(is_base64)
    });
    let one_line = key.len() <= MAX_KEY_BYTES && !key.contains(char::is_control);
    let right = kind && body && one_line;
    (!right).then_some("is no public key; it takes a line such as \"ssh-ed25519 AAAA… name\"")
}
