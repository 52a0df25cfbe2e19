//! One station in the engine: what is settled, and what is held.

use std::collections::VecDeque;

use minuano_telemetry::Millis;

use super::Held;
use crate::quality::limits::Limits;
use crate::quality::network::{Opinion, Pair};
use crate::quality::place::Place;
use crate::quality::station::{Findings, Station};

/// A held reading, and what was found of it so far.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) held: Held,
    pub(super) findings: Findings,
}

/// What the engine keeps of a station.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) id: i64,
    pub(super) begun: bool,
    pub(super) place: Place,
    pub(super) neighbours: Vec<(usize, f64, Pair)>,
    pub(super) opinion: Opinion,
    pub(super) settled: Station,
    /// As far as the held readings go; none while these are few.
    pub(super) tip: Option<Box<Station>>,
    pub(super) waiting: VecDeque<Waiting>,
    /// Whether a held reading is not judged yet, or not after the one before it.
    pub(super) unjudged: bool,
    pub(super) touched: bool,
}

impl Entry {
    /// When the last reading was taken.
    pub(super) fn last_at(&self) -> Option<Millis> {
        self.waiting.back().map(|last| last.held.observation.at).or(self.settled.last_at())
    }

    /// The means of a bin as far as the held readings go.
    pub(super) fn means(&self, limits: &Limits, bin: i64) -> [Option<f64>; 3] {
        let means = |station: &Station| std::array::from_fn(|kept| station.history().mean(bin, kept));
        match &self.tip {
            Some(tip) => means(tip),
            None if self.waiting.is_empty() => means(&self.settled),
            None => {
                let mut tip = self.settled.clone();
                for waiting in &self.waiting {
                    tip.push(limits, &self.place, &waiting.held.observation);
                }
                means(&tip)
            }
        }
    }
}
