//! The numbers of an anomaly's evidence, and the words of kinds: what a reader needs to tell it in another language or in
//! other units.

use minuano_telemetry::{AnomalyKind, WeatherKind};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// The numbers of an anomaly's evidence. What a kind has nothing to say of is absent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Facts {
    /// Whose value it is; the anomaly may be of the whole station.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "temperature_c")]
    quantity: Option<&'static str>,
    /// The value in the quantity's unit; of `range` the lowest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 38.1)]
    value: Option<f64>,
    /// Of `range`: the highest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    highest: Option<f64>,
    /// Of `range`: how many readings. Of `duplicate_station`: how often the streams changed back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    times: Option<u64>,
    /// How far it went, with its sign, in the quantity's unit; of `dew_point` the dew point in °C, of `light` the sun's
    /// height in degrees, of `isolation` how many neighbours could be compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 14.2)]
    change: Option<f64>,
    /// What would have been well, in the unit of `change`; of `range` the lower limit, of `isolation` how many neighbours
    /// it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1.2)]
    limit: Option<f64>,
    /// Of `range`: the upper limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    upper: Option<f64>,
    /// In how many seconds; of `clock_skew` how far the station's clock is ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 60.0)]
    seconds: Option<f64>,
    /// How many seconds would have been well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    limit_seconds: Option<f64>,
    /// Of `cross_check`: the sensor in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    part: Option<String>,
    /// What at most 4 neighbours measured meanwhile.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Beside>,
}

/// What a neighbour measured meanwhile, in the quantity's unit.
#[derive(Debug, Serialize, ToSchema)]
pub struct Beside {
    /// Who.
    #[schema(example = "shed")]
    station: String,
    /// The mean of its last ten minutes.
    value: f64,
    /// How far that went in the same time.
    change: f64,
}

impl From<minuano_telemetry::Facts> for Facts {
    fn from(facts: minuano_telemetry::Facts) -> Self {
        let minuano_telemetry::Facts {
            quantity,
            value,
            highest,
            times,
            change,
            limit,
            upper,
            seconds,
            limit_seconds,
            part,
            beside,
        } = facts;
        let beside = beside.into_iter().map(|near| Beside {
            station: near.station.to_string(),
            value: near.value,
            change: near.change,
        });
        Self {
            quantity: quantity.map(|quantity| quantity.key()),
            value,
            highest,
            times,
            change,
            limit,
            upper,
            seconds,
            limit_seconds,
            part: part.map(|part| part.as_str().to_owned()),
            beside: beside.collect(),
        }
    }
}

/// What kind an anomaly is of, as the document lists them.
pub struct AnomalyWord;

impl PartialSchema for AnomalyWord {
    fn schema() -> RefOr<Schema> {
        words("Which check found it.", AnomalyKind::ALL.map(AnomalyKind::word))
    }
}

impl ToSchema for AnomalyWord {
    fn name() -> std::borrow::Cow<'static, str> {
        "AnomalyKind".into()
    }
}

/// What kind an event is of, as the document lists them.
pub struct WeatherWord;

impl PartialSchema for WeatherWord {
    fn schema() -> RefOr<Schema> {
        words(
            "Frost, heat, a rapid fall of pressure (as before a storm), or likely fog.",
            WeatherKind::ALL.map(WeatherKind::word),
        )
    }
}

impl ToSchema for WeatherWord {
    fn name() -> std::borrow::Cow<'static, str> {
        "WeatherKind".into()
    }
}

fn words(description: &str, words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(words))
        .into()
}
