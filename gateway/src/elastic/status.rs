//! How far the cluster is, for people and metrics.

use std::fmt;

use minuano_telemetry::Millis;
use rusqlite::Connection;
use serde::Serialize;

use crate::lake::plan::frontier;
use crate::store::elastic::{self, MOST_SET_ASIDE};

/// Of what is set aside, what a person is shown.
const SHOWN: usize = 20;

/// What the store knows of the cluster that was used last.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// The cluster's uuid and the data stream; none before it ever answered.
    pub target: Option<String>,
    /// All settled rows up to this are there, set aside, or were pruned before.
    pub through: i64,
    /// The last settled row.
    pub settled: i64,
    /// Age of the oldest reading that should be there.
    pub lag_s: f64,
    /// Documents made.
    pub created: u64,
    /// Documents that were there already.
    pub present: u64,
    /// Documents that the cluster refused.
    pub refused: u64,
    /// The names of those that are still set aside.
    pub set_aside: Vec<Named>,
}

/// A document that is set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its id: station, stream, seq.
    pub document: String,
    /// Why, in the cluster's words.
    pub reason: String,
}

/// Looks it up.
pub fn status(connection: &Connection, now: Millis) -> rusqlite::Result<Status> {
    let settled = frontier(connection)? - 1;
    let lag_s = lag_seconds(connection, now)?;
    let Some((target, progress)) = elastic::newest(connection)? else {
        return Ok(Status { settled, lag_s, ..Status::default() });
    };
    let named = elastic::set_aside(connection, &target, 0, MOST_SET_ASIDE as usize)?;
    let set_aside =
        named.into_iter().map(|one| Named { document: one.document, reason: one.reason }).collect();
    Ok(Status {
        target: Some(target),
        through: progress.through,
        settled,
        lag_s,
        created: progress.created,
        present: progress.present,
        refused: progress.refused,
        set_aside,
    })
}

/// Age of the oldest settled reading that is not there yet, in seconds; 0 where there is none.
pub fn lag_seconds(connection: &Connection, now: Millis) -> rusqlite::Result<f64> {
    let through = elastic::through(connection)?;
    let since = elastic::waiting_since(connection, through, frontier(connection)?)?.unwrap_or(now);
    Ok(now.get().saturating_sub(since.get()).max(0) as f64 / 1000.0)
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, through, settled, lag_s, created, present, refused, set_aside } = self;
        writeln!(
            formatter,
            "cluster and data stream   {}",
            target.as_deref().unwrap_or("none has answered yet")
        )?;
        writeln!(formatter, "rows                      {through} of {settled} settled, {lag_s:.0} s behind")?;
        write!(
            formatter,
            "documents                 {created} created, {present} there before, {refused} refused, {} set aside",
            set_aside.len()
        )?;
        for Named { document, reason } in set_aside.iter().take(SHOWN) {
            write!(formatter, "\n  {document}: {reason}")?;
        }
        match set_aside.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(formatter, "\n  and {more} more (--json names them)"),
        }
    }
}
