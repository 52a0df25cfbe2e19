//! What checks found made into anomalies: one episode, not one a reading.

use std::collections::HashMap;
use std::fmt::Write;

use minuano_telemetry::{AnomalyKind, AnomalyState, Facts, Flag, Millis, Quantity, StationName};

use super::check::{Check, Finding};
use super::evidence::{Beside, Evidence, exact};

/// How long all must be well before an episode ends, so that what flickers stays one.
const HOLD_MS: i64 = 600_000;
/// How much further it must go to be told again.
const TOLD_AGAIN: f64 = 1.5;

/// A series of findings of one kind about one quantity of one station, or about the station itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// In the store, once it is there.
    pub id: Option<i64>,
    /// Which check.
    pub kind: AnomalyKind,
    /// Time of its first reading.
    pub from: Millis,
    /// Time of its last.
    pub to: Millis,
    /// The worst flag in it.
    pub flag: Flag,
    /// How many readings.
    pub readings: u64,
    /// The lowest value.
    pub lowest: f64,
    /// The highest value.
    pub highest: f64,
    /// What a range episode is outside of.
    pub limits: (f64, f64),
    /// How far it went when it was last told.
    pub told: f64,
    /// What was found; made of the values where it is none.
    pub note: Option<Evidence>,
}

/// A value whose flags are final, and what was found of it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Of what.
    pub quantity: Quantity,
    /// When.
    pub at: Millis,
    /// The value.
    pub value: f64,
    /// What was found.
    pub finding: Option<&'a Finding>,
    /// What the neighbours measured meanwhile.
    pub beside: &'a [Beside<'a>],
}

/// What became of an episode, and what it is about: a quantity, or the station.
pub type Told = (Step, Option<Quantity>, Episode);

/// Whether all of a station's quantities go wrong together: one episode, not one a quantity.
const fn is_of_station(kind: AnomalyKind) -> bool {
    matches!(
        kind,
        AnomalyKind::Zeros | AnomalyKind::Byzantine | AnomalyKind::DewPoint | AnomalyKind::Isolation
    )
}

/// What a reading did to an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It began.
    Opened,
    /// It went further from the good than before: worth telling.
    Worsened,
    /// It went on.
    Continued,
    /// All is well again.
    Closed,
}

impl Step {
    /// The state that the episode has after it.
    pub const fn state(self) -> AnomalyState {
        match self {
            Self::Closed => AnomalyState::Closed,
            Self::Opened | Self::Worsened | Self::Continued => AnomalyState::Open,
        }
    }

    /// The word for it in the store.
    pub const fn state_word(self) -> &'static str {
        self.state().word()
    }
}

impl Episode {
    /// One that a value opens; its first reading is yet to be taken.
    pub const fn new(kind: AnomalyKind, from: Millis, value: f64) -> Self {
        Self {
            id: None,
            kind,
            from,
            to: from,
            flag: Flag::Fail,
            readings: 0,
            lowest: value,
            highest: value,
            limits: (0.0, 0.0),
            told: 0.0,
            note: None,
        }
    }

    /// Takes a failed reading in; true if it lies further outside `limits` than all before it.
    pub fn take(&mut self, at: Millis, value: f64, limits: (f64, f64)) -> bool {
        self.limits = limits;
        let outside = |value: f64| (limits.0 - value).max(value - limits.1);
        let further = outside(value) > outside(self.lowest).max(outside(self.highest));
        self.count(at, value);
        further
    }

    fn count(&mut self, at: Millis, value: f64) {
        self.from = self.from.min(at);
        self.to = self.to.max(at);
        self.readings += 1;
        self.lowest = self.lowest.min(value);
        self.highest = self.highest.max(value);
    }

    /// One sentence with numbers that a person can check.
    pub fn evidence(&self, station: &StationName, quantity: Option<Quantity>) -> Evidence {
        let Some(quantity) = quantity.filter(|_| self.note.is_none()) else {
            return self.note.clone().unwrap_or_default();
        };
        let (lowest, highest) = self.limits;
        let (key, unit) = (quantity.key(), quantity.unit());
        let mut sentence = format!("{station} {key} ");
        // Writing to a String cannot fail.
        let _ = if self.readings == 1 {
            write!(sentence, "was {} {unit}", shown(self.lowest))
        } else {
            write!(
                sentence,
                "was {} to {} {unit} in {} readings",
                shown(self.lowest),
                shown(self.highest),
                self.readings
            )
        };
        let _ = write!(sentence, ", outside {lowest} to {highest} {unit}");
        let facts = Facts {
            quantity: Some(quantity),
            value: exact(self.lowest),
            highest: exact(self.highest),
            times: Some(self.readings),
            limit: exact(lowest),
            upper: exact(highest),
            ..Facts::default()
        };
        Evidence::new(sentence, facts)
    }
}

fn shown(value: f64) -> String {
    if value.abs() < 1e7 { format!("{value:.2}") } else { format!("{value:.2e}") }
}

/// The open episodes of every station: at most one of a kind about a quantity, and about the station.
#[derive(Clone, Debug, Default)]
pub struct Episodes {
    open: HashMap<(i64, Option<Quantity>), Vec<Episode>>,
}

impl Episodes {
    /// Puts back what was open.
    pub fn restore(open: impl IntoIterator<Item = (i64, Option<Quantity>, Episode)>) -> Self {
        let mut episodes = Self::default();
        for (station, quantity, episode) in open {
            episodes.open.entry((station, quantity)).or_default().push(episode);
        }
        episodes
    }

    /// Takes the range flag of one value as it arrives. A good value older than the episode's end, as a backlog
    /// brings it, does not close it.
    pub fn observe(
        &mut self,
        station: i64,
        quantity: Quantity,
        at: Millis,
        value: f64,
        flag: Flag,
        limits: (f64, f64),
    ) -> Option<(Step, Episode)> {
        let key = (station, Some(quantity));
        if flag == Flag::Fail {
            let (new, episode) = self.open_one(key, AnomalyKind::Range, at, value);
            let further = episode.take(at, value, limits);
            let step = match (new, further) {
                (true, _) => Step::Opened,
                (false, true) => Step::Worsened,
                (false, false) => Step::Continued,
            };
            return Some((step, episode.clone()));
        }
        let is_over =
            |episode: &Episode| flag == Flag::Good && episode.kind == AnomalyKind::Range && at > episode.to;
        Some((Step::Closed, self.close_one(key, is_over)?))
    }

    /// Takes what all checks found of one value whose flags are final, or that there was nothing; in the order of
    /// observation. The range has been taken at arrival.
    pub fn take(&mut self, name: &StationName, id: i64, seen: &Seen<'_>) -> Vec<Told> {
        let Seen { quantity, at, value, .. } = *seen;
        let about = Some(quantity);
        let mut told = Vec::new();
        let finding = seen.finding.filter(|found| found.check != Check::Range);
        if let Some(finding) = finding {
            let about = about.filter(|_| !is_of_station(finding.check));
            let (new, episode) = self.open_one((id, about), finding.check, at, value);
            let worse = episode.flag != Flag::Fail && finding.flag == Flag::Fail;
            let further = about.is_some() && finding.change.abs() > episode.told * TOLD_AGAIN;
            if new {
                episode.flag = finding.flag;
            }
            if worse {
                episode.flag = Flag::Fail;
            }
            if new || worse || further {
                episode.told = finding.change.abs();
            }
            // A standstill says how long it lasted, all others how far they went at most.
            if new || worse || further || finding.check == Check::FlatLine {
                episode.note = Some(finding.evidence(name, quantity, seen.beside));
            }
            episode.count(at, value);
            let step = match (new, worse || further) {
                (true, _) => Step::Opened,
                (false, true) => Step::Worsened,
                (false, false) => Step::Continued,
            };
            told.push((step, about, episode.clone()));
        }
        if self.open.is_empty() {
            return told;
        }
        for about in [about, None] {
            let is_over = |episode: &Episode| {
                episode.kind != AnomalyKind::Range
                    && (about.is_some() || is_of_station(episode.kind))
                    && at.get() - episode.to.get() >= HOLD_MS
            };
            while let Some(closed) = self.close_one((id, about), is_over) {
                told.push((Step::Closed, about, closed));
            }
        }
        told
    }

    /// Takes that something is so of the whole station, or not any more. What is wrong is put into words when it begins.
    pub fn station(
        &mut self,
        id: i64,
        kind: AnomalyKind,
        at: Millis,
        wrong: Option<impl FnOnce() -> Evidence>,
    ) -> Option<(Step, Episode)> {
        let key = (id, None);
        let Some(note) = wrong else {
            let mut closed = self.close_one(key, |episode| episode.kind == kind)?;
            closed.to = closed.to.max(at);
            return Some((Step::Closed, closed));
        };
        let (new, episode) = self.open_one(key, kind, at, 0.0);
        episode.count(at, 0.0);
        if !new {
            return None;
        }
        episode.flag = Flag::Suspect;
        episode.note = Some(note());
        Some((Step::Opened, episode.clone()))
    }

    /// Remembers the id that the store gave an open episode.
    pub fn name(&mut self, station: i64, quantity: Option<Quantity>, kind: AnomalyKind, id: i64) {
        let open = self.open.get_mut(&(station, quantity));
        if let Some(episode) = open.and_then(|open| open.iter_mut().find(|episode| episode.kind == kind)) {
            episode.id = Some(id);
        }
    }

    fn open_one(
        &mut self,
        key: (i64, Option<Quantity>),
        kind: AnomalyKind,
        at: Millis,
        value: f64,
    ) -> (bool, &mut Episode) {
        let open = self.open.entry(key).or_default();
        match open.iter().position(|episode| episode.kind == kind) {
            Some(place) => (false, &mut open[place]),
            None => {
                open.push(Episode::new(kind, at, value));
                let last = open.len() - 1;
                (true, &mut open[last])
            }
        }
    }

    fn close_one(
        &mut self,
        key: (i64, Option<Quantity>),
        is_over: impl Fn(&Episode) -> bool,
    ) -> Option<Episode> {
        let open = self.open.get_mut(&key)?;
        let closed = open.swap_remove(open.iter().position(is_over)?);
        if open.is_empty() {
            self.open.remove(&key);
        }
        Some(closed)
    }
}

#[cfg(test)]
mod tests;
