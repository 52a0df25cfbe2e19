//! Alerts that wait for their destination, in the store.

use metrics::{counter, gauge};
use minuano_telemetry::Millis;
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::watch;

use super::rules::{Decision, MAX_REMEMBERED, Rules, Wants};
use super::{Alert, Class, Envelope};
use crate::store::StoreId;

/// Alerts that may wait for one destination; more are dropped and counted.
pub const MAX_WAITING: i64 = 10_000;

/// An alert as its row holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Its row.
    pub id: i64,
    /// When it was written.
    pub created_at: Millis,
    /// What is sent.
    pub envelope: Envelope,
}

/// Takes alerts in the writer's transaction, and puts down what each destination is to be told.
#[derive(Debug, Default)]
pub struct Desk {
    destinations: Vec<(String, Rules)>,
    awake: watch::Sender<()>,
}

impl Desk {
    /// For these destinations, by name.
    pub fn new(destinations: impl IntoIterator<Item = (String, Wants)>) -> Self {
        let rules = destinations.into_iter().map(|(name, wants)| (name, Rules::new(wants)));
        Self { destinations: rules.collect(), awake: watch::Sender::default() }
    }

    /// Reads what goes on since before a restart: it was told then, and is not told again.
    pub fn take_up(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.destinations.is_empty() {
            return Ok(());
        }
        for (class, sql) in [
            (
                Class::Fault,
                "SELECT s.name, o.kind, o.quantity, o.from_time FROM anomalies o \
                 JOIN stations s ON s.id = o.station WHERE o.state = 'open' LIMIT ?1",
            ),
            (
                Class::Weather,
                "SELECT s.name, o.kind, NULL, o.from_time FROM weather_events o \
                 JOIN stations s ON s.id = o.station WHERE o.state = 'open' LIMIT ?1",
            ),
            (
                Class::Station,
                "SELECT name, 'offline', NULL, state_since FROM stations \
                 WHERE state = 'offline' AND state_since IS NOT NULL LIMIT ?1",
            ),
        ] {
            let mut query = connection.prepare(sql)?;
            let mut rows = query.query([MAX_REMEMBERED])?;
            while let Some(row) = rows.next()? {
                let key = (class, row.get(0)?, row.get(1)?, row.get(2)?);
                let since = crate::store::row::millis(row, 3)?;
                for (_, rules) in &mut self.destinations {
                    rules.take_up(&key, since);
                }
            }
        }
        Ok(())
    }

    /// Says when something was put down.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.awake.subscribe()
    }

    /// Puts `alert` down for every destination that wants it.
    pub fn put(&mut self, connection: &Connection, alert: &Alert, now: Millis) -> rusqlite::Result<()> {
        for (name, rules) in &mut self.destinations {
            let reason = match rules.decide(alert, now) {
                Decision::Nothing => continue,
                Decision::Repeat => "repeat",
                Decision::Limited => "limit",
                Decision::Tell { due, suppressed } => {
                    if count(connection, name)? < MAX_WAITING {
                        let body = serde_json::to_string(&Alert { suppressed, ..alert.clone() });
                        let body = body.unwrap_or_default();
                        let sql = "INSERT INTO alert_outbox (destination, created_at, due_at, body) VALUES (?1, ?2, ?3, ?4)";
                        connection.prepare_cached(sql)?.execute((&*name, now.get(), due.get(), body))?;
                        continue;
                    }
                    "full"
                }
            };
            counter!("minuano_alerts_suppressed_total", "destination" => name.clone(), "reason" => reason)
                .increment(1);
        }
        Ok(())
    }

    /// What was put down is on disk: whoever delivers may look.
    pub fn wake(&self) {
        self.awake.send_replace(());
    }
}

fn count(connection: &Connection, destination: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT count(*) FROM alert_outbox WHERE destination = ?1")?
        .query_row([destination], |row| row.get(0))
}

/// The oldest alert that is due at a destination.
pub fn next(
    connection: &Connection,
    store: StoreId,
    destination: &str,
    now: Millis,
) -> rusqlite::Result<Option<Waiting>> {
    #[expect(clippy::cast_precision_loss, reason = "Prometheus counts in f64")]
    gauge!("minuano_alerts_waiting", "destination" => destination.to_owned())
        .set(count(connection, destination)? as f64);
    connection
        .prepare_cached(
            "SELECT id, created_at, body FROM alert_outbox WHERE destination = ?1 AND due_at <= ?2 \
             ORDER BY id LIMIT 1",
        )?
        .query_row((destination, now.get()), |row| {
            let id: i64 = row.get(0)?;
            let body: String = row.get(2)?;
            let alert = serde_json::from_str(&body).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, error.into())
            })?;
            let created_at = crate::store::row::millis(row, 1)?;
            Ok(Waiting { id, created_at, envelope: Envelope { id: format!("{store}-{id}"), alert } })
        })
        .optional()
}

/// It is confirmed, or given up.
pub fn done(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM alert_outbox WHERE id = ?1", [id]).map(|_| ())
}

/// It could not be sent.
pub fn failed(connection: &Connection, id: i64, why: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE alert_outbox SET attempts = attempts + 1, error = ?2 WHERE id = ?1";
    connection.execute(sql, (id, why)).map(|_| ())
}

/// Drops what waits for destinations that are no longer configured; gives how many that were.
pub fn drop_unknown(connection: &Connection, known: &[String]) -> rusqlite::Result<usize> {
    let known = serde_json::to_string(known).unwrap_or_else(|_| "[]".to_owned());
    connection.execute(
        "DELETE FROM alert_outbox WHERE destination NOT IN (SELECT value FROM json_each(?1))",
        [known],
    )
}
