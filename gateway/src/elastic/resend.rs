//! What was set aside, once more: after somebody mended the mapping that would not take it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minuano_telemetry::GatewayName;
use serde::Serialize;

use super::bulk::Outcome;
use super::client::Client;
use super::document::Document;
use super::{batch, pace::Size};
use crate::store::Store;
use crate::store::elastic::{self, SetAside};

/// Documents in one request.
const AT_ONCE: usize = 500;

/// What became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resent {
    /// They are there now.
    pub taken: u64,
    /// They are refused again.
    pub refused: u64,
    /// Retention took the readings.
    pub gone: u64,
}

impl fmt::Display for Resent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { taken, refused, gone } = self;
        write!(formatter, "{taken} taken, {refused} refused again, {gone} no longer in the store")
    }
}

/// Sends what the cluster used last has set aside, beside a running gateway or without one.
pub async fn resend(store: &Arc<Store>, client: &Client, gateway: &GatewayName) -> anyhow::Result<Resent> {
    let mut resent = Resent::default();
    let Some((target, _)) = store.ask(elastic::newest).await? else { return Ok(resent) };
    let mut after = 0;
    loop {
        let (named, gateway) = (target.clone(), gateway.clone());
        let (waiting, mut documents) = store
            .ask(move |connection| {
                let waiting = elastic::set_aside(connection, &named, after, AT_ONCE)?;
                let mut documents = BTreeMap::new();
                for SetAside { row, .. } in &waiting {
                    let one = batch::next(connection, &gateway, row - 1, Size { documents: 1, bytes: 1 })?;
                    documents.extend(one.documents.into_iter().map(|document| (document.row, document)));
                }
                Ok((waiting, documents))
            })
            .await?;
        let Some(last) = waiting.last() else { return Ok(resent) };
        after = last.row;
        let found: Vec<Document> = waiting.iter().filter_map(|one| documents.remove(&one.row)).collect();
        resent.gone += (waiting.len() - found.len()) as u64;
        let outcomes = if found.is_empty() { Vec::new() } else { client.create(&found).await? };
        let mut done = Vec::new();
        for (document, outcome) in found.iter().zip(outcomes) {
            match outcome {
                Outcome::Created | Outcome::Present => done.push(document.row),
                Outcome::Refused(_) | Outcome::Later(_) => resent.refused += 1,
            }
        }
        resent.taken += done.len() as u64;
        let (store, target) = (Arc::clone(store), target.clone());
        tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
            Ok(elastic::taken_after_all(&store.writer()?, &target, &done)?)
        })
        .await??;
    }
}
