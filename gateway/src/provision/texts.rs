//! The configuration files that are written: mosquitto's, a station's, a gateway's, and what systemd hands over.

use std::path::Path;

use super::account::Account;
use super::settings::Settings;

/// Under which name the authority's certificate goes to stations and gateways.
pub const CA: &str = "broker-ca.pem";

/// What mosquitto.conf needs; `folder` is where mosquitto sees the files beside it.
pub fn mosquitto(settings: &Settings, folder: &Path) -> String {
    let (port, folder) = (settings.port, folder.display());
    format!(
        "\
# For mosquitto 2.0 and later, written by `minuano-gateway broker provision`: copy it to /etc/mosquitto/conf.d/minuano.conf,
# or begin with it. mosquitto's user has to be able to read the files that it names.

# No message in clear text, nobody without a certificate of the authority, nobody without a password.
listener {port}
cafile {folder}/ca.pem
certfile {folder}/server.pem
keyfile {folder}/server.key
require_certificate true
tls_version tlsv1.2
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/topics
# Each user has its own client id and so one connection: nobody can end that of another.
use_username_as_clientid true

# mosquitto drops what goes beyond its queues, by default a thousand messages; stations would send it again, but later.
max_inflight_messages 0
max_queued_messages 100000
# No message of a station or gateway is longer.
message_size_limit 16384
"
    )
}

/// The files beside password, certificate and key.
pub fn of(account: &Account, settings: &Settings) -> Vec<(&'static str, String)> {
    match account {
        Account::Station(_) => vec![
            ("station.toml", station(account, settings)),
            (
                "minuano-station.conf",
                service(account, "minuano-station", "MINUANO_STATION__MQTT__", settings),
            ),
        ],
        Account::Gateway(_) => vec![("gateway.toml", gateway(account, settings))],
        Account::Alerts(_) | Account::HomeAssistant => Vec::new(),
    }
}

fn station(account: &Account, settings: &Settings) -> String {
    let name = account.stem();
    let prefix = match settings.discovery_prefix.as_str() {
        "homeassistant" => String::new(),
        other => format!("discovery_prefix = {other:?}\n"),
    };
    format!(
        "\
# The station {name}: copy this folder to {} on its machine. `minuano-station check-config` names what is missing.
station = \"{name}\"

# Where it stands. The altitude gives the pressure at sea level, latitude and longitude the light by day and night.
#: [place]
#: name = \"{name}\"
#: latitude = 37.70
#: longitude = -105.92
#: altitude_m = 2317
#: zone = \"America/Denver\"

[mqtt]
{}{prefix}
[mqtt.tls]
{}",
        settings.copied_to.display(),
        login(account, settings),
        tls(account, settings)
    )
}

fn gateway(account: &Account, settings: &Settings) -> String {
    let Account::Gateway(name) = account else { return String::new() };
    let alerts = Account::Alerts(name.clone());
    format!(
        "\
# The gateway {name}: what its configuration needs to join the broker. Copy this folder to {} on its machine; where
# there is a gateway.toml already, put this into it. The gateway's user has to be able to read password and key:
# chown minuano-gateway gateway.password gateway.key. `minuano-gateway check-config --online` tries all of it.
gateway = \"{name}\"

[[mqtt]]
{}
[mqtt.tls]
{}
# Each user has one connection at this broker, and alerts want one beside the gateway's: docs/alerts.md.
#: [[alert]]
#: name = \"broker\"
#: to = \"mqtt\"
#: user = \"{}\"
#: secret_file = {:?}
",
        settings.copied_to.display(),
        login(account, settings),
        tls(account, settings),
        alerts.user(),
        settings.copied_to.join(format!("{}.password", alerts.stem()))
    )
}

fn login(account: &Account, settings: &Settings) -> String {
    let host = settings.hosts.first().map_or("localhost", String::as_str);
    format!(
        "host = {host:?}\nport = {}\nuser = \"{}\"\npassword_file = {:?}\n",
        settings.port,
        account.user(),
        settings.copied_to.join(format!("{}.password", account.stem()))
    )
}

fn tls(account: &Account, settings: &Settings) -> String {
    let at = |name: &str| settings.copied_to.join(name);
    format!(
        "ca = {:?}\ncertificate = {:?}\nkey = {:?}\n",
        at(CA),
        at(&format!("{}.pem", account.stem())),
        at(&format!("{}.key", account.stem()))
    )
}

/// The service's user reads no file that is its owner's alone; systemd hands it over.
fn service(account: &Account, service: &str, environment: &str, settings: &Settings) -> String {
    let stem = account.stem();
    let at = |end: &str| settings.copied_to.join(format!("{stem}.{end}")).display().to_string();
    format!(
        "\
# For /etc/systemd/system/{service}.service.d/: password and key belong to root, and the service gets them so.
[Service]
LoadCredential=mqtt:{}
LoadCredential=key:{}
Environment={environment}PASSWORD_FILE=%d/mqtt
Environment={environment}TLS__KEY=%d/key
",
        at("password"),
        at("key")
    )
}
