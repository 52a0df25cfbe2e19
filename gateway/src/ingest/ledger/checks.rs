//! What the checks say of readings, within the writer's transaction.

use std::sync::Arc;

use metrics::counter;
use minuano_telemetry::{Anomaly, AnomalyKind, Facts, Flag, Health, Millis, Quantity, StationName};
use rusqlite::Connection;

use super::{Effects, Index, Ledger};
use crate::directory::Presence;
use crate::quality::check::Check;
use crate::quality::engine::{Held, Verdict};
use crate::quality::episodes::{Episode, Seen, Step};
use crate::quality::evidence::{Beside, Evidence, exact, span};
use crate::quality::place::Place;
use crate::quality::station::Observation;
use crate::store::revise::{Revision, revise};
use crate::store::row::NewReading;
use crate::store::{anomalies, learned, unsettled};

/// What the checks look back on.
const PAST_MS: i64 = 26 * 3_600_000;
/// Readings of one station that they begin with after a restart, and of all stations together.
const PAST_READINGS: usize = 20_000;
const PAST_READINGS_OF_ALL: usize = 2_000_000;

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
        effects.in_turn.extend(self.engine.take_in_turn());
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
            self.tell_gap(connection, verdict, effects)?;
            self.tell_findings(connection, verdict, effects)?;
        }
        for (station, learned) in self.engine.take_learned() {
            learned::save(connection, station, &learned)?;
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
        wrong: Option<impl FnOnce(&StationName) -> Evidence>,
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
        let wrong = (presence == Presence::Offline && self.engine.rules().limits.runs(Check::Silent))
            .then_some(|name: &StationName| {
                Evidence::new(format!("{name} has not been heard since before {at}"), Facts::default())
            });
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

    /// What the times of a reading say of its station's clock, where that counts, and of its way.
    pub(super) fn look_at_times(
        &mut self,
        connection: &Connection,
        index: Index,
        reading: &NewReading,
        skewed: bool,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let NewReading { observed_at, received_at, .. } = *reading;
        self.look_at_delay(connection, index, observed_at, received_at, effects)?;
        if skewed { self.look_at_clock(connection, index, observed_at, received_at, effects) } else { Ok(()) }
    }

    fn look_at_clock(
        &mut self,
        connection: &Connection,
        index: Index,
        observed_at: Millis,
        received_at: Millis,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        if !self.engine.rules().limits.runs(Check::ClockSkew) {
            return Ok(());
        }
        let limit = millis(self.engine.rules().limits.tuning.skew_s);
        let skew = observed_at.get() - received_at.get();
        let wrong = (skew.abs() > limit).then_some(|name: &StationName| {
            let side = if skew < 0 { "behind" } else { "ahead of" };
            let text = format!(
                "{name} takes its live readings {} s {side} the gateway's clock, limit {} s",
                skew.abs() / 1000,
                limit / 1000
            );
            Evidence::new(text, times(skew, limit))
        });
        // It is well again at half of it.
        if wrong.is_none() && skew.abs() > limit / 2 {
            return Ok(());
        }
        self.station_wide(connection, index, AnomalyKind::ClockSkew, received_at, wrong, effects)
    }

    /// QARTOD data reception: whether a reading arrived long after it was taken.
    fn look_at_delay(
        &mut self,
        connection: &Connection,
        index: Index,
        observed_at: Millis,
        received_at: Millis,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let limits = &self.engine.rules().limits;
        if !limits.runs(Check::Late) {
            return Ok(());
        }
        let (delay, limit) = (received_at.get() - observed_at.get(), millis(limits.tuning.late_s));
        let wrong = (delay > limit).then_some(|name: &StationName| {
            let (took, least) = (span(delay as f64 / 1000.0), span(limit as f64 / 1000.0));
            let text = format!("{name} sent what it had measured {took} before, limit {least}");
            Evidence::new(text, times(delay, limit))
        });
        self.station_wide(connection, index, AnomalyKind::Late, received_at, wrong, effects)
    }

    /// A station says how its parts are: does one not confirm another?
    pub(super) fn look_at_parts(
        &mut self,
        connection: &Connection,
        index: Index,
        health: &Health,
        at: Millis,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let doubted = health.sensors.iter().find_map(|sensor| Some((sensor, sensor.warning.as_ref()?)));
        let doubted = doubted.filter(|_| self.engine.rules().limits.runs(Check::CrossCheck));
        let wrong = doubted.map(|(sensor, warning)| {
            move |name: &StationName| {
                let facts = Facts { part: Some(sensor.part.clone()), ..Facts::default() };
                Evidence::new(format!("{name} {}: {warning}", sensor.part), facts)
            }
        });
        self.station_wide(connection, index, AnomalyKind::CrossCheck, at, wrong, effects)
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
        if let Some(learned) = learned::load(connection, station)? {
            self.engine.resume(station, &learned);
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
            let finding = verdict.findings[quantity as usize].as_ref();
            let near = verdict.beside.iter().filter(|near| near.quantity == quantity);
            let beside: Vec<Beside<'_>> = near
                .filter_map(|near| {
                    let station = &self.stations[*self.by_id.get(&near.station)?].name;
                    Some(Beside { station, value: near.value, change: near.change })
                })
                .collect();
            let seen = Seen { quantity, at, value, finding, beside: &beside };
            let told = self.episodes.take(&self.stations[index].name, verdict.station, &seen);
            for (step, about, episode) in told {
                self.write_down(connection, index, about, step, &episode, effects)?;
            }
        }
        Ok(())
    }

    /// A gap that nothing fills any more: it has an end as soon as it is known.
    fn tell_gap(
        &mut self,
        connection: &Connection,
        verdict: &Verdict,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let Some(since) = verdict.gap_since else { return Ok(()) };
        let Some(index) = self.by_id.get(&verdict.station).copied() else { return Ok(()) };
        let at = verdict.observation.at;
        let (long, limit) = (at.get() - since.get(), millis(self.engine.rules().limits.tuning.gap_s));
        let wrong = |name: &StationName| {
            let facts = times(long, limit);
            let [long, limit] = [long, limit].map(|ms| span(ms as f64 / 1000.0));
            Evidence::new(format!("{name} measured nothing for {long}, limit {limit}"), facts)
        };
        self.station_wide(connection, index, AnomalyKind::Gap, since, Some(wrong), effects)?;
        self.station_wide(
            connection,
            index,
            AnomalyKind::Gap,
            at,
            None::<fn(&StationName) -> Evidence>,
            effects,
        )
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
                evidence: evidence.text.as_str().try_into().unwrap_or_default(),
                facts: evidence.facts,
            }));
        }
        Ok(())
    }
}

/// The facts of what is about times alone.
fn times(took_ms: i64, limit_ms: i64) -> Facts {
    let [seconds, limit_seconds] = [took_ms, limit_ms].map(|ms| exact(ms as f64 / 1000.0));
    Facts { seconds, limit_seconds, ..Facts::default() }
}

fn revision(verdict: &Verdict) -> Revision {
    Revision {
        row: verdict.row,
        station: verdict.station,
        observed_at: verdict.observation.at,
        flags: verdict.flags,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

/// What is told of this commit's readings is what stands in the store.
fn tell_revised(effects: &mut Effects, verdict: &Verdict) {
    if let Ok(place) = effects.readings.binary_search_by_key(&verdict.row, |reading| reading.row) {
        Arc::make_mut(&mut effects.readings[place]).flags = verdict.flags;
    }
}
