//! Names that stand in topics and payloads.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest station name, in bytes.
pub const MAX_STATION_NAME: usize = 32;
/// The longest gateway name, in bytes: that of a host.
pub const MAX_GATEWAY_NAME: usize = 63;

/// Why a name does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing at all.
    #[error("is empty; it takes 1 to {0} of a-z 0-9 - _, beginning with a letter")]
    Empty(usize),
    /// More bytes than the bound.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A character outside the set, or a first one that is no letter.
    #[error("has {0:?} where only a-z 0-9 - _ may stand, beginning with a letter")]
    Character(char),
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $bound:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(heapless::String<$bound>);

        impl $name {
            /// The name as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text, $bound)?;
                heapless::String::try_from(text).map(Self).map_err(|_| NameError::TooLong($bound))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = heapless::String::<$bound>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

name!(
    /// A station: 1 to 32 of `a-z 0-9 - _`, beginning with a letter.
    StationName,
    MAX_STATION_NAME
);
name!(
    /// A gateway: 1 to 63 of `a-z 0-9 - _`, beginning with a letter.
    GatewayName,
    MAX_GATEWAY_NAME
);

fn check(text: &str, bound: usize) -> Result<(), NameError> {
    let first = text.chars().next().ok_or(NameError::Empty(bound))?;
    if !first.is_ascii_lowercase() {
        return Err(NameError::Character(first));
    }
    if let Some(other) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '_')) {
        return Err(NameError::Character(other));
    }
    if text.len() > bound { Err(NameError::TooLong(bound)) } else { Ok(()) }
}
