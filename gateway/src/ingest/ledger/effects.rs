//! What one transaction did, for those who are told of it.

use std::sync::Arc;

use minuano_telemetry::{Anomaly, WeatherEvent};

use super::Index;
use crate::quality::engine::InTurn;
use crate::store::StoredReading;

/// What a transaction did, to be told once it is on disk.
#[derive(Debug, Default)]
pub struct Effects {
    /// Readings that were stored.
    pub readings: Vec<Arc<StoredReading>>,
    /// Episodes that opened, worsened or closed.
    pub anomalies: Vec<Arc<Anomaly>>,
    /// Readings whose turn has come: nothing before them is missing any more.
    pub in_turn: Vec<InTurn>,
    /// Weather that began, grew or ended.
    pub weather: Vec<Arc<WeatherEvent>>,
    /// Stations that must be told, and how soon.
    pub due: Vec<(Index, Soon)>,
    /// Readings whose time could not be.
    pub retimed: u64,
    /// Readings that wait in their station's log until the holes before them are filled.
    pub turned_away: u64,
}

/// How soon a station must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Soon {
    /// Within `acknowledge.within`.
    Live,
    /// Within `acknowledge.within_backlog`.
    Backlog,
}
