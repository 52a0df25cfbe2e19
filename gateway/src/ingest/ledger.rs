//! What one message does to the store, within the writer's transaction.
//!
//! The ledger keeps in memory what it needs for the next message. When a transaction fails, what the disk
//! does not have must not be in memory either: [`Ledger::forget_uncommitted`] drops it.

mod listen;
mod pending;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use minuano_telemetry::{
    Batch, Clock, Leaf, MAX_ACKNOWLEDGED, Millis, StationName, StreamId, StreamState, Through,
};
use rusqlite::Connection;

use super::admit::{at_resolution, observed};
use super::message::{Message, Said};
use super::namesakes::Namesakes;
use crate::acknowledge::account::{Account, Arrival};
use crate::acknowledge::counts::Counts;
use crate::quality::check::Check;
use crate::quality::engine::{Engine, Rules};
use crate::quality::episodes::Episodes;
use crate::quality::place::Place;
use crate::quality::station::Observation;
use crate::store::row::{NewReading, Owner};
use crate::store::streams::{self, StreamRow};
use crate::store::{anomalies, stations};
use checks::held;
pub use effects::{Effects, Soon};
use pending::Pending;

mod checks;
mod effects;

/// Stations that one gateway knows; messages of more are refused and counted.
pub const MAX_STATIONS: usize = 200_000;
/// Streams of one station kept in memory; others are read from the store when they are spoken of.
const MAX_STREAMS_IN_MEMORY: usize = 64;

/// A station's place in the ledger.
pub type Index = usize;

/// What the ledger keeps of a station.
#[derive(Debug)]
pub struct Known {
    /// Its name.
    pub name: StationName,
    /// The broker it was last heard on.
    pub broker: usize,
    /// How its readings are accounted for.
    pub counts: Counts,
    /// The streams to acknowledge, the most recently touched last.
    pub touched: Vec<Through>,
    id: Option<i64>,
    namesakes: Namesakes,
    /// Boxed: a map has room for eleven at once, and most stations have one.
    streams: BTreeMap<StreamId, Box<Slot>>,
}

#[derive(Debug)]
struct Slot {
    row: StreamRow,
    /// What of the account is in the station's counts.
    counted: Counts,
    changed: bool,
    used: u64,
}

/// Everything the writer keeps in memory about stations and their streams.
#[derive(Debug)]
pub struct Ledger {
    stations: Vec<Known>,
    by_name: HashMap<StationName, Index>,
    by_id: HashMap<i64, Index>,
    episodes: Episodes,
    engine: Engine,
    pending: Pending,
    changed: Vec<(Index, StreamId)>,
    uses: u64,
}

impl Ledger {
    /// Reads what the store has.
    pub fn load(connection: &Connection, rules: &Rules) -> rusqlite::Result<Self> {
        let mut ledger = Self {
            stations: Vec::new(),
            by_name: HashMap::new(),
            by_id: HashMap::new(),
            episodes: Episodes::restore(anomalies::load_open(connection)?),
            engine: Engine::new(rules.clone()),
            pending: Pending::default(),
            changed: Vec::new(),
            uses: 0,
        };
        for (name, id, now) in stations::load_all(connection)? {
            let index = ledger.add(name);
            ledger.stations[index].id = Some(id);
            ledger.by_id.insert(id, index);
            ledger.stations[index].counts = now.counts;
            if let Some(about) = now.about() {
                ledger.engine.place(id, Place::of(&about));
            }
        }
        ledger.recall_unsettled(connection)?;
        for (id, namesakes) in anomalies::load_open_namesakes(connection)? {
            if let Some(known) = ledger.stations.iter_mut().find(|known| known.id == Some(id)) {
                known.namesakes = namesakes;
            }
        }
        Ok(ledger)
    }

    /// The station at `index`.
    pub fn station(&self, index: Index) -> &Known {
        &self.stations[index]
    }

    /// The name of the station in this row of the store.
    pub fn name(&self, id: i64) -> Option<&StationName> {
        self.by_id.get(&id).map(|index| &self.stations[*index].name)
    }

    /// The place of a station, made where it is new; none when there are too many.
    pub fn index(&mut self, station: &StationName) -> Option<Index> {
        match self.by_name.get(station) {
            Some(index) => Some(*index),
            None if self.stations.len() >= MAX_STATIONS => None,
            None => Some(self.add(station.clone())),
        }
    }

    /// The row of a station.
    pub fn id(&mut self, connection: &Connection, index: Index) -> rusqlite::Result<i64> {
        let known = &mut self.stations[index];
        match known.id {
            Some(id) => Ok(id),
            None => {
                let id = stations::id(connection, &known.name)?;
                known.id = Some(id);
                self.by_id.insert(id, index);
                Ok(id)
            }
        }
    }

    /// Takes readings or streams; other payloads change nothing here.
    pub fn take(
        &mut self,
        connection: &Connection,
        index: Index,
        message: &Message,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        self.stations[index].broker = message.broker;
        let at = message.received_at;
        match &message.said {
            Said::Live(live) => self.take_batch(connection, index, live, Soon::Live, at, effects),
            Said::Batch(leaf, batch) => {
                let soon = if *leaf == Leaf::Backlog { Soon::Backlog } else { Soon::Live };
                self.take_batch(connection, index, batch, soon, at, effects)
            }
            Said::Streams(listed) => self.take_streams(connection, index, listed, effects),
            Said::Health(health) if !message.retained => {
                self.look_at_parts(connection, index, health, at, effects)
            }
            _ => Ok(()),
        }
    }

    /// Writes down every account that changed, and brings the stations' counts up to date.
    pub fn save(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut changed = std::mem::take(&mut self.changed);
        // An answer names a few streams: those that were used last, not those that changed last for the first time.
        let used =
            |index: Index, stream: &StreamId| self.stations[index].streams.get(stream).map(|slot| slot.used);
        changed.sort_by_cached_key(|(index, stream)| used(*index, stream));
        for (index, stream) in changed {
            let known = &mut self.stations[index];
            let Some(slot) = known.streams.get_mut(&stream) else { continue };
            streams::save(connection, &mut slot.row)?;
            slot.changed = false;
            let counts = Counts::of(&slot.row.account);
            known.counts = known.counts.with(counts, slot.counted);
            slot.counted = counts;
            touch(&mut known.touched, stream, slot.row.account.through());
            trim(&mut known.streams);
        }
        Ok(())
    }

    /// Drops what a failed transaction left in memory; it is read again from the store.
    pub fn forget_uncommitted(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let fresh = Self::load(connection, self.engine.rules())?;
        for known in &mut self.stations {
            known.streams.clear();
            known.touched.clear();
            let index = fresh.by_name.get(&known.name);
            known.id = index.and_then(|index| fresh.stations[*index].id);
            known.namesakes = index.map(|index| fresh.stations[*index].namesakes.clone()).unwrap_or_default();
            known.counts = index.map(|index| fresh.stations[*index].counts).unwrap_or_default();
        }
        self.changed.clear();
        self.pending.forget();
        self.episodes = fresh.episodes;
        self.engine = fresh.engine;
        self.by_id.clear();
        let ids = self.stations.iter().enumerate().filter_map(|(index, known)| Some((known.id?, index)));
        self.by_id.extend(ids);
        Ok(())
    }

    fn add(&mut self, name: StationName) -> Index {
        let index = self.stations.len();
        self.by_name.insert(name.clone(), index);
        self.stations.push(Known {
            name,
            broker: 0,
            counts: Counts::default(),
            touched: Vec::new(),
            id: None,
            namesakes: Namesakes::default(),
            streams: BTreeMap::new(),
        });
        index
    }

    fn take_batch<const N: usize>(
        &mut self,
        connection: &Connection,
        index: Index,
        batch: &Batch<N>,
        soon: Soon,
        received_at: Millis,
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let station = self.id(connection, index)?;
        let Some(first) = batch.readings.first() else { return Ok(()) };
        let (first_at, _) = observed(first, soon, received_at);
        let slot = self.slot(connection, index, station, batch.stream, first_at)?;
        slot.row.account.declare(batch.cursor, batch.oldest);
        let owner = Owner { station, stream: slot.row.id };
        let mut new = Vec::new();
        let stream_began = slot.row.account.first_at;
        for reading in &batch.readings {
            let (at, clock) = observed(reading, soon, received_at);
            match slot.row.account.arrive(reading.seq, at) {
                Arrival::New => {
                    effects.retimed += u64::from(at != reading.at);
                    new.push((reading, at, clock));
                }
                Arrival::TurnedAway => effects.turned_away += 1,
                Arrival::Duplicate => {}
            }
        }
        let through = slot.row.account.through();
        let complete_to = if self.has_older_gap(index, stream_began) { 0 } else { through };
        self.recall(connection, station)?;
        let listens = self.engine.rules().limits.runs(Check::DuplicateStation);
        if soon == Soon::Live && !new.is_empty() && listens {
            self.listen_for_namesakes(connection, index, station, batch.stream, received_at, effects)?;
        }
        for (reading, observed_at, clock) in new {
            let values = at_resolution(&reading.values);
            let observation = Observation { at: observed_at, values };
            let skewed = soon == Soon::Live && clock == Clock::Synchronised;
            let reading = NewReading {
                seq: reading.seq,
                observed_at,
                received_at,
                clock,
                samples: reading.samples,
                values,
                faults: reading.faults,
                flags: self.engine.at_once(station, &observation),
            };
            let row = self.pending.take(connection, owner, reading.clone())?;
            self.engine.hold(station, held(row, &reading, reading.seq <= complete_to));
            self.observe(connection, index, &reading, effects)?;
            self.look_at_times(connection, index, &reading, skewed, effects)?;
            effects.readings.push(Arc::new(reading.stored(
                row,
                self.stations[index].name.clone(),
                batch.stream,
            )));
        }
        // A repeat is a question: the station has not heard how far its readings are stored.
        effects.due.push((index, soon));
        Ok(())
    }

    fn take_streams(
        &mut self,
        connection: &Connection,
        index: Index,
        listed: &[StreamState],
        effects: &mut Effects,
    ) -> rusqlite::Result<()> {
        let station = self.id(connection, index)?;
        let mut behind = false;
        for entry in listed {
            let account =
                &mut self.slot(connection, index, station, entry.stream, entry.first_at)?.row.account;
            account.first_at = entry.first_at;
            account.declare(entry.cursor, entry.oldest);
            account.listed(entry.last);
            behind |= account.through() > entry.cursor || entry.last.is_some();
        }
        let newest = listed.iter().map(|entry| entry.first_at).max();
        for stream in streams::open(connection, station)? {
            if listed.iter().any(|entry| entry.stream == stream) {
                continue;
            }
            let account = &mut self.slot(connection, index, station, stream, Millis::YEAR_2020)?.row.account;
            // A list that knows only older streams is itself older, as a broker keeps one over a restart or
            // another broker has kept one for years: it cannot say that a newer stream has ended.
            if newest.is_some_and(|newest| newest > account.first_at) {
                account.end();
            }
        }
        if behind {
            effects.due.push((index, Soon::Backlog));
        }
        Ok(())
    }

    /// The stream's place in memory, marked as changed.
    fn slot(
        &mut self,
        connection: &Connection,
        index: Index,
        station: i64,
        stream: StreamId,
        first_at: Millis,
    ) -> rusqlite::Result<&mut Slot> {
        let known = &mut self.stations[index];
        let slot = match known.streams.entry(stream) {
            std::collections::btree_map::Entry::Occupied(slot) => slot.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let row = match streams::load(connection, station, stream)? {
                    Some(row) => row,
                    None => streams::create(connection, station, stream, Account::new(first_at))?,
                };
                let counted = Counts::of(&row.account);
                place.insert(Box::new(Slot { row, counted, changed: false, used: 0 }))
            }
        };
        self.uses += 1;
        slot.used = self.uses;
        if !slot.changed {
            slot.changed = true;
            self.changed.push((index, stream));
        }
        Ok(slot)
    }
}

/// Makes `stream` the most recently touched.
fn touch(touched: &mut Vec<Through>, stream: StreamId, through: u64) {
    touched.retain(|other| other.stream != stream);
    if touched.len() == MAX_ACKNOWLEDGED {
        touched.remove(0);
    }
    touched.push(Through { stream, through });
}

/// Drops streams from memory that were not used for the longest, once they are written down.
fn trim(slots: &mut BTreeMap<StreamId, Box<Slot>>) {
    while slots.len() > MAX_STREAMS_IN_MEMORY {
        let oldest = slots.iter().filter(|(_, slot)| !slot.changed).min_by_key(|(_, slot)| slot.used);
        let Some(stream) = oldest.map(|(stream, _)| *stream) else { return };
        slots.remove(&stream);
    }
}

#[cfg(test)]
mod tests;
