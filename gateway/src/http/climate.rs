//! What days were like, and what many of them were like together: extremes with their times, means, degree days.

use jiff::civil::Date;
use minuano_telemetry::{Millis, Quantity};
use serde::Serialize;
use utoipa::ToSchema;

use super::reading::Timestamp;
use crate::store::query::buckets::{Bucket, Spread};

/// °C below which a day asks for heating, and above which for cooling, where nobody says otherwise.
pub const HEATING_BASE_C: f64 = 18.0;
/// See [`HEATING_BASE_C`].
pub const COOLING_BASE_C: f64 = 18.0;
/// °C above which plants grow, where nobody says otherwise.
pub const GROWING_BASE_C: f64 = 10.0;

/// The temperatures from which degree days are counted, in °C.
#[derive(Clone, Copy, Debug)]
pub struct Bases {
    /// Heating counts below it.
    pub heating: f64,
    /// Cooling counts above it.
    pub cooling: f64,
    /// Growing counts above it.
    pub growing: f64,
}

/// Quantities that have any value which did not fail.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClimateByQuantity {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    temperature_c: Option<Climate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pressure_hpa: Option<Climate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    humidity_pct: Option<Climate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    illuminance_lx: Option<Climate>,
}

/// Extremes, each with the time at which it was first seen, and the mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Climate {
    min: f64,
    min_at: Timestamp,
    max: f64,
    max_at: Timestamp,
    /// Of a day or an hour: over its readings. Of a month, a year or more: of the means of its days, as WMO's
    /// climatology has it, so that a day of gaps counts as much as any other.
    mean: f64,
}

/// Degree days of a period in °C·d: for each day, how far the mean of its readings lies beyond the base.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct DegreeDays {
    /// Below `heating_base_c`.
    #[schema(example = 212.4)]
    heating: f64,
    /// Above `cooling_base_c`.
    #[schema(example = 0.0)]
    cooling: f64,
    /// Above `growing_base_c`.
    #[schema(example = 3.1)]
    growing: f64,
    #[schema(example = 18.0)]
    heating_base_c: f64,
    #[schema(example = 18.0)]
    cooling_base_c: f64,
    #[schema(example = 10.0)]
    growing_base_c: f64,
    /// Days that have any temperature; the others add nothing.
    #[schema(example = 30)]
    days: u32,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    spread: Spread,
    means: f64,
    parts: u32,
}

/// Days, or hours, added up.
#[derive(Clone, Debug, Default)]
pub struct Climates {
    /// Readings.
    pub count: u64,
    running: [Option<Running>; 4],
    temperatures: Vec<f64>,
}

impl Climates {
    /// Those of one bucket.
    pub fn of(bucket: &Bucket) -> Self {
        let mut one = Self::default();
        one.add(bucket);
        one
    }

    /// Takes a bucket, which is later than all before it.
    pub fn add(&mut self, bucket: &Bucket) {
        self.count = self.count.saturating_add(bucket.count);
        for quantity in Quantity::ALL {
            let Some(spread) = bucket.quantities.get(quantity).and_then(|summary| summary.spread) else {
                continue;
            };
            if quantity == Quantity::Temperature {
                self.temperatures.push(spread.mean);
            }
            let running = &mut self.running[quantity as usize];
            let Some(running) = running else {
                *running = Some(Running { spread, means: spread.mean, parts: 1 });
                continue;
            };
            running.means += spread.mean;
            running.parts += 1;
            if spread.min < running.spread.min {
                (running.spread.min, running.spread.min_at) = (spread.min, spread.min_at);
            }
            if spread.max > running.spread.max {
                (running.spread.max, running.spread.max_at) = (spread.max, spread.max_at);
            }
        }
    }

    /// Each quantity's.
    pub fn by_quantity(&self) -> ClimateByQuantity {
        let climate = |quantity: Quantity| {
            let Running { spread, means, parts } = self.running[quantity as usize]?;
            let unit = f64::from(quantity.steps_per_unit());
            Some(Climate {
                min: spread.min,
                min_at: Timestamp(spread.min_at),
                max: spread.max,
                max_at: Timestamp(spread.max_at),
                // Adding 0.0 turns −0.0 into 0.0.
                mean: (means / f64::from(parts) * unit).round() / unit + 0.0,
            })
        };
        ClimateByQuantity {
            temperature_c: climate(Quantity::Temperature),
            pressure_hpa: climate(Quantity::Pressure),
            humidity_pct: climate(Quantity::Humidity),
            illuminance_lx: climate(Quantity::Illuminance),
        }
    }

    /// Those of the temperatures, where what was added were days; none without any.
    pub fn degree_days(&self, bases: Bases) -> Option<DegreeDays> {
        let sum = |beyond: &dyn Fn(f64) -> f64| {
            let sum: f64 = self.temperatures.iter().map(|mean| beyond(*mean).max(0.0)).sum();
            (sum * 100.0).round() / 100.0
        };
        let days = u32::try_from(self.temperatures.len()).unwrap_or(u32::MAX);
        (days > 0).then(|| DegreeDays {
            heating: sum(&|mean| bases.heating - mean),
            cooling: sum(&|mean| mean - bases.cooling),
            growing: sum(&|mean| mean - bases.growing),
            heating_base_c: bases.heating,
            cooling_base_c: bases.cooling,
            growing_base_c: bases.growing,
            days,
        })
    }
}

/// The day in `zone` in which `at` lies.
pub fn date_of(at: Millis, zone: &jiff::tz::TimeZone) -> Date {
    jiff::Timestamp::from_millisecond(at.get()).unwrap_or_default().to_zoned(zone.clone()).date()
}

/// The first moment of `date` in `zone`; none at the ends of the calendar.
pub fn midnight(date: Date, zone: &jiff::tz::TimeZone) -> Option<Millis> {
    let start = zone.to_ambiguous_zoned(date.to_datetime(jiff::civil::Time::midnight())).compatible().ok()?;
    Millis::new(start.start_of_day().ok()?.timestamp().as_millisecond())
}
