//! What the checks say of readings, within the writer's transaction.

use std::sync::Arc;

use metrics::counter;
use minuano_telemetry::{Anomaly, AnomalyKind, Flag, Millis, Quantity, StationName};
use rusqlite::Connection;

use super::{Effects, Index, Ledger};
use crate::directory::Presence;
use crate::quality::check::Check;
use crate::quality::engine::{Held, Verdict};
use crate::quality::episodes::{Episode, Step};
use crate::quality::place::Place;
use crate::quality::station::Observation;
use crate::store::revise::{Revision, revise};
use crate::store::row::NewReading;
use crate::store::{anomalies, unsettled};

/// What the checks look back on.
const PAST_MS: i64 = 26 * 3_600_000;
/// Readings of one station that they begin with after a restart, and of all stations together.
const PAST_READINGS: usize = 20_000;
const PAST_READINGS_OF_ALL: usize = 2_000_000;
/// A clock this far from the gateway's is told, and is well again at half of it.
const SKEW_MS: i64 = 600_000;

/// A new reading as the engine takes it.
pub(super) fn held(row: i64, reading: &NewReading, complete: bool) -> Held {
    Held {
        row,
        seq: reading.seq,
        observation: Observation { at: reading.observed_at, values: reading.values },
        received_at: reading.received_at,
        complete,
        stored: reading.flags,
    }
}

impl Ledger {
    /// A station says where it is.
    pub fn place(&mut self, connection: &Connection, index: Index, place: Place) -> rusqlite::Result<()> {
        let station = self.id(connection, index)?;
        self.recall(connection, station)?;
        let known = self.engine.rules().places.get(&self.stations[index].name).copied();
        self.engine.place(station, known.unwrap_or(place));
        Ok(())
    }

    /// Judges what came since the last time, writes it down, revises what changed and settles what nothing can change any
    /// more.
    /// `all` looks at silent stations too.
    pub fn conclude(
        &mut self,
        connection: &Connection,
        now: Millis,
        all: bool,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let verdicts = self.engine.conclude(now, all);
        let mut revisions = Vec::new();
        for verdict in verdicts.iter().filter(|verdict| verdict.revised) {
            if self.pending.revise(verdict.row, verdict.flags) {
                tell_revised(effects, verdict);
            } else {
                revisions.push(revision(verdict));
            }
        }
        self.pending.write(connection)?;
        if !revisions.is_empty() {
            revise(connection, &revisions)?;
            counter!("minuano_readings_revised_total").increment(revisions.len() as u64);
        }
        for verdict in verdicts.iter().filter(|verdict| verdict.settled) {
            self.tell_findings(connection, verdict, effects)?;
        }
        let through = self.engine.frontier().unwrap_or(i64::MAX);
        unsettled::settle(connection, through)?;
        counter!("minuano_quality_crowded_total").increment(std::mem::take(&mut self.engine.crowded));
        Ok(())
    }

    /// Something is wrong with the whole station since `at`, or is not any more.
    fn station_wide(
        &mut self,
        connection: &Connection,
        index: Index,
        kind: AnomalyKind,
        at: Millis,
        wrong: Option<impl FnOnce(&StationName) -> String>,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let station = self.id(connection, index)?;
        let name = &self.stations[index].name;
        match self.episodes.station(station, kind, at, wrong.map(|wrong| || wrong(name))) {
            Some((step, episode)) => self.write_down(connection, index, None, step, &episode, effects),
            None => Ok(()),
        }
    }

    /// A station fell silent, or speaks again. One that was stopped is silent by its owner's will.
    pub fn look_at_presence(
        &mut self,
        connection: &Connection,
        index: Index,
        presence: Presence,
        at: Millis,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let wrong = (presence == Presence::Offline)
            .then_some(|name: &StationName| format!("{name} has not been heard since before {at}"));
        self.station_wide(connection, index, AnomalyKind::Silent, at, wrong, effects)
    }

    /// The range, at arrival.
    pub(super) fn observe(
        &mut self,
        connection: &Connection,
        index: Index,
        reading: &NewReading,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let station = self.id(connection, index)?;
        for (quantity, value) in reading.values.iter() {
            let limits = self.engine.rules().limits.of(quantity).range;
            let within =
                (limits.0..=limits.1).contains(&value) || !self.engine.rules().limits.runs(Check::Range);
            let flag = if within { Flag::Good } else { Flag::Fail };
            let seen = self.episodes.observe(station, quantity, reading.observed_at, value, flag, limits);
            if let Some((step, episode)) = seen {
                self.write_down(connection, index, Some(quantity), step, &episode, effects)?;
            }
        }
        Ok(())
    }

    pub(super) fn look_at_clock(
        &mut self,
        connection: &Connection,
        index: Index,
        observed_at: Millis,
        received_at: Millis,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let skew = observed_at.get() - received_at.get();
        let wrong = (skew.abs() > SKEW_MS).then_some(|name: &StationName| {
            let side = if skew < 0 { "behind" } else { "ahead of" };
            format!(
                "{name} takes its live readings {} s {side} the gateway's clock, limit {} s",
                skew.abs() / 1000,
                SKEW_MS / 1000
            )
        });
        if wrong.is_none() && skew.abs() > SKEW_MS / 2 {
            return Ok(());
        }
        self.station_wide(connection, index, AnomalyKind::ClockSkew, received_at, wrong, effects)
    }

    /// Begins with what the store has of a station, the first time that it is spoken of.
    pub(super) fn recall(&mut self, connection: &Connection, station: i64) -> rusqlite::Result<()> {
        if !self.engine.begin(station) {
            return Ok(());
        }
        let name = self.by_id.get(&station).map(|index| &self.stations[*index].name);
        let known = name.and_then(|name| self.engine.rules().places.get(name).copied());
        if let Some(place) = known {
            self.engine.place(station, place);
        }
        let most = (PAST_READINGS_OF_ALL / self.stations.len().max(1)).clamp(100, PAST_READINGS);
        for past in unsettled::past(connection, station, PAST_MS, most)? {
            let observation = Observation { at: past.observed_at, values: past.values };
            if past.settled {
                self.engine.recall(station, &observation);
            } else {
                let held = Held {
                    row: past.row,
                    seq: past.seq,
                    observation,
                    received_at: past.received_at,
                    complete: false,
                    stored: past.flags,
                };
                self.engine.hold(station, held);
            }
        }
        Ok(())
    }

    /// What a stopped gateway left unsettled.
    pub(super) fn recall_unsettled(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for station in unsettled::unsettled(connection)? {
            self.recall(connection, station)?;
        }
        Ok(())
    }

    /// Whether readings of an older run of the station may still come.
    pub(super) fn has_older_gap(&self, index: Index, began: Millis) -> bool {
        self.stations[index].streams.values().any(|slot| {
            let account = &slot.row.account;
            let whole = account.last.is_some_and(|last| account.through() >= last);
            account.first_at < began && !account.ended && !whole
        })
    }

    fn tell_findings(
        &mut self,
        connection: &Connection,
        verdict: &Verdict,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let Some(index) = self.by_id.get(&verdict.station).copied() else { return Ok(()) };
        let at = verdict.observation.at;
        for (quantity, value) in verdict.observation.values.iter() {
            let finding = verdict.findings[quantity as usize];
            let name = &self.stations[index].name;
            let steps = self.episodes.take(name, verdict.station, quantity, at, value, finding.as_ref());
            for (step, episode) in steps {
                self.write_down(connection, index, Some(quantity), step, &episode, effects)?;
            }
        }
        Ok(())
    }

    fn write_down(
        &mut self,
        connection: &Connection,
        index: Index,
        quantity: Option<Quantity>,
        step: Step,
        episode: &Episode,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let station = self.id(connection, index)?;
        let name = &self.stations[index].name;
        let evidence = episode.evidence(name, quantity);
        let id = anomalies::save(connection, station, quantity, episode, step, &evidence)?;
        self.episodes.name(station, quantity, episode.kind, id);
        if step != Step::Continued {
            effects.anomalies.push(Arc::new(Anomaly {
                id,
                station: name.clone(),
                quantity,
                kind: episode.kind,
                from: episode.from,
                to: episode.to,
                flag: episode.flag,
                state: step.state(),
                evidence: evidence.as_str().try_into().unwrap_or_default(),
            }));
        }
        Ok(())
    }
}

fn revision(verdict: &Verdict) -> Revision {
    Revision {
        row: verdict.row,
        station: verdict.station,
        observed_at: verdict.observation.at,
        flags: verdict.flags,
    }
}

/// What is told of this commit's readings is what stands in the store.
fn tell_revised(effects: &mut Effects, verdict: &Verdict) {
    if let Ok(place) = effects.readings.binary_search_by_key(&verdict.row, |reading| reading.row) {
        Arc::make_mut(&mut effects.readings[place]).flags = verdict.flags;
    }
}
