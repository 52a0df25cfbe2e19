//! A reading on its way through the engine: held, in its turn, settled.

use minuano_telemetry::{Flag, Millis, Quantity};

use super::vicinity::Neighbour;
use crate::quality::check::{Check, Finding};
use crate::quality::station::{Findings, Observation, worse};

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
#[derive(Clone, Debug, PartialEq)]
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
    /// What the nearest neighbours measured meanwhile, where something was found and the reading is settled.
    pub beside: Vec<Neighbour>,
    /// Since when nothing was measured, if that is longer than it may be.
    pub gap_since: Option<Millis>,
}

/// A reading in its turn: nothing that was measured before it is still to come, as far as can be known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InTurn {
    /// Whose.
    pub station: i64,
    /// When and what.
    pub observation: Observation,
    /// What could be said of it with all before it and nothing after it: the same in whatever order they arrive.
    pub flags: [Flag; 4],
}

/// A reading that is held, and what is found of it so far.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub held: Held,
    pub findings: Findings,
    /// The flags before the next reading and the neighbours have had their say.
    pub first: [Flag; 4],
}

/// The flags that findings make: the worst of each quantity, good without any, missing without a value.
pub fn flags(observation: &Observation, findings: &Findings) -> [Flag; 4] {
    Quantity::ALL.map(|quantity| match observation.values.get(quantity) {
        None => Flag::Missing,
        Some(_) => findings[quantity as usize].map_or(Flag::Good, |finding| finding.flag),
    })
}

pub(super) fn verdict(station: i64, waiting: &Waiting, settled: bool) -> Verdict {
    let Held { row, observation, stored, .. } = waiting.held;
    let flags = flags(&observation, &waiting.findings);
    let revised = flags != stored;
    Verdict {
        station,
        row,
        observation,
        flags,
        revised,
        settled,
        findings: waiting.findings,
        beside: Vec::new(),
        gap_since: None,
    }
}

pub(super) const fn in_turn(station: i64, waiting: &Waiting) -> InTurn {
    InTurn { station, observation: waiting.held.observation, flags: waiting.first }
}

/// Readings further apart than this do not wait for each other a second time: at a slow cadence they would be
/// settled by their age, and what is said of them would depend on when they arrive.
const SECOND_LOOK_MS: i64 = 600_000;

impl Waiting {
    /// Whether the reading after `next` may still explain what `next` said of this one.
    pub fn is_looked_at_again(&self, next: &Self) -> bool {
        let own = &self.held.observation;
        next.held.observation.at.get() - own.at.get() < SECOND_LOOK_MS
            && Quantity::ALL.into_iter().any(|quantity| is_told_by_the_next(own, &self.findings, quantity))
    }
}

/// Whether what was found is the step to the reading after it, which has another value.
fn is_told_by_the_next(own: &Observation, findings: &Findings, quantity: Quantity) -> bool {
    findings[quantity as usize]
        .is_some_and(|found| found.check == Check::Step && Some(found.value) != own.values.get(quantity))
}

/// What a reading of that time brought to light of those held before it, the latest first.
pub(super) fn tell_back<'a>(
    before: &Findings,
    at: Millis,
    mut latest_first: impl Iterator<Item = &'a mut Waiting>,
) {
    let Some(last) = latest_first.next() else { return };
    let earlier = latest_first.next().map(|earlier| (&earlier.held.observation, &mut earlier.findings));
    look_back(before, at, &mut last.findings, earlier);
}

/// What a reading brought to light of the last one before it. A spike explains the step that it began with, and
/// with it the doubt of the reading before the spike.
pub fn look_back(
    before: &Findings,
    at: Millis,
    last: &mut Findings,
    mut earlier: Option<(&Observation, &mut Findings)>,
) {
    for quantity in Quantity::ALL {
        let found = &mut last[quantity as usize];
        let Some(later) = before[quantity as usize].filter(|later| later.check == Check::Spike) else {
            *found = worse(*found, before[quantity as usize]);
            continue;
        };
        let explains = |found: &Finding| found.check == Check::Step && found.flag == Flag::Suspect;
        *found = if found.as_ref().is_none_or(explains) { Some(later) } else { worse(*found, Some(later)) };
        if let Some((own, findings)) = &mut earlier
            && at.get() - own.at.get() <= SECOND_LOOK_MS
            && is_told_by_the_next(own, findings, quantity)
        {
            findings[quantity as usize] = None;
        }
    }
}
