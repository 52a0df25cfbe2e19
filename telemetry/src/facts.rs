//! The numbers of a sentence of evidence, for whoever tells it in another language or in other units.

use heapless::{String, Vec};
use serde::{Deserialize, Serialize};

use crate::name::StationName;
use crate::quantity::Quantity;

/// The most neighbours that are told of.
pub const MAX_BESIDE: usize = 4;

/// What an anomaly's evidence is made of. What a kind has nothing to say of is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Whose value it is; the anomaly may be of the whole station.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// The value, of `range` the lowest; in the quantity's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Of `range`: the highest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest: Option<f64>,
    /// Of `range`: how many readings. Of `duplicate_station`: how often the streams changed back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How far it went, with its sign, in the quantity's unit; of `dew_point` the dew point in °C, of `light` the sun's height in
    /// degrees, of `isolation` how many neighbours could be compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
    /// What would have been well, in the unit of `change`; of `range` the lower limit, of `isolation` how many neighbours
    /// it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Of `range`: the upper limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// In how many seconds; of `clock_skew` how far the clock is ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// How many seconds would have been well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_seconds: Option<f64>,
    /// Of `cross_check`: the sensor in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String<16>>,
    /// What the neighbours measured meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside, MAX_BESIDE>,
}

/// What a neighbour measured meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// Who.
    pub station: StationName,
    /// The mean of its last ten minutes.
    pub value: f64,
    /// How far that went in the finding's time.
    pub change: f64,
}
