//! What live readings tell of who sends them: two stations under one name become an anomaly.

use std::sync::Arc;

use minuano_telemetry::{Anomaly, AnomalyKind, AnomalyState, Flag, Millis, StreamId};
use rusqlite::Connection;

use super::super::namesakes::Step;
use super::{Effects, Index, Ledger};
use crate::store::anomalies;

impl Ledger {
    pub(super) fn listen_for_namesakes(
        &mut self,
        connection: &Connection,
        index: Index,
        station: i64,
        stream: StreamId,
        now: Millis,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let known = &mut self.stations[index];
        let Some(step) = known.namesakes.hear(stream, now) else { return Ok(()) };
        let (found, state) = match step {
            Step::Opened => (known.namesakes.open.clone(), AnomalyState::Open),
            Step::Closed => (known.namesakes.close(), AnomalyState::Closed),
        };
        let Some(found) = found else { return Ok(()) };
        let evidence = found.evidence(&known.name);
        let id = anomalies::save_namesakes(connection, station, &found, state, &evidence)?;
        if let Some(open) = &mut known.namesakes.open {
            open.id = Some(id);
        }
        effects.anomalies.push(Arc::new(Anomaly {
            id,
            station: known.name.clone(),
            quantity: None,
            kind: AnomalyKind::DuplicateStation,
            from: found.from,
            to: found.to,
            flag: Flag::Suspect,
            state,
            evidence: evidence.text.as_str().try_into().unwrap_or_default(),
            facts: evidence.facts,
        }));
        Ok(())
    }
}
