//! How stations were: their health over time, and when they came and went.
//!
//! A station tells of itself each minute. Kept is one row each ten minutes, and every change of what a person
//! would act on, so that years of it stay small: 144 rows a day where nothing happens.

use minuano_telemetry::{Health, Millis, SensorHealth, SensorState};
use rusqlite::{Connection, OptionalExtension, Row};

use super::query::{Page, one_more};
use super::row::{clock_from_number, clock_number, millis};
use crate::directory::Presence;

/// How far apart rows are while nothing changes.
const QUIET_MS: i64 = 600_000;
/// How far apart they are at least, whatever a station says: its health is due each minute.
const LEAST_MS: i64 = 10_000;

/// What a station said of its health, as far as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct PastHealth {
    /// The running stream, 16 hex digits.
    pub stream: String,
    /// Seconds since the process started.
    pub uptime_s: u64,
    /// Readings measured in the stream.
    pub measured: u64,
    /// Readings in the log, not yet acknowledged.
    pub log_readings: u64,
    /// Their size.
    pub log_bytes: u64,
    /// Readings that overflow took since the stream began.
    pub log_lost: u64,
    /// What is wrong with the log.
    pub log_fault: Option<String>,
    /// How far the clock could be trusted.
    pub clock: minuano_telemetry::Clock,
    /// °C.
    pub cpu_c: Option<f64>,
    /// Those with a fault or a warning.
    pub sensors: Vec<SensorHealth>,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When the gateway had it.
    pub at: Millis,
    /// What the station became then.
    pub state: Option<String>,
    /// How it was.
    pub health: Option<PastHealth>,
}

/// Writes down that a station came, went or was stopped.
pub fn save_presence(
    connection: &Connection,
    station: i64,
    at: Millis,
    presence: Presence,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO health_history (station, at, state) VALUES (?1, ?2, ?3) \
             ON CONFLICT (station, at) DO UPDATE SET state = excluded.state",
        )?
        .execute((station, at.get(), presence.word()))
        .map(drop)
}

/// Writes down how a station is, where that is due; rows from before `oldest` go.
pub fn save(
    connection: &Connection,
    station: i64,
    at: Millis,
    health: &Health,
    oldest: i64,
) -> rusqlite::Result<()> {
    let troubled: Vec<&SensorHealth> = health.sensors.iter().filter(|sensor| is_troubled(sensor)).collect();
    let sensors = serde_json::to_string(&troubled)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let log_fault = health.log.fault.as_ref().map(|fault| fault.as_str());
    let stream = health.stream.to_string();
    let known = connection
        .prepare_cached(
            "SELECT at, stream IS ?2 AND log_fault IS ?3 AND clock IS ?4 AND sensors IS ?5 FROM health_history \
             WHERE station = ?1 AND stream IS NOT NULL ORDER BY at DESC LIMIT 1",
        )?
        .query_row((station, &stream, log_fault, clock_number(health.clock), &sensors), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
        })
        .optional()?;
    if let Some((last, same)) = known
        && at.get() < last + if same { QUIET_MS } else { LEAST_MS }
    {
        return Ok(());
    }
    #[expect(clippy::cast_possible_truncation, reason = "a temperature; `as` saturates")]
    let cpu = health.cpu_c.map(|celsius| (celsius * 100.0).round() as i64);
    connection
        .prepare_cached(
            "INSERT INTO health_history (station, at, stream, uptime_s, measured, log_readings, log_bytes, \
             log_lost, log_fault, clock, cpu, sensors) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
             ON CONFLICT (station, at) DO UPDATE SET stream = excluded.stream, uptime_s = excluded.uptime_s, \
             measured = excluded.measured, log_readings = excluded.log_readings, log_bytes = excluded.log_bytes, \
             log_lost = excluded.log_lost, log_fault = excluded.log_fault, clock = excluded.clock, \
             cpu = excluded.cpu, sensors = excluded.sensors",
        )?
        .execute(rusqlite::params![
            station,
            at.get(),
            stream,
            bounded(health.uptime_s),
            bounded(health.measured),
            bounded(health.log.readings),
            bounded(health.log.bytes),
            bounded(health.log.lost),
            log_fault,
            clock_number(health.clock),
            cpu,
            sensors,
        ])?;
    connection
        .prepare_cached("DELETE FROM health_history WHERE station = ?1 AND at < ?2")?
        .execute((station, oldest))
        .map(drop)
}

fn is_troubled(sensor: &SensorHealth) -> bool {
    sensor.state != SensorState::Ok || sensor.fault.is_some() || sensor.warning.is_some()
}

/// A hostile station can claim more than SQLite's integers hold.
fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How `station` was in [from, to), by time.
pub fn page(
    connection: &Connection,
    station: i64,
    (from, to): (Millis, Millis),
    after: Option<Millis>,
    limit: usize,
) -> rusqlite::Result<Page<Entry, Millis>> {
    let begin = after.map_or(from.get(), |after| from.get().max(after.get().saturating_add(1)));
    let items = connection
        .prepare_cached(
            "SELECT at, state, stream, uptime_s, measured, log_readings, log_bytes, log_lost, log_fault, clock, \
             cpu, sensors FROM health_history WHERE station = ?1 AND at >= ?2 AND at < ?3 ORDER BY at LIMIT ?4",
        )?
        .query_map((station, begin, to.get(), one_more(limit)), entry as fn(&Row<'_>) -> _)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Page::cut(items, limit, |last| last.at))
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let health = match row.get::<_, Option<String>>(2)? {
        None => None,
        #[expect(clippy::cast_precision_loss, reason = "a temperature")]
        Some(stream) => Some(PastHealth {
            stream,
            uptime_s: row.get(3)?,
            measured: row.get(4)?,
            log_readings: row.get(5)?,
            log_bytes: row.get(6)?,
            log_lost: row.get(7)?,
            log_fault: row.get(8)?,
            clock: clock_from_number(row.get(9)?),
            cpu_c: row.get::<_, Option<i64>>(10)?.map(|cpu| cpu as f64 / 100.0),
            sensors: serde_json::from_str(row.get_ref(11)?.as_str()?).unwrap_or_default(),
        }),
    };
    Ok(Entry { at: millis(row, 0)?, state: row.get(1)?, health })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn at(seconds: i64) -> Millis {
        Millis::new(Millis::YEAR_2020.get() + seconds * 1000).unwrap()
    }

    fn golden() -> Health {
        serde_json::from_str(include_str!("../../../telemetry/tests/golden/health.json")).unwrap()
    }

    fn times(connection: &Connection) -> Vec<i64> {
        let page = page(connection, 1, (at(0), at(1_000_000_000)), None, 100).unwrap();
        page.items.iter().map(|entry| (entry.at.get() - Millis::YEAR_2020.get()) / 1000).collect()
    }

    #[test]
    fn kept_is_one_each_ten_minutes_and_every_change() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db"), Millis::YEAR_2020).unwrap();
        let connection = store.writer().unwrap();
        let mut health = golden();
        for minute in 0..=25 {
            save(&connection, 1, at(minute * 60), &health, 0).unwrap();
        }
        assert_eq!(times(&connection), [0, 600, 1200]);
        health.cpu_c = Some(99.0);
        save(&connection, 1, at(1560), &health, 0).unwrap();
        assert_eq!(times(&connection).len(), 3, "warmer is no change");
        health.clock = minuano_telemetry::Clock::Holdover;
        save(&connection, 1, at(1620), &health, 0).unwrap();
        health.clock = minuano_telemetry::Clock::Unsynchronised;
        save(&connection, 1, at(1625), &health, 0).unwrap();
        assert_eq!(times(&connection), [0, 600, 1200, 1620], "and nobody fills the disk with changes");
    }

    #[test]
    fn what_is_kept_comes_back_with_comings_and_goings_and_goes_with_its_age() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db"), Millis::YEAR_2020).unwrap();
        let connection = store.writer().unwrap();
        let mut health = golden();
        health.measured = u64::MAX;
        save_presence(&connection, 1, at(0), Presence::Online).unwrap();
        save(&connection, 1, at(0), &health, 0).unwrap();
        save_presence(&connection, 1, at(30), Presence::Offline).unwrap();
        save_presence(&connection, 2, at(40), Presence::Offline).unwrap();
        let both = page(&connection, 1, (at(0), at(100)), None, 100).unwrap().items;
        assert_eq!(both[0].state.as_deref(), Some("online"));
        let kept = both[0].health.as_ref().unwrap();
        assert_eq!(
            (kept.measured, kept.stream.as_str()),
            (i64::MAX as u64, health.stream.to_string().as_str())
        );
        assert!(kept.sensors.iter().all(is_troubled));
        assert_eq!((both[1].state.as_deref(), &both[1].health), (Some("offline"), &None));
        let first = page(&connection, 1, (at(0), at(100)), None, 1).unwrap();
        assert_eq!((first.items.len(), first.next), (1, Some(at(0))));
        let rest = page(&connection, 1, (at(0), at(100)), first.next, 1).unwrap();
        assert_eq!((rest.items[0].at, rest.next), (at(30), None));
        save(&connection, 1, at(700), &health, at(20).get()).unwrap();
        assert_eq!(times(&connection), [30, 700]);
    }
}
