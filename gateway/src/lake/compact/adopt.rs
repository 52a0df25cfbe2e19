//! A store restored from a backup knows nothing of what was joined since: the files it knows are gone, and one that it does
//! not know holds their rows. Without a look at that, a backfill would put each row into the lake twice.

use std::sync::Arc;

use futures::TryStreamExt;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::join::note;
use super::{Group, Input, is_of};
use crate::lake::key::{FOLDER, Key};
use crate::lake::parquet::{named_sha256, read};
use crate::lake::{Lake, LakeError, blocking};
use crate::store::row::parsed;

impl Lake {
    /// Notes joined files that hold exactly the rows of files that the store knows; gives how many.
    pub(super) async fn adopt(&self) -> Result<u64, LakeError> {
        let mut adopted = 0;
        let mut listed = self.remote.list(FOLDER);
        while let Some(file) = listed.try_next().await? {
            let Ok(key) = file.location.as_ref().parse::<Key>() else { continue };
            let asked = key.clone();
            let Some(group) = self.store.ask(move |connection| covered(connection, &asked)).await? else {
                continue;
            };
            let bytes = self.remote.fetch(file.location.as_ref()).await?;
            let store = Arc::clone(&self.store);
            let noted = blocking(move || {
                if named_sha256(&bytes).is_none() {
                    return Ok(false);
                }
                // A task of its own: what is not known by its hash may break the reader.
                let Ok(footer) = read(bytes.clone(), |_| ()) else { return Ok(false) };
                let rows = group.rows();
                if footer.rows != rows {
                    return Ok(false);
                }
                let mut connection = store.writer()?;
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                transaction.execute(
                    "INSERT INTO lake_files (key, first_row, last_row, hour, rows) VALUES (?1, ?2, ?3, ?4, ?5)",
                    (group.key.to_string(), group.key.first_row, group.key.last_row, group.key.hour, rows),
                )?;
                note(&transaction, &group, &footer.sha256, &bytes)?;
                transaction.commit()?;
                Ok(true)
            })
            .await;
            match noted {
                Ok(noted) => adopted += u64::from(noted),
                // Whatever it is, it is not ours.
                Err(LakeError::Stopped) => tracing::warn!(%key, "cannot be read"),
                Err(error) => return Err(error),
            }
        }
        Ok(adopted)
    }
}

/// The files that a file of this key would stand for, if the store does not know it and they fill its range.
fn covered(connection: &Connection, key: &Key) -> rusqlite::Result<Option<Group>> {
    let known = connection
        .prepare_cached("SELECT 1 FROM lake_files WHERE key = ?1")?
        .query_row([key.to_string()], |_| Ok(()))
        .optional()?;
    if known.is_some() {
        return Ok(None);
    }
    let mut inputs: Vec<Input> = connection
        .prepare_cached(
            "SELECT key, rows, bytes, sha256, file_sha256 FROM lake_files \
             WHERE joined IS NULL AND hour = ?1 AND sha256 IS NOT NULL ORDER BY first_row",
        )?
        .query_map([key.hour], |row| {
            Ok(Input {
                key: parsed(row, 0)?,
                rows: row.get(1)?,
                bytes: row.get(2)?,
                sha256: row.get(3)?,
                file_sha256: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    inputs.retain(|input| is_of(&input.key, key));
    let fills = inputs.first().is_some_and(|first| first.key.first_row == key.first_row)
        && inputs.last().is_some_and(|last| last.key.last_row == key.last_row);
    Ok((fills && inputs.len() > 1).then(|| Group { key: key.clone(), inputs }))
}

/// The key of a file in the lake, unknown to the store, in whose range the rows of `key` are.
pub async fn joined_elsewhere(lake: &Lake, key: &Key) -> Result<Option<String>, LakeError> {
    let folder = key.to_string();
    let folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut listed = lake.remote.list(folder);
    while let Some(file) = listed.try_next().await? {
        let path = file.location.to_string();
        if path.parse::<Key>().is_ok_and(|all| is_of(key, &all)) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
