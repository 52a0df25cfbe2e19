//! What the checks have learned of each station, kept over a restart.

use rusqlite::{Connection, OptionalExtension};

use crate::quality::learned::Learned;

/// Writes down what a station has learned.
pub fn save(connection: &Connection, station: i64, learned: &Learned) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO quality_learned (station, learned) VALUES (?1, ?2)")?
        .execute((station, learned.to_bytes()))?;
    Ok(())
}

/// What a station had learned; none of a new one, nor of one whose bytes another release wrote: it learns anew.
pub fn load(connection: &Connection, station: i64) -> rusqlite::Result<Option<Learned>> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT learned FROM quality_learned WHERE station = ?1")?
        .query_row([station], |row| row.get(0))
        .optional()?;
    Ok(bytes.and_then(|bytes| Learned::from_bytes(&bytes)))
}
