//! The form of a reading, shared by readings, stations and stream.

use minuano_telemetry::{ByQuantity, Fault, Flag, Millis, Quantity};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::derived::{Derived, DerivedQuantity};
use crate::store::StoredReading;

/// A time as every route writes it: RFC 3339, UTC, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime, example = "2026-11-20T12:00:00.250Z")]
pub struct Timestamp(pub Millis);

/// One reading.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reading {
    /// Order of arrival at this gateway.
    #[schema(example = 4211)]
    pub row: i64,
    /// Whose.
    #[schema(example = "roof")]
    pub station: String,
    /// The run of the station that measured it: 16 hex digits.
    #[schema(example = "9f2c41d07a3be658")]
    pub stream: String,
    /// Counts from 1 within the stream. Station, stream and seq are its identity.
    #[schema(example = 4206)]
    pub seq: u64,
    /// When, by the station; by the gateway where the station's time cannot be.
    pub observed_at: Timestamp,
    /// When the gateway had it.
    pub received_at: Timestamp,
    /// How good `observed_at` is.
    pub clock: Clock,
    /// How many samples the values are the mean of.
    pub samples: u32,
    /// Air temperature in °C; absent where it could not be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 21.43)]
    pub temperature_c: Option<f64>,
    /// Air pressure at the station's level in hPa.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1013.25)]
    pub pressure_hpa: Option<f64>,
    /// Relative humidity in %.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 48.7)]
    pub humidity_pct: Option<f64>,
    /// Illuminance in lx.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 15230.0)]
    pub illuminance_lx: Option<f64>,
    /// What follows from the values.
    #[serde(flatten)]
    pub derived: DerivedValues,
    /// How far each value can be trusted.
    pub flags: Flags,
    /// Why a value is absent.
    pub faults: Faults,
}

/// How far a reading's time can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(rename_all = "lowercase")]
pub enum Clock {
    /// A time source disciplined it.
    Synchronised,
    /// It had been disciplined, and runs free since.
    Holdover,
    /// It was a guess, or could not be.
    Unsynchronised,
}

impl From<minuano_telemetry::Clock> for Clock {
    fn from(clock: minuano_telemetry::Clock) -> Self {
        match clock {
            minuano_telemetry::Clock::Synchronised => Self::Synchronised,
            minuano_telemetry::Clock::Holdover => Self::Holdover,
            minuano_telemetry::Clock::Unsynchronised => Self::Unsynchronised,
        }
    }
}

/// QARTOD's: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QualityFlag(pub Flag);

impl Serialize for QualityFlag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0.number())
    }
}

impl utoipa::PartialSchema for QualityFlag {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .description(Some("QARTOD's: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing."))
            .enum_values(Some([1, 2, 3, 4, 9]))
            .into()
    }
}

impl ToSchema for QualityFlag {}

/// What follows from a reading's values. Each is absent outside the domain of its formula, where a value
/// that it needs is missing, and where one that it needs has flag 4 (fail). The formulas: docs/derived.md.
#[derive(Debug, Serialize, ToSchema)]
pub struct DerivedValues {
    /// Dew point over water in °C (WMO-No. 8).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 10.18)]
    dew_point_c: Option<f64>,
    /// Pressure at mean sea level in hPa (WMO-No. 8); needs the station's altitude.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1019.8)]
    sea_level_pressure_hpa: Option<f64>,
    /// Heat index in °C (US National Weather Service), from 26.67 °C.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    heat_index_c: Option<f64>,
    /// Humidex in °C (Environment Canada), from 20 °C.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 22.7)]
    humidex_c: Option<f64>,
    /// Thermodynamic wet bulb in °C (ASHRAE).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 14.61)]
    wet_bulb_c: Option<f64>,
    /// What the air feels like in °C in the shade and without wind (Australia's apparent temperature).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 21.52)]
    feels_like_c: Option<f64>,
}

impl From<&Derived> for DerivedValues {
    fn from(derived: &Derived) -> Self {
        let value = |quantity| derived.get(quantity).map(|made| made.value);
        Self {
            dew_point_c: value(DerivedQuantity::DewPoint),
            sea_level_pressure_hpa: value(DerivedQuantity::SeaLevelPressure),
            heat_index_c: value(DerivedQuantity::HeatIndex),
            humidex_c: value(DerivedQuantity::Humidex),
            wet_bulb_c: value(DerivedQuantity::WetBulb),
            feels_like_c: value(DerivedQuantity::FeelsLike),
        }
    }
}

/// A flag for each quantity; for each derived value that is there, the worst flag of what it was made of.
#[derive(Debug, Serialize, ToSchema)]
pub struct Flags {
    temperature_c: QualityFlag,
    pressure_hpa: QualityFlag,
    humidity_pct: QualityFlag,
    illuminance_lx: QualityFlag,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    dew_point_c: Option<QualityFlag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sea_level_pressure_hpa: Option<QualityFlag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    heat_index_c: Option<QualityFlag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    humidex_c: Option<QualityFlag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    wet_bulb_c: Option<QualityFlag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    feels_like_c: Option<QualityFlag>,
}

impl Flags {
    fn new(stored: &StoredReading, derived: &Derived) -> Self {
        let flag = |quantity| QualityFlag(stored.flag(quantity));
        let derived = |quantity| derived.get(quantity).map(|made| QualityFlag(made.flag));
        Self {
            temperature_c: flag(Quantity::Temperature),
            pressure_hpa: flag(Quantity::Pressure),
            humidity_pct: flag(Quantity::Humidity),
            illuminance_lx: flag(Quantity::Illuminance),
            dew_point_c: derived(DerivedQuantity::DewPoint),
            sea_level_pressure_hpa: derived(DerivedQuantity::SeaLevelPressure),
            heat_index_c: derived(DerivedQuantity::HeatIndex),
            humidex_c: derived(DerivedQuantity::Humidex),
            wet_bulb_c: derived(DerivedQuantity::WetBulb),
            feels_like_c: derived(DerivedQuantity::FeelsLike),
        }
    }
}

/// For each quantity without a value: `bus`, `crc`, `range`, `frozen` or `absent`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Faults {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "crc")]
    temperature_c: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pressure_hpa: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    humidity_pct: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    illuminance_lx: Option<&'static str>,
}

impl From<&ByQuantity<Fault>> for Faults {
    fn from(faults: &ByQuantity<Fault>) -> Self {
        let word = |quantity| faults.get(quantity).map(Fault::word);
        Self {
            temperature_c: word(Quantity::Temperature),
            pressure_hpa: word(Quantity::Pressure),
            humidity_pct: word(Quantity::Humidity),
            illuminance_lx: word(Quantity::Illuminance),
        }
    }
}

impl Reading {
    /// A reading of a station at this altitude, where it is known.
    pub fn new(stored: &StoredReading, altitude_m: Option<f64>) -> Self {
        let derived = Derived::of(&stored.values, &stored.flags, altitude_m);
        Self {
            row: stored.row,
            station: stored.station.as_str().to_owned(),
            stream: stored.stream.to_string(),
            seq: stored.seq,
            observed_at: Timestamp(stored.observed_at),
            received_at: Timestamp(stored.received_at),
            clock: stored.clock.into(),
            samples: stored.samples,
            temperature_c: stored.values.get(Quantity::Temperature),
            pressure_hpa: stored.values.get(Quantity::Pressure),
            humidity_pct: stored.values.get(Quantity::Humidity),
            illuminance_lx: stored.values.get(Quantity::Illuminance),
            derived: DerivedValues::from(&derived),
            flags: Flags::new(stored, &derived),
            faults: Faults::from(&stored.faults),
        }
    }
}
