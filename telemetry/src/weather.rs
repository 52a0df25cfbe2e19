//! What a gateway says of the weather itself, beside faults: frost, heat, a storm on its way, fog.

use heapless::String;
use serde::{Deserialize, Serialize};

use crate::gateway::AnomalyState;
use crate::name::StationName;
use crate::time::Millis;

/// On `weather`, and in `GET /events`: real weather that a person wants to know of, as it begins, grows and ends. It says
/// nothing against the readings; what does is an [`Anomaly`](crate::Anomaly).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeatherEvent {
    /// Unique within the gateway's store.
    pub id: i64,
    /// Where.
    pub station: StationName,
    /// Which weather.
    pub kind: WeatherKind,
    /// Time of the reading with which it began.
    pub from: Millis,
    /// Time of the last reading in it so far.
    pub to: Millis,
    /// Whether it goes on.
    pub state: AnomalyState,
    /// The furthest that it went, in the unit of its kind.
    pub extreme: f64,
    /// Where the rule begins, in the same unit; absent where an earlier release found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<f64>,
    /// One sentence with numbers that a person can check.
    pub evidence: String<256>,
}

/// Which weather.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeatherKind {
    /// Air at or below a temperature; the extreme is in °C.
    Frost,
    /// Air at or above a temperature; the extreme is in °C.
    Heat,
    /// Pressure falls rapidly, as before a storm; the extreme is the change in hPa over three hours.
    PressureFall,
    /// Air near its dew point: fog is likely; the extreme is the distance in °C.
    Fog,
}

impl WeatherKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Frost, Self::Heat, Self::PressureFall, Self::Fog];

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Frost => "frost",
            Self::Heat => "heat",
            Self::PressureFall => "pressure_fall",
            Self::Fog => "fog",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}
