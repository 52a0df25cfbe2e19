//! Episodes of suspect data and weather events of a damaged store. Those that were open are closed where they had come to:
//! nobody watched them since.

use std::collections::HashMap;

use minuano_telemetry::{AnomalyKind, AnomalyState, Flag, Millis, Quantity, StationName, WeatherKind};
use rusqlite::{Connection, params};

use super::damaged::each;
use super::station_of;
use crate::store::stations;

/// Takes what makes sense and is not there; gives how many that were.
pub fn salvage(connection: &Connection, damaged: &Connection) -> rusqlite::Result<u64> {
    let mut names: HashMap<i64, StationName> = HashMap::new();
    each(damaged, "SELECT id, name FROM stations NOT INDEXED", |row| {
        let (id, name) = station_of(row)?;
        names.insert(id, name);
        Ok(())
    })?;
    Ok(anomalies(connection, damaged, &names)? + weather(connection, damaged, &names)?)
}

/// What both kinds have: a station that is known, and times in their order.
fn begins(
    connection: &Connection,
    names: &HashMap<i64, StationName>,
    row: &rusqlite::Row<'_>,
) -> rusqlite::Result<Option<(i64, i64, i64)>> {
    let (from, to): (i64, i64) = (row.get(1)?, row.get(2)?);
    let Some(name) = names.get(&row.get::<_, i64>(0)?) else { return Ok(None) };
    if from > to || from < Millis::YEAR_2020.get() || Millis::new(to).is_none() {
        return Ok(None);
    }
    Ok(Some((stations::id(connection, name)?, from, to)))
}

fn anomalies(
    connection: &Connection,
    damaged: &Connection,
    names: &HashMap<i64, StationName>,
) -> rusqlite::Result<u64> {
    // Closings that the damaged store had brought to the lake are not for this one to bring there again.
    let mut laked = 0i64;
    let _ = each(damaged, "SELECT last FROM lake_anomaly_files WHERE sha256 IS NOT NULL", |row| {
        laked = laked.max(row.get(0)?);
        Ok(())
    });
    let mut closings: HashMap<i64, i64> = HashMap::new();
    let _ = each(damaged, "SELECT anomaly, closing FROM anomaly_closings", |row| {
        closings.insert(row.get(0)?, row.get(1)?);
        Ok(())
    });
    let mut salvaged = 0;
    // By name: stores of earlier versions lack columns.
    let all = "SELECT station, from_time, to_time, * FROM anomalies NOT INDEXED";
    each(damaged, all, |row| {
        let Some((station, from, to)) = begins(connection, names, row)? else { return Ok(()) };
        let (id, quantity, kind): (i64, Option<String>, String) =
            (row.get("id")?, row.get("quantity")?, row.get("kind")?);
        let (flag, evidence): (u8, String) = (row.get("flag")?, row.get("evidence")?);
        let facts: Option<String> = row.get("facts").unwrap_or_default();
        let is_known = quantity.as_deref().is_none_or(|key| Quantity::from_key(key).is_some())
            && AnomalyKind::from_word(&kind).is_some()
            && Flag::from_number(flag).is_some();
        if !is_known {
            return Ok(());
        }
        let new = connection.execute(
            "INSERT INTO anomalies (station, quantity, kind, from_time, to_time, flag, state, evidence, facts) \
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM anomalies \
             WHERE station = ?1 AND quantity IS ?2 AND kind = ?3 AND from_time = ?4)",
            params![station, quantity, kind, from, to, flag, AnomalyState::Closed.word(), evidence, facts],
        )?;
        if new > 0 && closings.get(&id).is_some_and(|closing| *closing <= laked) {
            // The newest, since ids are never given twice.
            connection.execute(
                "DELETE FROM anomaly_closings WHERE anomaly = (SELECT max(id) FROM anomalies)",
                [],
            )?;
        }
        salvaged += new as u64;
        Ok(())
    })?;
    Ok(salvaged)
}

fn weather(
    connection: &Connection,
    damaged: &Connection,
    names: &HashMap<i64, StationName>,
) -> rusqlite::Result<u64> {
    let mut salvaged = 0;
    let all = "SELECT station, from_time, to_time, * FROM weather_events NOT INDEXED";
    let read = each(damaged, all, |row| {
        let Some((station, from, to)) = begins(connection, names, row)? else { return Ok(()) };
        let (kind, extreme, evidence): (String, f64, String) =
            (row.get("kind")?, row.get("extreme")?, row.get("evidence")?);
        let onset: Option<f64> = row.get("onset").unwrap_or_default();
        if WeatherKind::from_word(&kind).is_none() || !extreme.is_finite() {
            return Ok(());
        }
        salvaged += connection.execute(
            "INSERT INTO weather_events (station, kind, from_time, to_time, state, extreme, evidence, onset) \
             SELECT ?1, ?2, ?3, ?4, 'closed', ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM weather_events \
             WHERE station = ?1 AND kind = ?2 AND from_time = ?3)",
            params![station, kind, from, to, extreme, evidence, onset],
        )? as u64;
        Ok(())
    });
    match read {
        // A store of an earlier version has none.
        Err(error) if error.to_string().contains("no such table") => Ok(0),
        read => read.map(|()| salvaged),
    }
}
