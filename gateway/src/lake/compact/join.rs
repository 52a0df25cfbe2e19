//! One group of files becomes one: made, planned, put, read back, noted; then the others go.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rusqlite::{Connection, TransactionBehavior};

use super::{Group, Input};
use crate::clock::now;
use crate::lake::parquet::{Encoded, FileWriter, read};
use crate::lake::rows::{LakeRow, sha256};
use crate::lake::upload::put;
use crate::lake::{Lake, LakeError, blocking};

/// Files fetched or removed at once.
const AT_ONCE: usize = 4;

impl Lake {
    /// Joins a group, and gives the size of the file that it became.
    pub(super) async fn join(&self, group: &Group) -> Result<u64, LakeError> {
        let made = self.made(group).await?;
        self.plan_join(group).await?;
        let there = self.put_joined(group, &made).await?;
        self.note_joined(group, &made, &there).await?;
        Ok(there.len() as u64)
    }

    /// The file of all rows of the group. Each file must be what was uploaded.
    pub(super) async fn made(&self, group: &Group) -> Result<Encoded, LakeError> {
        let fetched: Vec<(Input, Option<Bytes>)> = stream::iter(group.inputs.clone())
            .map(|input| async {
                let bytes = self.remote.find(&input.key.to_string()).await?;
                Ok::<_, LakeError>((input, bytes))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let (key, planned) = (group.key.clone(), group.rows());
        blocking(move || {
            let mut rows = Vec::new();
            for (input, bytes) in fetched {
                take(&input, bytes, &mut rows)?;
            }
            let encoded = encode(&key, rows)?;
            if encoded.rows == planned {
                Ok(encoded)
            } else {
                Err(LakeError::Changed { key: key.to_string(), planned, found: encoded.rows })
            }
        })
        .await
    }

    /// Writes down that the file is about to be there.
    pub(super) async fn plan_join(&self, group: &Group) -> Result<(), LakeError> {
        let (store, key, rows) = (Arc::clone(&self.store), group.key.clone(), group.rows());
        blocking(move || {
            store.writer()?.execute(
                "INSERT OR IGNORE INTO lake_files (key, first_row, last_row, hour, rows) VALUES (?1, ?2, ?3, ?4, ?5)",
                (key.to_string(), key.first_row, key.last_row, key.hour, rows),
            )?;
            Ok(())
        })
        .await
    }

    /// Puts the file and reads it back; gives what is there.
    pub(super) async fn put_joined(&self, group: &Group, made: &Encoded) -> Result<Bytes, LakeError> {
        let key = group.key.to_string();
        let put = put(&self.remote, key.clone(), made.bytes.clone().into(), &made.sha256).await?;
        let there = self.remote.fetch(&key).await?;
        if there == put {
            return Ok(there);
        }
        Err(LakeError::Unsound { key, what: "does not read back as it was written".to_owned() })
    }

    /// From here on the file stands for the others.
    pub(super) async fn note_joined(
        &self,
        group: &Group,
        made: &Encoded,
        there: &Bytes,
    ) -> Result<(), LakeError> {
        let (store, group, rows) = (Arc::clone(&self.store), group.clone(), made.sha256.clone());
        let there = there.clone();
        blocking(move || {
            let mut connection = store.writer()?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            note(&transaction, &group, &rows, &there)?;
            Ok(transaction.commit()?)
        })
        .await
    }

    /// Removes what was joined and is still there; gives how many files that were.
    pub(super) async fn remove_joined(&self) -> Result<u64, LakeError> {
        let keys: Vec<String> = self.store.ask(to_remove).await?;
        let removed = keys.len() as u64;
        for some in keys.chunks(256) {
            stream::iter(some)
                .map(|key| async { self.remote.remove(key).await })
                .buffer_unordered(AT_ONCE)
                .try_collect::<Vec<()>>()
                .await?;
            let (store, some) = (Arc::clone(&self.store), some.to_vec());
            blocking(move || {
                let mut connection = store.writer()?;
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let mut gone = transaction.prepare("UPDATE lake_files SET removed_at = ?2 WHERE key = ?1")?;
                for key in some {
                    gone.execute((key, now().get()))?;
                }
                drop(gone);
                Ok(transaction.commit()?)
            })
            .await?;
        }
        Ok(removed)
    }
}

/// Takes the rows of a file that is what was uploaded.
fn take(input: &Input, bytes: Option<Bytes>, rows: &mut Vec<LakeRow>) -> Result<(), LakeError> {
    let unsound = |what: &str| LakeError::Unsound { key: input.key.to_string(), what: what.to_owned() };
    let bytes = bytes.ok_or_else(|| unsound("is not there"))?;
    // Only bytes that are known to be ours are parsed.
    if sha256(&bytes) != input.file_sha256 {
        return Err(unsound("is not the file that was uploaded"));
    }
    let footer = read(bytes, |row| rows.push(row)).map_err(|error| unsound(&error.to_string()))?;
    if footer.sha256 == input.sha256 && footer.rows == input.rows {
        Ok(())
    } else {
        Err(unsound("holds other rows than were uploaded"))
    }
}

/// The file of these rows: the same rows in any order give the same bytes.
pub fn encode(key: &crate::lake::key::Key, mut rows: Vec<LakeRow>) -> Result<Encoded, LakeError> {
    rows.sort_by(|a, b| {
        let order = |row: &LakeRow| (row.observed_at, row.stream.0, row.seq);
        a.station.as_str().cmp(b.station.as_str()).then_with(|| order(a).cmp(&order(b)))
    });
    let mut writer = FileWriter::default();
    for row in rows {
        writer.push(row)?;
    }
    Ok(writer.finish(key)?)
}

/// Writes down that the file of `group`, whose rows have the fingerprint `rows`, stands for its inputs.
pub fn note(connection: &Connection, group: &Group, rows: &str, there: &[u8]) -> rusqlite::Result<()> {
    let key = group.key.to_string();
    connection.execute(
        "UPDATE lake_files SET bytes = ?2, sha256 = ?3, file_sha256 = ?4 WHERE key = ?1",
        (&key, there.len(), rows, sha256(there)),
    )?;
    let mut join = connection.prepare("UPDATE lake_files SET joined = ?2 WHERE key = ?1 OR joined = ?1")?;
    for input in &group.inputs {
        join.execute((input.key.to_string(), &key))?;
    }
    Ok(())
}

fn to_remove(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT key FROM lake_files WHERE joined IS NOT NULL AND removed_at IS NULL ORDER BY key",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}
