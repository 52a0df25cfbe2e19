//! Where a file of anomalies stands below the lake's URL.

use std::fmt;
use std::str::FromStr;

use minuano_telemetry::{GatewayName, Millis};

use super::super::key::HOUR;
use crate::store::StoreId;

/// The folder that all anomalies are in.
pub const FOLDER: &str = "anomalies";
/// One day in milliseconds.
pub const DAY: i64 = 24 * HOUR;

/// `anomalies/date=2026-11-20/<gateway>-<store>-<first>-<last>.parquet`, with the numbers of the first and
/// last closing of its batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnomalyKey {
    /// Start of the UTC day of the episodes' end, in milliseconds.
    pub day: i64,
    /// Who uploaded it.
    pub gateway: GatewayName,
    /// From which store file.
    pub store: StoreId,
    /// First closing of the batch.
    pub first: i64,
    /// Last closing of the batch.
    pub last: i64,
}

/// A path that is no key of anomalies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of the form {FOLDER}/date=…/<gateway>-<store>-<first>-<last>.parquet")]
pub struct AnomalyKeyError;

impl fmt::Display for AnomalyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Millis::new(self.day).ok_or(fmt::Error)?.to_string();
        let date = time.get(..10).ok_or(fmt::Error)?;
        let Self { gateway, store, first, last, .. } = self;
        write!(formatter, "{FOLDER}/date={date}/{gateway}-{store}-{first}-{last}.parquet")
    }
}

impl FromStr for AnomalyKey {
    type Err = AnomalyKeyError;

    fn from_str(path: &str) -> Result<Self, AnomalyKeyError> {
        read(path).filter(|key| key.to_string() == path).ok_or(AnomalyKeyError)
    }
}

fn read(path: &str) -> Option<AnomalyKey> {
    let (date, name) = path.strip_prefix(FOLDER)?.strip_prefix("/date=")?.split_once('/')?;
    let start: Millis = format!("{date}T00:00:00Z").parse().ok()?;
    let mut parts = name.strip_suffix(".parquet")?.rsplitn(4, '-');
    let last = parts.next()?.parse().ok()?;
    let first = parts.next()?.parse().ok()?;
    let store = parts.next()?.parse().ok()?;
    let gateway = parts.next()?.parse().ok()?;
    Some(AnomalyKey { day: start.get(), gateway, store, first, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let text = "anomalies/date=2026-11-20/my-home-0a1b2c3d-17-42.parquet";
        let key: AnomalyKey = text.parse().unwrap();
        assert_eq!((key.gateway.as_str(), key.first, key.last), ("my-home", 17, 42));
        assert_eq!(key.to_string(), text);
        for other in ["", "anomalies/date=2026-11-20/home-0a1b2c3d-17.parquet", "readings/date=2026-11-20/x"]
        {
            assert_eq!(other.parse::<AnomalyKey>(), Err(AnomalyKeyError));
        }
    }
}
