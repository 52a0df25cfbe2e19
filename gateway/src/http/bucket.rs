//! The form of a bucket of readings.

use minuano_telemetry::Quantity;
use serde::Serialize;
use utoipa::ToSchema;

use super::reading::{QualityFlag, Timestamp};
use crate::store::query::buckets::{Bucket, Summary};

/// What the readings of a minute, an hour or a day say. The first and the last bucket hold only what lies in
/// [from, to).
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadingBucket {
    /// When it begins.
    start: Timestamp,
    /// How many readings are in it.
    count: u64,
    /// Air temperature in °C; absent where no reading has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    temperature_c: Option<QuantitySummary>,
    /// Air pressure at the station's level in hPa.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pressure_hpa: Option<QuantitySummary>,
    /// Relative humidity in %.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    humidity_pct: Option<QuantitySummary>,
    /// Illuminance in lx.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    illuminance_lx: Option<QuantitySummary>,
}

/// A quantity in a bucket. Values with flag 4 (fail) count for `flag` alone; where all values failed,
/// min, mean and max are absent.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuantitySummary {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max: Option<f64>,
    /// The worst beside any value: 4, then 3, 2, 1.
    flag: QualityFlag,
}

impl From<Summary> for QuantitySummary {
    fn from(summary: Summary) -> Self {
        let spread = summary.spread;
        Self {
            min: spread.map(|spread| spread.min),
            mean: spread.map(|spread| spread.mean),
            max: spread.map(|spread| spread.max),
            flag: QualityFlag(summary.flag),
        }
    }
}

impl From<&Bucket> for ReadingBucket {
    fn from(bucket: &Bucket) -> Self {
        let summary = |quantity| bucket.quantities.get(quantity).map(QuantitySummary::from);
        Self {
            start: Timestamp(bucket.start),
            count: bucket.count,
            temperature_c: summary(Quantity::Temperature),
            pressure_hpa: summary(Quantity::Pressure),
            humidity_pct: summary(Quantity::Humidity),
            illuminance_lx: summary(Quantity::Illuminance),
        }
    }
}
