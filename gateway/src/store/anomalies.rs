//! Episodes of suspect data.

use minuano_telemetry::{AnomalyKind, AnomalyState, Flag, Millis, Quantity};
use rusqlite::Connection;

use super::row::{column, millis, value_from_column};
use crate::ingest::namesakes::{Interleaved, Namesakes};
use crate::quality::episodes::{Episode, Step};
use crate::quality::range;

/// Writes an episode down and gives its id.
pub fn save(
    connection: &Connection,
    station: i64,
    quantity: Quantity,
    episode: &Episode,
    step: Step,
    evidence: &str,
) -> rusqlite::Result<i64> {
    let state = step.state_word();
    match episode.id {
        Some(id) => {
            connection
                .prepare_cached(
                    "UPDATE anomalies SET from_time = ?2, to_time = ?3, flag = ?4, state = ?5, evidence = ?6 \
                     WHERE id = ?1",
                )?
                .execute(rusqlite::params![
                    id,
                    episode.from.get(),
                    episode.to.get(),
                    episode.flag.number(),
                    state,
                    evidence
                ])?;
            Ok(id)
        }
        None => connection
            .prepare_cached(
                "INSERT INTO anomalies (station, quantity, kind, from_time, to_time, flag, state, evidence) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .insert(rusqlite::params![
                station,
                quantity.key(),
                episode.kind.word(),
                episode.from.get(),
                episode.to.get(),
                episode.flag.number(),
                state,
                evidence
            ]),
    }
}

/// Writes down that two stations have one name, and gives the episode's id.
pub fn save_namesakes(
    connection: &Connection,
    station: i64,
    found: &Interleaved,
    state: AnomalyState,
    evidence: &str,
) -> rusqlite::Result<i64> {
    let (from, to, state) = (found.from.get(), found.to.get(), state.word());
    match found.id {
        Some(id) => {
            connection
                .prepare_cached("UPDATE anomalies SET to_time = ?2, state = ?3, evidence = ?4 WHERE id = ?1")?
                .execute((id, to, state, evidence))?;
            Ok(id)
        }
        None => connection
            .prepare_cached(
                "INSERT INTO anomalies (station, quantity, kind, from_time, to_time, flag, state, evidence) \
                 VALUES (?1, NULL, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .insert((
                station,
                AnomalyKind::DuplicateStation.word(),
                from,
                to,
                Flag::Suspect.number(),
                state,
                evidence,
            )),
    }
}

/// The stations of one name that were open when the gateway stopped, by the station's row.
pub fn load_open_namesakes(connection: &Connection) -> rusqlite::Result<Vec<(i64, Namesakes)>> {
    connection
        .prepare("SELECT station, id, from_time, to_time FROM anomalies WHERE state = 'open' AND kind = ?1")?
        .query_map([AnomalyKind::DuplicateStation.word()], |row| {
            Ok((row.get(0)?, Namesakes::restore(row.get(1)?, millis(row, 2)?, millis(row, 3)?)))
        })?
        .collect()
}

/// The episodes that were open when the gateway stopped. What they have seen is counted again from the
/// readings in them.
pub fn load_open(connection: &Connection) -> rusqlite::Result<Vec<(i64, Quantity, Episode)>> {
    let open = connection
        .prepare("SELECT id, station, quantity, from_time, to_time FROM anomalies WHERE state = 'open'")?
        .query_map([], |row| {
            let key: Option<String> = row.get(2)?;
            let quantity = key.as_deref().and_then(Quantity::from_key);
            Ok((row.get(0)?, row.get(1)?, quantity, millis(row, 3)?, millis(row, 4)?))
        })?
        .collect::<rusqlite::Result<Vec<(i64, i64, Option<Quantity>, Millis, Millis)>>>()?;
    let mut episodes = Vec::new();
    for (id, station, quantity, from, to) in open {
        let Some(quantity) = quantity else { continue };
        let limits = range::limits(quantity);
        let value = column(quantity);
        let sql = format!(
            "SELECT {value} FROM readings WHERE station = ?1 AND observed_at BETWEEN ?2 AND ?3 AND {value}_flag = 4"
        );
        let mut statement = connection.prepare(&sql)?;
        let mut values = statement.query((station, from.get(), to.get()))?;
        let mut episode: Option<Episode> = None;
        while let Some(row) = values.next()? {
            let Some(value) = value_from_column(quantity, row.get_ref(0)?)? else { continue };
            episode.get_or_insert_with(|| Episode::of_range(from, value)).take(to, value, limits);
        }
        if let Some(episode) = episode {
            episodes.push((station, quantity, Episode { id: Some(id), ..episode }));
        }
    }
    Ok(episodes)
}
