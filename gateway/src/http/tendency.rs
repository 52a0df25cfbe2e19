//! The form of a station's pressure tendency, and the pressures that it is made of.

use minuano_telemetry::{Millis, Quantity, StationName};
use rusqlite::Connection;
use serde::Serialize;
use utoipa::ToSchema;

use super::reading::Timestamp;
use crate::derived::tendency::{PERIOD_MS, SLACK_MS, tendency, words};
use crate::store::query::buckets::{self, Width};
use crate::store::query::station_row;

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

/// The tendency of the three hours before `at`, from means of minutes; none where the pressure of three or one
/// and a half hours before is not known.
pub fn of_station(
    connection: &Connection,
    name: &StationName,
    at: Millis,
) -> rusqlite::Result<Option<PressureTendency>> {
    let Some(row) = station_row(connection, name)? else { return Ok(None) };
    let minute = at.get() - at.get().rem_euclid(MINUTE_MS);
    let (from, to) = (minute - PERIOD_MS - SLACK_MS, minute + MINUTE_MS);
    let (Some(from), Some(to)) = (Millis::new(from), Millis::new(to)) else { return Ok(None) };
    let limit = usize::try_from((PERIOD_MS + SLACK_MS) / MINUTE_MS + 1).unwrap_or(usize::MAX);
    let minutes = buckets::page(connection, row, (from, to), &Width::Fixed(MINUTE_MS), limit)?.items;
    let pressures: Vec<(Millis, f64)> = minutes
        .iter()
        .filter_map(|minute| Some((minute.start, minute.quantities.get(Quantity::Pressure)?.spread?.mean)))
        .collect();
    let newest = pressures.last().map(|(start, _)| *start);
    Ok(newest.zip(tendency(&pressures)).map(|(newest, tendency)| PressureTendency {
        pressure_tendency_hpa_3h: tendency.change_hpa,
        characteristic: tendency.characteristic,
        description: words(tendency.characteristic),
        at: Timestamp(newest),
    }))
}
