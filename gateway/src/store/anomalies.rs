//! Episodes of suspect data.

use minuano_telemetry::{AnomalyKind, AnomalyState, Facts, Flag, Quantity};
use rusqlite::{Connection, Row};

use super::row::{column, millis, value_from_column};
use crate::ingest::namesakes::{Interleaved, Namesakes};
use crate::quality::episodes::{Episode, Step};
use crate::quality::evidence::Evidence;
use crate::quality::range;

/// Facts as their column holds them.
fn facts_text(facts: Option<&Facts>) -> Option<String> {
    facts.and_then(|facts| serde_json::to_string(facts).ok())
}

/// Facts from their column; none where it holds none, or what a later release wrote in another form.
pub fn facts_column(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Facts>> {
    let text: Option<String> = row.get(index)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Writes an episode down and gives its id.
pub fn save(
    connection: &Connection,
    station: i64,
    quantity: Option<Quantity>,
    episode: &Episode,
    step: Step,
    evidence: &Evidence,
) -> rusqlite::Result<i64> {
    let state = step.state_word();
    let facts = facts_text(evidence.facts.as_ref());
    match episode.id {
        Some(id) => {
            connection
                .prepare_cached(
                    "UPDATE anomalies SET from_time = ?2, to_time = ?3, flag = ?4, state = ?5, evidence = ?6, \
                     facts = ?7 WHERE id = ?1",
                )?
                .execute(rusqlite::params![
                    id,
                    episode.from.get(),
                    episode.to.get(),
                    episode.flag.number(),
                    state,
                    evidence.text,
                    facts
                ])?;
            Ok(id)
        }
        None => connection
            .prepare_cached(
                "INSERT INTO anomalies (station, quantity, kind, from_time, to_time, flag, state, evidence, \
                 facts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .insert(rusqlite::params![
                station,
                quantity.map(Quantity::key),
                episode.kind.word(),
                episode.from.get(),
                episode.to.get(),
                episode.flag.number(),
                state,
                evidence.text,
                facts
            ]),
    }
}

/// Writes down that two stations have one name, and gives the episode's id.
pub fn save_namesakes(
    connection: &Connection,
    station: i64,
    found: &Interleaved,
    state: AnomalyState,
    evidence: &Evidence,
) -> rusqlite::Result<i64> {
    let facts = facts_text(evidence.facts.as_ref());
    let (from, to, state) = (found.from.get(), found.to.get(), state.word());
    match found.id {
        Some(id) => {
            connection
                .prepare_cached(
                    "UPDATE anomalies SET to_time = ?2, state = ?3, evidence = ?4, facts = ?5 WHERE id = ?1",
                )?
                .execute((id, to, state, &evidence.text, facts))?;
            Ok(id)
        }
        None => connection
            .prepare_cached(
                "INSERT INTO anomalies (station, quantity, kind, from_time, to_time, flag, state, evidence, \
                 facts) VALUES (?1, NULL, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .insert((
                station,
                AnomalyKind::DuplicateStation.word(),
                from,
                to,
                Flag::Suspect.number(),
                state,
                &evidence.text,
                facts,
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

/// The episodes that were open when the gateway stopped. What a range episode has seen is counted again from the
/// readings in it.
pub fn load_open(connection: &Connection) -> rusqlite::Result<Vec<(i64, Option<Quantity>, Episode)>> {
    let open = connection
        .prepare(
            "SELECT id, station, quantity, from_time, to_time, kind, flag, evidence, facts FROM anomalies \
             WHERE state = 'open' AND kind <> ?1",
        )?
        .query_map([AnomalyKind::DuplicateStation.word()], |row| {
            let key: Option<String> = row.get(2)?;
            let kind: String = row.get(5)?;
            let Some(kind) = AnomalyKind::from_word(&kind) else { return Ok(None) };
            let episode = Episode {
                id: Some(row.get(0)?),
                to: millis(row, 4)?,
                flag: Flag::from_number(row.get(6)?).unwrap_or(Flag::Suspect),
                note: Some(Evidence { text: row.get(7)?, facts: facts_column(row, 8)? }),
                ..Episode::new(kind, millis(row, 3)?, 0.0)
            };
            Ok(Some((row.get(1)?, key.as_deref().and_then(Quantity::from_key), episode)))
        })?
        .collect::<rusqlite::Result<Vec<Option<(i64, Option<Quantity>, Episode)>>>>()?;
    let mut episodes = Vec::new();
    for (station, quantity, episode) in open.into_iter().flatten() {
        match quantity.filter(|_| episode.kind == AnomalyKind::Range) {
            None => episodes.push((station, quantity, episode)),
            Some(range) => {
                if let Some(episode) = counted_again(connection, station, range, &episode)? {
                    episodes.push((station, quantity, episode));
                }
            }
        }
    }
    Ok(episodes)
}

fn counted_again(
    connection: &Connection,
    station: i64,
    quantity: Quantity,
    stands: &Episode,
) -> rusqlite::Result<Option<Episode>> {
    let limits = range::limits(quantity);
    let value = column(quantity);
    let sql = format!(
        "SELECT {value} FROM readings WHERE station = ?1 AND observed_at BETWEEN ?2 AND ?3 AND {value}_flag = 4"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut values = statement.query((station, stands.from.get(), stands.to.get()))?;
    let mut episode: Option<Episode> = None;
    while let Some(row) = values.next()? {
        let Some(value) = value_from_column(quantity, row.get_ref(0)?)? else { continue };
        episode
            .get_or_insert_with(|| Episode::new(AnomalyKind::Range, stands.from, value))
            .take(stands.to, value, limits);
    }
    Ok(episode.map(|episode| Episode { id: stands.id, ..episode }))
}
