//! What is known of each station, as it survives a restart.

use std::str::FromStr;
use std::sync::Arc;

use minuano_telemetry::{About, Health, Leaf, Millis, Payload, StationName};
use rusqlite::Connection;

use super::health;
use super::row::{self, StoredReading};
use crate::acknowledge::counts::Counts;
use crate::directory::{Kept, Presence, StationNow};

/// The row of a station, made where it is new.
pub fn id(connection: &Connection, station: &StationName) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT INTO stations (name) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([station.as_str()])?;
    connection
        .prepare_cached("SELECT id FROM stations WHERE name = ?1")?
        .query_row([station.as_str()], |row| row.get(0))
}

/// Writes down what a station is.
pub fn save_about(connection: &Connection, station: i64, about: &About) -> rusqlite::Result<()> {
    let json = json(about)?;
    connection.execute("UPDATE stations SET about = ?2 WHERE id = ?1", (station, json)).map(drop)
}

/// Writes down how a station is. What the broker kept and is known already was said when it was heard first.
pub fn save_health(
    connection: &Connection,
    station: i64,
    health: &Health,
    at: Millis,
    retained: bool,
) -> rusqlite::Result<()> {
    let json = json(health)?;
    connection
        .execute(
            "UPDATE stations SET health = ?2, health_at = ?3 WHERE id = ?1 AND NOT (?4 AND health IS ?2)",
            (station, json, at.get(), retained),
        )
        .map(drop)
}

/// Writes down whether a station is there.
pub fn save_presence(
    connection: &Connection,
    station: i64,
    presence: Presence,
    since: Millis,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE stations SET state = ?2, state_since = ?3 WHERE id = ?1",
        (station, presence.word(), since.get()),
    )?;
    health::save_presence(connection, station, since, presence)
}

/// Writes down which other gateway acknowledges a station; `None`: this one.
pub fn save_owner(connection: &Connection, station: i64, owner: Option<&str>) -> rusqlite::Result<()> {
    connection.execute("UPDATE stations SET owner = ?2 WHERE id = ?1", (station, owner)).map(drop)
}

/// Every station with its row.
pub fn load_all(connection: &Connection) -> rusqlite::Result<Vec<(StationName, i64, StationNow)>> {
    let mut stations = connection
        .prepare("SELECT id, name, about, health, health_at, state, state_since, owner FROM stations")?
        .query_map([], |row| {
            let about = row.get_ref(2)?.as_str_or_null()?.and_then(|json| decode(Leaf::About, json));
            let health = row.get_ref(3)?.as_str_or_null()?.and_then(|json| decode(Leaf::Health, json));
            let time =
                |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(index)?.and_then(Millis::new));
            let mut now = StationNow {
                presence: presence(row.get_ref(5)?.as_str_or_null()?),
                since: time(6)?,
                health: match (time(4)?, health) {
                    (Some(at), Some(Payload::Health(health))) => Kept::of(&health).map(|health| (at, health)),
                    _ => None,
                },
                owner: row.get::<_, Option<String>>(7)?.and_then(|name| FromStr::from_str(&name).ok()),
                ..StationNow::default()
            };
            if let Some(Payload::About(about)) = about {
                now.says(&about);
            }
            Ok((row::parsed(row, 1)?, row.get(0)?, now))
        })?
        .collect::<rusqlite::Result<Vec<(StationName, i64, StationNow)>>>()?;
    for (_, id, now) in &mut stations {
        now.last_reading = newest(connection, *id)?.map(Arc::new);
        now.last_seen = now.last_reading.as_ref().map(|reading| reading.received_at);
        now.counts = counts(connection, *id)?;
    }
    Ok(stations)
}

fn newest(connection: &Connection, station: i64) -> rusqlite::Result<Option<StoredReading>> {
    let sql = format!(
        "SELECT {} FROM {} WHERE r.station = ?1 ORDER BY r.observed_at DESC, r.row DESC LIMIT 1",
        row::COLUMNS,
        row::SOURCE
    );
    connection.prepare_cached(&sql)?.query_map([station], StoredReading::from_row)?.next().transpose()
}

fn counts(connection: &Connection, station: i64) -> rusqlite::Result<Counts> {
    let of_kind = |kind: &str| {
        let mut lengths = connection.prepare_cached(
            "SELECT r.last - r.first + 1 FROM ranges r JOIN streams t ON t.id = r.stream \
             WHERE t.station = ?1 AND r.kind = ?2",
        )?;
        // Not SUM: a hostile station can claim more lost readings than SQLite's integers hold.
        let lengths = lengths.query_map((station, kind), |row| row.get::<_, u64>(0))?;
        lengths
            .into_iter()
            .try_fold(0u64, |sum, length| Ok::<_, rusqlite::Error>(sum.saturating_add(length?)))
    };
    Ok(Counts {
        stored: of_kind("stored")?,
        lost_overflow: of_kind("overflow")?,
        lost_ended: of_kind("ended")?,
        elsewhere: of_kind("elsewhere")?,
        duplicates: connection
            .prepare_cached("SELECT COALESCE(SUM(duplicates), 0) FROM streams WHERE station = ?1")?
            .query_row([station], |row| row.get(0))?,
    })
}

fn presence(word: Option<&str>) -> Presence {
    [Presence::Online, Presence::Offline, Presence::Stopped]
        .into_iter()
        .find(|presence| Some(presence.word()) == word)
        .unwrap_or_default()
}

fn json(payload: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(payload).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn decode(leaf: Leaf, json: &str) -> Option<Payload> {
    Payload::decode(leaf, json.as_bytes()).ok()
}
