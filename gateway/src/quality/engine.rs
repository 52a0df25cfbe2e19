//! All stations: readings in whatever order they arrive, flags in the order in which they were taken.
//!
//! A reading is held until no later one can change its flags: its successor is here, nothing before it is
//! missing, and its neighbours have come as far; or until `settle_after`. Held readings are judged at once, and again when an
//! earlier one arrives, so flags do not depend on the order of arrival within that bound.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use minuano_telemetry::{Flag, Millis, Quantity, StationName};

use super::alone;
use super::check::{Check, Finding};
use super::history::{History, KEPT};
use super::limits::Limits;
use super::network::{MOST, Pair};
use super::place::Place;
use super::station::{Findings, Observation, Station, worse};
use entry::{Entry, Waiting};

mod entry;

/// Readings of one station that are held; of more the oldest settle early.
pub const MAX_HELD: usize = 8192;
/// While no more are held, they are judged anew from the settled state: a state of their own would double what a station takes.
const JUDGED_ANEW: usize = 2;
/// Stations in one cell of the map that are looked at as neighbours.
const MAX_IN_CELL: usize = 64;

/// How the engine works.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// What readings are held to.
    pub limits: Limits,
    /// A reading settles at the latest so many milliseconds after its arrival.
    pub settle_after_ms: i64,
    /// Neighbours are at most so far away, in kilometres.
    pub neighbours_km: f64,
    /// And so much higher or lower, in metres.
    pub neighbours_height_m: f64,
    /// Where stations are, whatever they say of themselves.
    pub places: BTreeMap<StationName, Place>,
}

/// A reading that is stored and may yet be revised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// In the store.
    pub row: i64,
    /// Its number in its stream: the order of readings of one millisecond.
    pub seq: u64,
    /// When and what.
    pub observation: Observation,
    /// When it arrived.
    pub received_at: Millis,
    /// Whether nothing before it is missing.
    pub complete: bool,
    /// The flags that stand in the store.
    pub stored: [Flag; 4],
}

/// The last word on a reading, or the latest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Whose.
    pub station: i64,
    /// Which.
    pub row: i64,
    /// When and what.
    pub observation: Observation,
    /// One flag for each quantity.
    pub flags: [Flag; 4],
    /// Whether they differ from what stands in the store.
    pub revised: bool,
    /// Whether they are final.
    pub settled: bool,
    /// What was found.
    pub findings: Findings,
}

/// Every station.
#[derive(Debug)]
pub struct Engine {
    rules: Rules,
    entries: Vec<Entry>,
    places: HashMap<i64, usize>,
    cells: HashMap<(i32, i32), Vec<usize>>,
    rows: BTreeSet<i64>,
    touched: Vec<usize>,
    /// The state after the reading in this row, which is the first that a station holds.
    next: Option<(i64, Station)>,
    verdicts: Vec<Verdict>,
    /// Readings that settled early because too many were held.
    pub crowded: u64,
}

impl Engine {
    /// With nobody in it.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            entries: Vec::new(),
            places: HashMap::new(),
            cells: HashMap::new(),
            rows: BTreeSet::new(),
            touched: Vec::new(),
            next: None,
            verdicts: Vec::new(),
            crowded: 0,
        }
    }

    /// What it works by.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// True the first time it is called for a station: its past is to be recalled.
    pub fn begin(&mut self, station: i64) -> bool {
        let index = self.index(station);
        !std::mem::replace(&mut self.entries[index].begun, true)
    }

    /// Flags of a reading by itself, for the time until [`Engine::conclude`].
    pub fn at_once(&self, station: i64, observation: &Observation) -> [Flag; 4] {
        let place = self.places.get(&station).map(|index| self.entries[*index].place).unwrap_or_default();
        flags(observation, &alone::check(&self.rules.limits, &place, observation))
    }

    /// A station says where it is.
    pub fn place(&mut self, station: i64, place: Place) {
        let index = self.index(station);
        if self.entries[index].place == place {
            return;
        }
        if let Some(cell) = cell(&self.entries[index].place) {
            self.cells.entry(cell).or_default().retain(|other| *other != index);
        }
        for (other, ..) in std::mem::take(&mut self.entries[index].neighbours) {
            self.entries[other].neighbours.retain(|(back, ..)| *back != index);
        }
        self.entries[index].place = place;
        let Some((north, east)) = cell(&place) else { return };
        let mut found = Vec::new();
        for other in (-1..=1)
            .flat_map(|n| (-1..=1).map(move |e| (north + n, east + e)))
            .filter_map(|cell| self.cells.get(&cell))
            .flat_map(|cell| cell.iter().take(MAX_IN_CELL))
        {
            let Some((km, height)) = place.distance(&self.entries[*other].place) else { continue };
            if km <= self.rules.neighbours_km && height <= self.rules.neighbours_height_m {
                found.push((*other, km));
            }
        }
        for (other, km) in found {
            befriend(&mut self.entries[index].neighbours, other, km);
            befriend(&mut self.entries[other].neighbours, index, km);
        }
        self.cells.entry((north, east)).or_default().push(index);
    }

    /// Takes a reading that was settled before this process began.
    pub fn recall(&mut self, station: i64, observation: &Observation) {
        let index = self.index(station);
        let entry = &mut self.entries[index];
        entry.settled.push(&self.rules.limits, &entry.place, observation);
    }

    /// Takes a reading that is in the store.
    pub fn hold(&mut self, station: i64, held: Held) {
        let index = self.index(station);
        let limits = &self.rules.limits;
        let entry = &mut self.entries[index];
        if !std::mem::replace(&mut entry.touched, true) {
            self.touched.push(index);
        }
        let at = held.observation.at;
        if entry.settled.last_at().is_some_and(|last| at <= last) {
            // What comes this late is judged by itself: what was said of later ones stands.
            let findings = alone::check(limits, &entry.place, &held.observation);
            self.verdicts.push(verdict(station, &Waiting { held, findings }, true));
            return;
        }
        self.rows.insert(held.row);
        if entry.waiting.capacity() == 0 {
            entry.waiting.reserve_exact(JUDGED_ANEW);
        }
        let key = |waiting: &Waiting| (waiting.held.observation.at, waiting.held.seq);
        let in_order = entry.waiting.back().is_none_or(|last| key(last) < (at, held.seq));
        match &mut entry.tip {
            Some(tip) if in_order && !entry.unjudged => {
                let judged = tip.push(limits, &entry.place, &held.observation);
                if let Some(last) = entry.waiting.back_mut() {
                    merge(&mut last.findings, &judged.before);
                }
                entry.waiting.push_back(Waiting { held, findings: judged.findings });
            }
            _ => {
                let place = entry.waiting.partition_point(|other| key(other) <= (at, held.seq));
                entry.waiting.insert(place, Waiting { held, findings: [None; 4] });
                entry.unjudged = true;
            }
        }
    }

    /// Judges what came since the last time and settles what it can; `all` looks at every station, as must
    /// happen now and then for those that are silent.
    pub fn conclude(&mut self, now: Millis, all: bool) -> Vec<Verdict> {
        let touched: Vec<usize> = if all {
            self.touched.clear();
            (0..self.entries.len()).filter(|index| !self.entries[*index].waiting.is_empty()).collect()
        } else {
            std::mem::take(&mut self.touched)
        };
        for index in touched {
            self.entries[index].touched = false;
            self.replay(index);
            self.settle(index, now);
        }
        std::mem::take(&mut self.verdicts)
    }

    /// Every row up to this one is settled, of those that were held; none: all are.
    pub fn frontier(&self) -> Option<i64> {
        self.rows.first().map(|row| row - 1)
    }

    /// Bytes that a station takes, with the few readings that are always held.
    pub const fn bytes_a_station() -> usize {
        size_of::<Entry>() + JUDGED_ANEW * size_of::<Waiting>() + MOST * size_of::<(usize, f64, Pair)>()
    }

    /// Bytes that a reading takes while it is held.
    pub const fn bytes_a_reading() -> usize {
        size_of::<Waiting>()
    }

    fn index(&mut self, station: i64) -> usize {
        *self.places.entry(station).or_insert_with(|| {
            self.entries.push(Entry { id: station, ..Entry::default() });
            self.entries.len() - 1
        })
    }

    /// Judges the held readings anew where one is new among them, and tells what changed.
    fn replay(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        if std::mem::take(&mut entry.unjudged) {
            let mut tip = entry.settled.clone();
            for place in 0..entry.waiting.len() {
                let held = entry.waiting[place].held;
                let judged = tip.push(&self.rules.limits, &entry.place, &held.observation);
                entry.waiting[place].findings = judged.findings;
                if place == 0 {
                    self.next = Some((held.row, tip.clone()));
                } else {
                    merge(&mut entry.waiting[place - 1].findings, &judged.before);
                }
            }
            entry.tip = (entry.waiting.len() > JUDGED_ANEW).then(|| Box::new(tip));
        }
        for waiting in &mut entry.waiting {
            let verdict = verdict(entry.id, waiting, false);
            if verdict.revised {
                waiting.held.stored = verdict.flags;
                self.verdicts.push(verdict);
            }
        }
    }

    fn settle(&mut self, index: usize, now: Millis) {
        loop {
            let entry = &self.entries[index];
            let Some(first) = entry.waiting.front() else { break };
            let at = first.held.observation.at;
            let old = now.get() - first.held.received_at.get() >= self.rules.settle_after_ms
                || first.held.received_at > now;
            let crowded = entry.waiting.len() > MAX_HELD;
            let followed = entry.waiting.len() > 1 && first.held.complete && entry.waiting[1].held.complete;
            let abreast = entry
                .neighbours
                .iter()
                .all(|(other, ..)| self.entries[*other].last_at().is_some_and(|last| last >= at));
            if !(old || crowded || (followed && abreast)) {
                break;
            }
            self.crowded += u64::from(crowded && !old);
            self.settle_first(index);
        }
        let entry = &mut self.entries[index];
        if entry.waiting.len() <= JUDGED_ANEW {
            entry.tip = None;
        }
    }

    fn settle_first(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        let Some(mut first) = entry.waiting.pop_front() else { return };
        self.rows.remove(&first.held.row);
        let completed = entry.settled.history().newest();
        match self.next.take() {
            Some((row, after)) if row == first.held.row => entry.settled = after,
            _ => drop(entry.settled.push(&self.rules.limits, &entry.place, &first.held.observation)),
        }
        let bin = History::bin(first.held.observation.at.get());
        if bin > completed && !entry.neighbours.is_empty() {
            self.compare(index, completed);
        }
        let entry = &self.entries[index];
        for (kept, quantity) in KEPT.into_iter().enumerate() {
            let found = &mut first.findings[quantity as usize];
            if found.is_some_and(|found| found.check == Check::Drift) && entry.opinion.agrees(kept, bin) {
                *found = None;
            }
            let Some(value) = first.held.observation.values.get(quantity) else { continue };
            *found = worse(*found, entry.opinion.finding(&self.rules.limits, kept, bin, value));
        }
        let verdict = verdict(entry.id, &first, true);
        self.verdicts.push(verdict);
    }

    /// Asks the neighbours about a bin that is complete.
    fn compare(&mut self, index: usize, bin: i64) {
        let mut neighbours = std::mem::take(&mut self.entries[index].neighbours);
        let mut others: Vec<(&mut Pair, [Option<f64>; 3])> = neighbours
            .iter_mut()
            .map(|(other, _, pair)| (pair, self.entries[*other].means(&self.rules.limits, bin)))
            .collect();
        let own = &self.entries[index].settled;
        let own = std::array::from_fn(|kept| own.history().mean(bin, kept));
        self.entries[index].opinion.compare(&self.rules.limits, bin, own, &mut others);
        self.entries[index].neighbours = neighbours;
    }
}

/// The flags that findings make: the worst of each quantity, good without any, missing without a value.
pub fn flags(observation: &Observation, findings: &Findings) -> [Flag; 4] {
    Quantity::ALL.map(|quantity| match observation.values.get(quantity) {
        None => Flag::Missing,
        Some(_) => findings[quantity as usize].map_or(Flag::Good, |finding| finding.flag),
    })
}

fn verdict(station: i64, waiting: &Waiting, settled: bool) -> Verdict {
    let Held { row, observation, stored, .. } = waiting.held;
    let flags = flags(&observation, &waiting.findings);
    let revised = flags != stored;
    Verdict { station, row, observation, flags, revised, settled, findings: waiting.findings }
}

/// What the next reading brought to light of one. A spike explains the step that it began with.
pub fn merge(findings: &mut Findings, later: &Findings) {
    for (found, later) in findings.iter_mut().zip(later) {
        let explains = |found: &Finding| found.check == Check::Step && found.flag == Flag::Suspect;
        if later.is_some() && found.as_ref().is_none_or(explains) {
            *found = *later;
        } else {
            *found = worse(*found, *later);
        }
    }
}

/// A quarter of a degree: more than the widest radius that the configuration takes at most latitudes.
#[expect(clippy::cast_possible_truncation, reason = "degrees are few")]
fn cell(place: &Place) -> Option<(i32, i32)> {
    Some(((place.latitude? * 4.0).floor() as i32, (place.longitude? * 4.0).floor() as i32))
}

fn befriend(neighbours: &mut Vec<(usize, f64, Pair)>, other: usize, km: f64) {
    let place = neighbours.partition_point(|(_, nearer, _)| *nearer <= km);
    neighbours.insert(place, (other, km, Pair::default()));
    neighbours.truncate(MOST);
}

#[cfg(test)]
mod tests;
