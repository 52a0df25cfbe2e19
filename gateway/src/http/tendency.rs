//! The form of a station's pressure tendency, and the pressures that it is made of.

use minuano_telemetry::{Millis, Quantity};
use serde::Serialize;
use utoipa::ToSchema;

use super::reading::Timestamp;
use crate::derived::tendency::{PERIOD_MS, SLACK_MS, tendency, words};
use crate::store::query::buckets::{Bucket, Wanted, Width};

const MINUTE_MS: i64 = 60_000;

/// What the station's pressure did in the three hours before its newest reading. Values with flag 4 (fail) are left
/// out.
#[derive(Debug, Serialize, ToSchema)]
pub struct PressureTendency {
    /// The change in hPa, to 0.1.
    #[schema(example = -1.8)]
    pressure_tendency_hpa_3h: f64,
    /// 0 to 8, of WMO code table 0200.
    #[schema(minimum = 0, maximum = 8, example = 7)]
    characteristic: u8,
    /// The characteristic in words.
    #[schema(example = "falling")]
    description: &'static str,
    /// The minute at which the three hours end.
    at: Timestamp,
}

/// What the tendency of the three hours before `at` is made of: means of minutes.
pub fn wanted(row: i64, at: Millis) -> Option<Wanted> {
    let minute = at.get() - at.get().rem_euclid(MINUTE_MS);
    let (from, to) = (minute - PERIOD_MS - SLACK_MS, minute + MINUTE_MS);
    let limit = usize::try_from((PERIOD_MS + SLACK_MS) / MINUTE_MS + 1).unwrap_or(usize::MAX);
    let width = Width::Fixed(MINUTE_MS);
    Some(Wanted { station: row, from: Millis::new(from)?, to: Millis::new(to)?, width, limit })
}

/// The tendency that these minutes show; none where the pressure of three or one and a half hours before is not
/// known.
pub fn of_minutes(minutes: &[Bucket]) -> Option<PressureTendency> {
    let pressures: Vec<(Millis, f64)> = minutes
        .iter()
        .filter_map(|minute| Some((minute.start, minute.quantities.get(Quantity::Pressure)?.spread?.mean)))
        .collect();
    let newest = pressures.last().map(|(start, _)| *start);
    newest.zip(tendency(&pressures)).map(|(newest, tendency)| PressureTendency {
        pressure_tendency_hpa_3h: tendency.change_hpa,
        characteristic: tendency.characteristic,
        description: words(tendency.characteristic),
        at: Timestamp(newest),
    })
}
