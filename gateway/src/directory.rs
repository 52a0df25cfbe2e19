//! What is known of each station now: written by the ingest, read by routes and metrics.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};

use minuano_telemetry::{About, GatewayName, Health, Millis, StationName, StationState};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::acknowledge::counts::Counts;
use crate::store::StoredReading;

/// Whether a station is there, as far as the gateway can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// It has said nothing of itself yet.
    #[default]
    Unknown,
    /// It speaks.
    Online,
    /// Its will says so, or it is silent for three report intervals.
    Offline,
    /// Its owner stopped it.
    Stopped,
}

impl Presence {
    /// The word in routes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Stopped => "stopped",
        }
    }
}

impl From<StationState> for Presence {
    fn from(state: StationState) -> Self {
        match state {
            StationState::Online => Self::Online,
            StationState::Offline => Self::Offline,
            StationState::Stopped => Self::Stopped,
        }
    }
}

/// What a station says of itself, kept as JSON: a value has room for the longest that may be said, which is four times
/// as much, and 100,000 stations are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept<T> {
    json: Arc<[u8]>,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Kept<T> {
    /// Keeps it; `None` where it cannot be written, which nothing that was read from JSON can be.
    pub fn of(value: &T) -> Option<Self> {
        let json = serde_json::to_vec(value).ok()?;
        Some(Self { json: json.into(), of: PhantomData })
    }

    /// Reads it.
    pub fn read(&self) -> Option<T> {
        serde_json::from_slice(&self.json).ok()
    }
}

/// One station, now.
#[derive(Clone, Debug, Default)]
pub struct StationNow {
    /// Whether it is there.
    pub presence: Presence,
    /// Since when.
    pub since: Option<Millis>,
    /// When anything came from it.
    pub last_seen: Option<Millis>,
    /// What it is.
    pub about: Option<Kept<About>>,
    /// How high it stands, from what it says that it is: each reading's derived values ask.
    pub altitude_m: Option<f64>,
    /// How it is, and when it said so.
    pub health: Option<(Millis, Kept<Health>)>,
    /// Its newest reading by time of observation.
    pub last_reading: Option<Arc<StoredReading>>,
    /// How its readings are accounted for.
    pub counts: Counts,
    /// The other gateway that acknowledges it; none: this one does.
    pub owner: Option<GatewayName>,
}

impl StationNow {
    /// Takes what the station is.
    pub fn says(&mut self, about: &About) {
        self.about = Kept::of(about);
        self.altitude_m = about.altitude_m;
    }

    /// What the station is.
    pub fn about(&self) -> Option<About> {
        self.about.as_ref()?.read()
    }

    /// How the station is.
    pub fn health(&self) -> Option<Health> {
        self.health.as_ref()?.1.read()
    }
}

/// Every station, now.
#[derive(Debug, Default)]
pub struct Directory {
    stations: RwLock<BTreeMap<StationName, StationNow>>,
}

impl Directory {
    /// A copy of one station's entry.
    pub fn get(&self, station: &StationName) -> Option<StationNow> {
        self.read(|stations| stations.get(station).cloned())
    }

    /// A copy of every entry, by name.
    pub fn all(&self) -> Vec<(StationName, StationNow)> {
        self.read(|stations| stations.iter().map(|(name, now)| (name.clone(), now.clone())).collect())
    }

    /// Looks at all entries without copying. Keep it short: the ingest waits.
    pub fn read<T>(&self, look: impl FnOnce(&BTreeMap<StationName, StationNow>) -> T) -> T {
        look(&self.stations.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes an entry, made where it is new. Only the ingest does.
    pub fn change<T>(&self, station: &StationName, change: impl FnOnce(&mut StationNow) -> T) -> T {
        let mut stations = self.stations.write().unwrap_or_else(PoisonError::into_inner);
        match stations.get_mut(station) {
            Some(now) => change(now),
            None => change(stations.entry(station.clone()).or_default()),
        }
    }
}
