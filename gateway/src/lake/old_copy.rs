//! Finds out whether the store file is an old copy (a restored backup, a cloned card).
//!
//! Such a store would give row numbers to new readings that its original gave to others, and so take
//! their keys, or keys beside them. What it finds in the lake beyond its own last plan gives it away; it
//! then goes on under a new identity.

use std::sync::Arc;

use futures::TryStreamExt;
use minuano_telemetry::GatewayName;

use super::anomalies::{self, AnomalyKey};
use super::key::{FOLDER, Key};
use super::plan::planned_to;
use super::remote::Remote;
use super::{LakeError, blocking};
use crate::store::{Store, StoreId};

/// Gives the new identity where one was taken.
pub async fn check(
    store: &Arc<Store>,
    remote: &Remote,
    gateway: &GatewayName,
) -> Result<Option<StoreId>, LakeError> {
    let id = store.id();
    let mut newest = None;
    let mut files = remote.list(FOLDER);
    while let Some(file) = files.try_next().await? {
        let Ok(key) = file.location.as_ref().parse::<Key>() else { continue };
        if key.store == id && key.gateway == *gateway {
            newest = newest.max(Some(key.last_row));
        }
    }
    let mut closing = None;
    let mut files = remote.list(anomalies::FOLDER);
    while let Some(file) = files.try_next().await? {
        let Ok(key) = file.location.as_ref().parse::<AnomalyKey>() else { continue };
        if key.store == id && key.gateway == *gateway {
            closing = closing.max(Some(key.last));
        }
    }
    if newest.is_none() && closing.is_none() {
        return Ok(None);
    }
    let (newest, closing) = (newest.unwrap_or(0), closing.unwrap_or(0));
    let asked = Arc::clone(store);
    blocking(move || {
        // Read after the listing: another process of this store may have planned and uploaded meanwhile.
        let planned = asked.read(planned_to)?;
        if newest <= planned && closing <= asked.read(anomalies::planned_to)? {
            return Ok(None);
        }
        let new = asked.take_new_id(id)?;
        tracing::error!(
            store = %asked.file().display(), old = %id, %new, planned, lake = newest,
            "the lake holds rows of this store that the store does not know: its file is an old copy. \
             It goes on under a new identity"
        );
        Ok(Some(new))
    })
    .await
}
