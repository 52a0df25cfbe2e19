//! All stations: readings in whatever order they arrive, flags in the order in which they were taken.
//!
//! A reading is held until no later one can change its flags: its successor is here (and the one after that, where
//! it may explain what the successor said), nothing before it is missing, and its neighbours have come as far; or
//! until `settle_after`. Held readings are judged at once, and again when an
//! earlier one arrives, so flags do not depend on the order of arrival within that bound.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use minuano_telemetry::{Flag, Millis, StationName};

use super::alone;
use super::check::Check;
use super::hindsight::{Judgement, flags, tell_back};
use super::history::{History, KEPT};
use super::learned::Learned;
use super::limits::Limits;
use super::network::{MOST, Opinion, Pair};
use super::place::Place;
use super::station::{Judged, Observation, Station, worse};
pub use reading::{Held, InTurn, Verdict};
use reading::{Waiting, in_turn, verdict};
pub use vicinity::Neighbour;

mod reading;
mod vicinity;

/// Readings of one station that are held; of more the oldest settle early.
pub const MAX_HELD: usize = 8192;
/// Readings of one station that are held as a rule: one and its successor.
const USUAL: usize = 2;
/// Room for so many times what is held is kept, and no more.
const ROOM: usize = 4;
/// What stations have learned that is given out at once to be written down; the rest waits for the next time.
const LEARNED_AT_ONCE: usize = 500;

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

#[derive(Debug, Default)]
struct Entry {
    id: i64,
    begun: bool,
    place: Place,
    neighbours: Vec<(usize, f64, Pair)>,
    opinion: Opinion,
    /// Up to this time nothing is missing of what arrived.
    reached: Option<Millis>,
    settled: Station,
    /// As far as the held readings go; none while there are none.
    tip: Option<Box<Station>>,
    waiting: VecDeque<Waiting>,
    /// How many of them, from the front, have been given out in their turn.
    turned: usize,
    disordered: bool,
    touched: bool,
}

impl Entry {
    fn latest(&self) -> &Station {
        self.tip.as_deref().unwrap_or(&self.settled)
    }

    /// Whether all that was measured up to `at` is here, as far as can be known.
    fn has_reached(&self, at: Millis) -> bool {
        self.reached.max(self.settled.last_at()).is_some_and(|reached| reached >= at)
    }
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
    verdicts: Vec<Verdict>,
    in_turn: Vec<InTurn>,
    /// Stations that learned something since it was last asked for.
    taught: BTreeSet<usize>,
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
            verdicts: Vec::new(),
            in_turn: Vec::new(),
            taught: BTreeSet::new(),
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

    /// What stations learned since the last time: at most some hundreds at once.
    pub fn take_learned(&mut self) -> Vec<(i64, Learned)> {
        let mut learned = Vec::new();
        while learned.len() < LEARNED_AT_ONCE {
            let Some(index) = self.taught.pop_first() else { break };
            let entry = &self.entries[index];
            learned.extend(entry.settled.learned().map(|known| (entry.id, known)));
        }
        learned
    }

    /// The readings whose turn has come since the last time, each station's in the order of observation. One that comes
    /// later than `settle_after` may miss its turn.
    pub fn take_in_turn(&mut self) -> Vec<InTurn> {
        std::mem::take(&mut self.in_turn)
    }

    /// Takes up what a station learned before this process began; to be called before its first reading.
    pub fn resume(&mut self, station: i64, learned: &Learned) {
        let index = self.index(station);
        self.entries[index].settled.resume(learned);
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
        if held.complete {
            entry.reached = entry.reached.max(Some(at));
        }
        if entry.settled.last_at().is_some_and(|last| at <= last) {
            // What comes this late is judged by itself: what was said of later ones stands.
            let findings = alone::check(limits, &entry.place, &held.observation);
            let judgement = Judgement::new(at, &Judged { findings, ..Judged::default() });
            let first = judgement.flags(&held.observation);
            self.verdicts.push(verdict(station, &Waiting { held, judgement, first }, true));
            return;
        }
        self.rows.insert(held.row);
        if entry.waiting.capacity() == 0 {
            entry.waiting.reserve_exact(USUAL);
        }
        let in_order = !entry.disordered
            && entry
                .waiting
                .back()
                .is_none_or(|last| (last.held.observation.at, last.held.seq) < (at, held.seq));
        if in_order {
            let tip = entry.tip.get_or_insert_with(|| Box::new(entry.settled.clone()));
            let judged = tip.push(limits, &entry.place, &held.observation);
            tell_back(limits, at, &judged, entry.waiting.iter_mut().rev().map(|other| &mut other.judgement));
            let judgement = Judgement::new(at, &judged);
            let first = judgement.flags(&held.observation);
            entry.waiting.push_back(Waiting { held, judgement, first });
        } else {
            let key = |waiting: &Waiting| (waiting.held.observation.at, waiting.held.seq);
            let place = entry.waiting.partition_point(|other| key(other) <= (at, held.seq));
            let judgement = Judgement::new(at, &Judged::default());
            entry.waiting.insert(place, Waiting { held, judgement, first: held.stored });
            // Those after it have had their turn; it has missed its own.
            entry.turned += usize::from(place < entry.turned);
            entry.disordered = true;
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
        for index in &touched {
            self.entries[*index].touched = false;
            self.replay(*index);
            self.turn(*index);
        }
        for index in touched {
            self.settle(index, now);
        }
        std::mem::take(&mut self.verdicts)
    }

    /// Every row up to this one is settled, of those that were held; none: all are.
    pub fn frontier(&self) -> Option<i64> {
        self.rows.first().map(|row| row - 1)
    }

    /// Room for held readings, of all stations.
    #[cfg(test)]
    fn room(&self) -> usize {
        self.entries.iter().map(|entry| entry.waiting.capacity()).sum()
    }

    /// Bytes that a station takes, less what is held.
    pub const fn bytes_a_station() -> usize {
        size_of::<Entry>() + size_of::<Station>() + MOST * size_of::<(usize, f64, Pair)>()
    }

    fn index(&mut self, station: i64) -> usize {
        *self.places.entry(station).or_insert_with(|| {
            self.entries.push(Entry { id: station, ..Entry::default() });
            self.entries.len() - 1
        })
    }

    /// Judges the held readings anew where one came between them, and tells what changed.
    fn replay(&mut self, index: usize) {
        let (entry, limits) = (&mut self.entries[index], &self.rules.limits);
        if std::mem::take(&mut entry.disordered) {
            let mut tip = entry.settled.clone();
            for place in 0..entry.waiting.len() {
                let waiting = &mut entry.waiting[place];
                let observation = waiting.held.observation;
                let judged = tip.push(limits, &entry.place, &observation);
                waiting.judgement = Judgement::new(observation.at, &judged);
                waiting.first = waiting.judgement.flags(&observation);
                let before = entry.waiting.range_mut(..place).rev().map(|other| &mut other.judgement);
                tell_back(limits, observation.at, &judged, before);
            }
            entry.tip = Some(Box::new(tip));
        }
        for waiting in &mut entry.waiting {
            let verdict = verdict(entry.id, waiting, false);
            if verdict.revised {
                waiting.held.stored = verdict.flags;
                self.verdicts.push(verdict);
            }
        }
    }

    /// Gives out the readings before which nothing is missing any more.
    fn turn(&mut self, index: usize) {
        let Entry { id, waiting, turned, reached, .. } = &mut self.entries[index];
        while let Some(next) = waiting.get(*turned)
            && reached.is_some_and(|reached| next.held.observation.at <= reached)
        {
            self.in_turn.push(in_turn(*id, next));
            *turned += 1;
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
            let another = entry
                .waiting
                .get(1)
                .is_some_and(|next| first.judgement.waits_for_another(&self.rules.limits, &next.judgement));
            let last_word = entry.waiting.get(if another { 2 } else { 1 });
            let followed = last_word
                .is_some_and(|word| entry.reached.is_some_and(|reached| word.held.observation.at <= reached));
            let abreast = entry.neighbours.iter().all(|(other, ..)| self.entries[*other].has_reached(at));
            if !(old || crowded || (followed && abreast)) {
                break;
            }
            self.crowded += u64::from(crowded && !old);
            self.settle_first(index);
        }
        let entry = &mut self.entries[index];
        if entry.waiting.is_empty() {
            (entry.tip, entry.waiting) = (None, VecDeque::new());
        } else if entry.waiting.capacity() > ROOM * entry.waiting.len().max(USUAL) {
            // What a backlog took is given back.
            entry.waiting.shrink_to(USUAL);
        }
    }

    fn settle_first(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        let Some(mut first) = entry.waiting.pop_front() else { return };
        if entry.turned == 0 {
            self.in_turn.push(in_turn(entry.id, &first));
        }
        entry.turned = entry.turned.saturating_sub(1);
        self.rows.remove(&first.held.row);
        let completed = entry.settled.history().newest();
        let (before, known) = (entry.settled.last_at(), entry.settled.learned_day());
        entry.settled.push(&self.rules.limits, &entry.place, &first.held.observation);
        let bin = History::bin(first.held.observation.at.get());
        if bin > completed && !entry.neighbours.is_empty() {
            self.compare(index, completed);
        }
        let entry = &self.entries[index];
        if entry.settled.learned_day() != known {
            self.taught.insert(index);
        }
        for (kept, quantity) in KEPT.into_iter().enumerate() {
            let found = &mut first.judgement.findings[quantity as usize];
            if found.is_some_and(|found| found.is_weather_perhaps()) && entry.opinion.agrees(kept, bin) {
                *found = None;
            }
            let Some(value) = first.held.observation.values.get(quantity) else { continue };
            *found = worse(*found, entry.opinion.finding(&self.rules.limits, kept, bin, value));
        }
        let mut verdict = verdict(entry.id, &first, true);
        verdict.beside = self.beside(index, &first.held.observation, &first.judgement.findings);
        let at = first.held.observation.at;
        verdict.gap_since = before
            .filter(|before| (at.get() - before.get()) as f64 > self.rules.limits.tuning.gap_s * 1000.0)
            .filter(|_| self.rules.limits.runs(Check::Gap));
        self.verdicts.push(verdict);
    }
}

#[cfg(test)]
mod tests;
