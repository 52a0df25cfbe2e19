//! A reading on its way through the engine: held, in its turn, settled.

use minuano_telemetry::{Flag, Millis};

use super::vicinity::Neighbour;
use crate::quality::hindsight::Judgement;
use crate::quality::station::{Findings, Observation};

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
    pub judgement: Judgement,
    /// The flags before the next reading and the neighbours have had their say.
    pub first: [Flag; 4],
}

pub(super) fn verdict(station: i64, waiting: &Waiting, settled: bool) -> Verdict {
    let Held { row, observation, stored, .. } = waiting.held;
    let flags = waiting.judgement.flags(&observation);
    let revised = flags != stored;
    Verdict {
        station,
        row,
        observation,
        flags,
        revised,
        settled,
        findings: waiting.judgement.findings,
        beside: Vec::new(),
        gap_since: None,
    }
}

pub(super) const fn in_turn(station: i64, waiting: &Waiting) -> InTurn {
    InTurn { station, observation: waiting.held.observation, flags: waiting.first }
}
