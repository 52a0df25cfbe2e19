//! Where a file of readings stands below the lake's URL, written and read.

use std::fmt;
use std::str::FromStr;

use minuano_telemetry::{GatewayName, Millis};

use crate::store::StoreId;

/// The folder that all readings are in.
pub const FOLDER: &str = "readings";
/// One hour in milliseconds.
pub const HOUR: i64 = 3_600_000;

/// `readings/date=2026-11-20/hour=12/<gateway>-<store>-<first row>-<last row>.parquet`: a repeated
/// upload finds its first try, and no two gateways or stores share a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Start of the UTC hour of `observed_at`, in milliseconds.
    pub hour: i64,
    /// Who uploaded it.
    pub gateway: GatewayName,
    /// From which store file.
    pub store: StoreId,
    /// First row of the batch.
    pub first_row: i64,
    /// Last row of the batch.
    pub last_row: i64,
}

/// A path that is no key of readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of the form {FOLDER}/date=…/hour=…/<gateway>-<store>-<first row>-<last row>.parquet")]
pub struct KeyError;

/// The start of the UTC hour that `millis` is in.
pub const fn hour_of(millis: i64) -> i64 {
    millis - millis.rem_euclid(HOUR)
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Millis::new(self.hour).ok_or(fmt::Error)?.to_string();
        let (date, hour) = (time.get(..10).ok_or(fmt::Error)?, time.get(11..13).ok_or(fmt::Error)?);
        let Self { gateway, store, first_row, last_row, .. } = self;
        write!(formatter, "{FOLDER}/date={date}/hour={hour}/{gateway}-{store}-{first_row}-{last_row}.parquet")
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(path: &str) -> Result<Self, KeyError> {
        read(path).filter(|key| key.to_string() == path).ok_or(KeyError)
    }
}

fn read(path: &str) -> Option<Key> {
    let (date, rest) = path.strip_prefix(FOLDER)?.strip_prefix("/date=")?.split_once("/hour=")?;
    let (hour, name) = rest.split_once('/')?;
    let start: Millis = format!("{date}T{hour}:00:00Z").parse().ok()?;
    // From the right: a gateway's name may hold hyphens.
    let mut parts = name.strip_suffix(".parquet")?.rsplitn(4, '-');
    let last_row = parts.next()?.parse().ok()?;
    let first_row = parts.next()?.parse().ok()?;
    let store = parts.next()?.parse().ok()?;
    let gateway = parts.next()?.parse().ok()?;
    Some(Key { hour: start.get(), gateway, store, first_row, last_row })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let text = "readings/date=2026-11-20/hour=12/my-home-0a1b2c3d-17-4211.parquet";
        let key: Key = text.parse().unwrap();
        assert_eq!(key.gateway.as_str(), "my-home");
        assert_eq!((key.first_row, key.last_row), (17, 4211));
        assert_eq!(key.hour, "2026-11-20T12:00:00Z".parse::<Millis>().unwrap().get());
        assert_eq!(key.to_string(), text);
    }

    #[test]
    fn other_paths_are_no_keys() {
        for path in [
            "",
            "readings/date=2026-11-20/hour=12/home-0a1b2c3d-17.parquet",
            "readings/date=2026-11-20/hour=12/home-0a1b2c3d-17-18.csv",
            "readings/date=2026-11-20/hour=24/home-0a1b2c3d-17-18.parquet",
            "readings/date=2026-11-20/hour=12/home-0A1B2C3D-17-18.parquet",
            "readings/date=2026-11-20/hour=12/home-0a1b2c3d-+17-18.parquet",
            "anomalies/date=2026-11-20/home-0a1b2c3d-17-18.parquet",
        ] {
            assert_eq!(path.parse::<Key>(), Err(KeyError), "{path}");
        }
    }

    #[test]
    fn hours_begin_at_full_hours_before_1970_too() {
        assert_eq!(hour_of(HOUR), HOUR);
        assert_eq!(hour_of(HOUR - 1), 0);
        assert_eq!(hour_of(-1), -HOUR);
    }
}
