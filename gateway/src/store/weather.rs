//! Weather events, written and put back.

use minuano_telemetry::{AnomalyState, Millis, WeatherKind};
use rusqlite::Connection;

use super::row::millis;
use super::unsettled::{self, Past};
use crate::derived::tendency::{PERIOD_MS, SLACK_MS};
use crate::events::machine::{Open, Step};
use crate::events::{Rules, Weather};

/// The rollups that stand for the pressures before a restart.
const WIDTH_MS: i64 = 600_000;
/// How far back readings are taken again after a restart, and how many at most.
const MOST_BACK_MS: i64 = 26 * 3_600_000;
const MOST_READINGS: usize = 20_000;

/// The word for an event's state in the store.
pub const fn state_word(state: AnomalyState) -> &'static str {
    match state {
        AnomalyState::Open => "open",
        AnomalyState::Closed => "closed",
    }
}

impl Step {
    /// The state that the event has after it.
    pub const fn state(self) -> AnomalyState {
        match self {
            Self::Closed => AnomalyState::Closed,
            Self::Opened | Self::Grew => AnomalyState::Open,
        }
    }
}

/// Writes an event down and gives its id.
pub fn save(
    connection: &Connection,
    station: i64,
    kind: WeatherKind,
    step: Step,
    (event, onset): (&Open, f64),
    evidence: &str,
) -> rusqlite::Result<i64> {
    let state = state_word(step.state());
    match event.id {
        Some(id) => {
            connection
                .prepare_cached(
                    "UPDATE weather_events SET to_time = ?2, state = ?3, extreme = ?4, evidence = ?5, onset = ?6 \
                     WHERE id = ?1",
                )?
                .execute((id, event.to.get(), state, event.extreme, evidence, onset))?;
            Ok(id)
        }
        None => connection
            .prepare_cached(
                "INSERT INTO weather_events (station, kind, from_time, to_time, state, extreme, evidence, onset) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .insert((
                station,
                kind.word(),
                event.from.get(),
                event.to.get(),
                state,
                event.extreme,
                evidence,
                onset,
            )),
    }
}

/// What a station's events go on from before its reading of `at`: what is open, what was told last of each kind and the pressures of
/// the three hours before; and the settled readings since, to be taken again, so that a hold time that was running runs on.
pub fn restore(
    connection: &Connection,
    rules: &Rules,
    station: i64,
    at: Millis,
) -> rusqlite::Result<(Weather, Vec<Past>)> {
    let oldest = at.get() - MOST_BACK_MS;
    let hold = i64::try_from(rules.longest_hold().as_millis()).unwrap_or(i64::MAX);
    let mut since = at.get() - hold.min(MOST_BACK_MS);
    let (mut open, mut told) = (Vec::new(), Vec::new());
    let mut query = connection.prepare_cached(
        "SELECT kind, id, from_time, max(to_time), extreme, state FROM weather_events WHERE station = ?1 \
         GROUP BY kind, state",
    )?;
    let mut rows = query.query([station])?;
    while let Some(row) = rows.next()? {
        let (kind, state): (String, String) = (row.get(0)?, row.get(5)?);
        let Some(kind) = WeatherKind::from_word(&kind) else { continue };
        let to = millis(row, 3)?;
        if state == state_word(AnomalyState::Open) {
            // What was told last may be long ago, for an event that goes on as it is.
            let to = Millis::new(oldest).map_or(to, |oldest| to.max(oldest));
            since = since.min(to.get());
            open.push((kind, Open { id: row.get(1)?, from: millis(row, 2)?, to, extreme: row.get(4)? }));
        } else {
            told.push((kind, to));
        }
    }
    let weather = Weather::restore(pressures(connection, station, since)?, told, open);
    let past = unsettled::settled_between(connection, station, (since, at.get()), MOST_READINGS)?;
    Ok((weather, past))
}

/// The means of ten minutes in the three hours before `before`, oldest first.
fn pressures(connection: &Connection, station: i64, before: i64) -> rusqlite::Result<Vec<(Millis, f64)>> {
    let begin = before - PERIOD_MS - SLACK_MS - WIDTH_MS;
    connection
        .prepare_cached(
            "SELECT start + ?2 / 2, pressure_sum / 100.0 / pressure_valid FROM rollups \
             WHERE station = ?1 AND width = ?2 AND start BETWEEN ?3 AND ?4 AND pressure_valid > 0 ORDER BY start",
        )?
        .query_map((station, WIDTH_MS, begin, before), |row| Ok((millis(row, 0)?, row.get(1)?)))?
        .collect()
}
