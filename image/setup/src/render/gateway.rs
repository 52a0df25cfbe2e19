//! `/etc/minuano/gateway.toml`, and the file that lets its service start.

use toml::{Table, Value};

use super::station::reached;
use super::{OPEN, Rendered, rendered};
use crate::Wanted;

/// `ConditionPathExists=` of the service.
pub(super) const WANTED: &str = "run/minuano/gateway";
const CREDENTIAL: &str = "/run/credentials/minuano-gateway.service/minuano-mqtt";

pub(super) fn files(wanted: &Wanted) -> Vec<Rendered> {
    if !wanted.gateway {
        return Vec::new();
    }
    let mut table = Table::from_iter([
        ("gateway".to_owned(), Value::from(wanted.host())),
        ("http".to_owned(), Table::from_iter([("listen".to_owned(), "[::]:8080".into())]).into()),
        (
            "store".to_owned(),
            Table::from_iter([("file".to_owned(), "/var/lib/minuano-gateway/gateway.db".into())]).into(),
        ),
    ]);
    match &wanted.broker {
        Some(broker) => {
            table.insert("mqtt".to_owned(), Value::Array(vec![reached(broker, CREDENTIAL).into()]));
        }
        None => {
            table
                .insert("broker".to_owned(), Table::from_iter([("embedded".to_owned(), true.into())]).into());
        }
    }
    vec![
        rendered(
            "etc/minuano/gateway.toml",
            OPEN,
            format!("# By minuano-setup, at each boot, from minuano.toml.\n{table}"),
        ),
        rendered(WANTED, OPEN, ""),
    ]
}
