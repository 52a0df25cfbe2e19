//! `/etc/minuano/station.toml`, and the broker's password as a credential.

use toml::{Table, Value};

use super::{CLOSED, OPEN, Rendered, rendered};
use crate::Wanted;
use crate::check::Reached;
use crate::file::Acknowledge;

/// systemd hands it to the services that ask for it (`ImportCredential=minuano-mqtt`).
pub(super) const PASSWORD: &str = "run/credstore/minuano-mqtt";
const CREDENTIAL: &str = "/run/credentials/minuano-station.service/minuano-mqtt";

pub(super) fn file(wanted: &Wanted) -> Rendered {
    let mut place = Table::new();
    if let Some(name) = &wanted.place.name {
        place.insert("name".to_owned(), name.as_str().into());
    }
    let numbers = [
        ("latitude", wanted.place.latitude),
        ("longitude", wanted.place.longitude),
        ("altitude_m", wanted.place.altitude_m),
    ];
    for (key, value) in numbers.into_iter().filter_map(|(key, value)| Some((key, value?))) {
        place.insert(key.to_owned(), value.into());
    }
    if let Some(zone) = &wanted.zone {
        place.insert("zone".to_owned(), zone.as_str().into());
    }
    let bus = Table::from_iter([("device".to_owned(), Value::from(wanted.bus.as_str()))]);
    let table = Table::from_iter([
        ("station".to_owned(), Value::from(wanted.station.as_str())),
        ("place".to_owned(), place.into()),
        ("bus".to_owned(), bus.into()),
        ("mqtt".to_owned(), mqtt(wanted).into()),
    ]);
    rendered(
        "etc/minuano/station.toml",
        OPEN,
        format!("# By minuano-setup, at each boot, from minuano.toml.\n{table}"),
    )
}

fn mqtt(wanted: &Wanted) -> Table {
    let Some(broker) = &wanted.broker else {
        // The gateway of this machine has one; without it readings are kept until a broker is named.
        return Table::from_iter([("host".to_owned(), Value::from("127.0.0.1"))]);
    };
    let mut mqtt = reached(broker, CREDENTIAL);
    if broker.acknowledge == Acknowledge::Broker && !wanted.gateway {
        mqtt.insert("acknowledge".to_owned(), "broker".into());
    }
    mqtt
}

/// The keys that station and gateway have in common.
pub(super) fn reached(broker: &Reached, credential: &str) -> Table {
    let mut mqtt = Table::from_iter([("host".to_owned(), Value::from(broker.host.as_str()))]);
    if let Some(port) = broker.port {
        mqtt.insert("port".to_owned(), i64::from(port).into());
    }
    if let Some(user) = &broker.user {
        mqtt.insert("user".to_owned(), user.as_str().into());
    }
    if broker.password.is_some() {
        mqtt.insert("password_file".to_owned(), credential.into());
    }
    if broker.tls {
        mqtt.insert("tls".to_owned(), Table::new().into());
    }
    mqtt
}

pub(super) fn password(wanted: &Wanted) -> Option<Rendered> {
    let password = wanted.broker.as_ref()?.password.as_ref()?;
    Some(rendered(PASSWORD, CLOSED, password.reveal()))
}
