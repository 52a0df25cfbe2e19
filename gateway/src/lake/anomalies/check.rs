//! Reads files of anomalies back, and puts right what is missing.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::TryStreamExt;
use minuano_telemetry::GatewayName;
use rusqlite::Connection;
use serde::Serialize;

use super::super::backfill::Backfilled;
use super::super::backfill::restore::{There, there};
use super::super::parquet::anomalies::read;
use super::super::remote::Remote;
use super::super::rows::sha256;
use super::super::upload::put;
use super::super::verify::Report;
use super::super::{LakeError, blocking};
use super::{AnomalyKey, FOLDER, made, mark, planned_to};
use crate::store::Store;
use crate::store::row::parsed;

/// What the lake holds of anomalies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Anomalies {
    /// Files of this store that were read.
    pub files: u64,
    /// Closed episodes in them.
    pub rows: u64,
    /// Their size.
    pub bytes: u64,
    /// Episodes that are in them twice.
    pub duplicates: u64,
    /// Episodes in the store that an uploaded range covers and no file holds.
    pub gaps: u64,
    /// Closed episodes that are not uploaded yet.
    pub waiting: u64,
}

/// An uploaded file, as the store remembers it.
#[derive(Clone)]
struct Known {
    key: AnomalyKey,
    rows: u64,
    sha256: String,
    file_sha256: String,
}

/// What was uploaded, and which closed episodes that covers.
fn known(connection: &Connection) -> rusqlite::Result<(Vec<Known>, BTreeSet<i64>)> {
    let files = connection
        .prepare(
            "SELECT key, rows, sha256, file_sha256 FROM lake_anomaly_files WHERE sha256 IS NOT NULL ORDER BY first",
        )?
        .query_map([], |row| {
            Ok(Known {
                key: parsed(row, 0)?,
                rows: row.get(1)?,
                sha256: row.get(2)?,
                file_sha256: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let covered = connection
        .prepare(
            "SELECT c.anomaly FROM anomaly_closings c JOIN anomalies a ON a.id = c.anomaly \
             WHERE EXISTS (SELECT 1 FROM lake_anomaly_files f WHERE f.last >= c.closing AND f.first <= c.closing) \
             AND NOT EXISTS (SELECT 1 FROM lake_anomaly_files f WHERE f.last >= c.closing \
                 AND f.first <= c.closing AND f.sha256 IS NULL)",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok((files, covered))
}

/// Reads every uploaded file, then looks for episodes and files that are left.
pub async fn verify(
    store: &Arc<Store>,
    remote: &Remote,
    gateway: &GatewayName,
    report: &mut Report,
) -> Result<(), LakeError> {
    let (files, mut covered) = store.ask(known).await?;
    let mut found = Anomalies::default();
    let mut seen = BTreeSet::new();
    for known in files {
        let key = known.key.to_string();
        let Some(bytes) = remote.find(&key).await? else {
            report.problem(key, "is not there".to_owned());
            continue;
        };
        let size = bytes.len() as u64;
        let checked = blocking(move || {
            // Only what is ours by its hash is parsed.
            if sha256(&bytes) != known.file_sha256 {
                return Ok(Err("is not the file that was uploaded".to_owned()));
            }
            Ok(match read(bytes) {
                Ok((footer, rows)) if footer.sha256 == known.sha256 && footer.rows == known.rows => Ok(rows),
                Ok(_) => Err("holds other rows than were uploaded".to_owned()),
                Err(error) => Err(error.to_string()),
            })
        })
        .await?;
        match checked {
            Err(what) => report.problem(key, what),
            Ok(rows) => {
                found.files += 1;
                found.bytes += size;
                found.rows += rows.len() as u64;
                for row in rows {
                    covered.remove(&row.id);
                    found.duplicates += u64::from(!seen.insert(row.id));
                }
            }
        }
    }
    found.gaps = covered.len() as u64;
    strays(store, remote, gateway, report).await?;
    found.waiting = store.ask(waiting).await?;
    report.anomalies = found;
    Ok(())
}

fn waiting(connection: &Connection) -> rusqlite::Result<u64> {
    let planned_to = planned_to(connection)?;
    connection.query_row(
        "SELECT (SELECT count(*) FROM anomaly_closings WHERE closing > ?1) \
         + (SELECT coalesce(sum(rows), 0) FROM lake_anomaly_files WHERE sha256 IS NULL)",
        [planned_to],
        |row| row.get(0),
    )
}

/// Counts what is not of this store, and names what pretends to be.
async fn strays(
    store: &Arc<Store>,
    remote: &Remote,
    gateway: &GatewayName,
    report: &mut Report,
) -> Result<(), LakeError> {
    let id = store.id();
    let mut listed = remote.list(FOLDER);
    while let Some(file) = listed.try_next().await? {
        let key = file.location.to_string();
        let asked = key.clone();
        let planned: bool = store
            .ask(move |connection| {
                connection
                    .prepare_cached("SELECT EXISTS (SELECT 1 FROM lake_anomaly_files WHERE key = ?1)")?
                    .query_row([asked], |row| row.get(0))
            })
            .await?;
        match key.parse::<AnomalyKey>() {
            _ if planned => {}
            Ok(read) if read.store == id && read.gateway == *gateway => {
                report.problem(key, "is not in the store's plans".to_owned());
            }
            _ => report.others += 1,
        }
    }
    Ok(())
}

/// Uploads again what is missing or damaged, by the rules of readings.
pub async fn backfill(
    store: &Arc<Store>,
    remote: &Remote,
    replace: bool,
    backfilled: &mut Backfilled,
) -> Result<(), LakeError> {
    let (files, _) = store.ask(known).await?;
    for Known { key, rows, sha256, file_sha256 } in files {
        backfilled.checked += 1;
        let name = key.to_string();
        let there = there(remote.find(&name).await?.as_ref(), &sha256, &file_sha256);
        if there == There::Sound {
            continue;
        }
        if there == There::Other && !replace {
            backfilled.refuse_other(name);
            continue;
        }
        let (making, of) = (Arc::clone(store), key.clone());
        let made = match blocking(move || made(&making, &of, rows)).await {
            Ok(made) => made,
            Err(error @ LakeError::Changed { .. }) => {
                backfilled.refuse(name, error.to_string());
                continue;
            }
            Err(error) => return Err(error),
        };
        if made.sha256 != sha256 && !replace {
            backfilled.refuse_changed(name);
            continue;
        }
        let bytes = bytes::Bytes::from(made.bytes);
        let stands = if there == There::Nothing {
            put(remote, name, bytes, &made.sha256).await?
        } else {
            remote.replace(&name, bytes.clone()).await?;
            bytes
        };
        mark(store, &key, stands, made.sha256).await?;
        backfilled.uploaded += 1;
        backfilled.rows += rows;
    }
    Ok(())
}
