//! Weather events, written and put back.

use minuano_telemetry::{AnomalyState, Millis, WeatherKind};
use rusqlite::Connection;

use super::row::millis;
use crate::derived::tendency::{PERIOD_MS, SLACK_MS};
use crate::events::Weather;
use crate::events::machine::{Open, Step};

/// The rollups that stand for the pressures before a restart.
const WIDTH_MS: i64 = 600_000;

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

/// What a station's events go on from at `now`: what is open, and the pressures of the three hours before.
pub fn restore(connection: &Connection, station: i64, now: Millis) -> rusqlite::Result<Weather> {
    let begin = now.get() - PERIOD_MS - SLACK_MS - WIDTH_MS;
    let pressures = connection
        .prepare_cached(
            "SELECT start + ?2 / 2, pressure_sum / 100.0 / pressure_valid FROM rollups \
             WHERE station = ?1 AND width = ?2 AND start BETWEEN ?3 AND ?4 AND pressure_valid > 0 ORDER BY start",
        )?
        .query_map((station, WIDTH_MS, begin, now.get()), |row| Ok((millis(row, 0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(Millis, f64)>>>()?;
    let open = connection
        .prepare_cached(
            "SELECT kind, id, from_time, to_time, extreme FROM weather_events WHERE station = ?1 AND state = 'open'",
        )?
        .query_map([station], |row| {
            let kind: String = row.get(0)?;
            let open = Open {
                id: row.get(1)?,
                from: millis(row, 2)?,
                to: millis(row, 3)?,
                extreme: row.get(4)?,
            };
            Ok(WeatherKind::from_word(&kind).map(|kind| (kind, open)))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Weather::restore(pressures, open.into_iter().flatten()))
}
