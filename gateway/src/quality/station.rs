//! The checks of one station by itself: a reading in, flags out, and what it says of the reading before.
//!
//! The state is bounded and the same size whatever comes: see [`Station`] and `docs/quality.md`.

use minuano_telemetry::{ByQuantity, Flag, Millis, Quantity};

use super::check::{Check, Finding};
use super::history::{History, KEPT};
use super::limits::Limits;
use super::place::Place;
use super::track::Track;
use super::{alone, vapour};

/// Longest time between two readings that are compared: beyond it the weather may have done anything.
pub const GAP_S: f64 = 1800.0;
/// Ten-minute means in the hour that is compared with the same hour of the day before.
const HOUR_BINS: i64 = 6;
const DAY_BINS: i64 = 144;

/// What was found of each quantity of one reading.
pub type Findings = [Option<Finding>; 4];

/// A reading, as the checks see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// When it was taken.
    pub at: Millis,
    /// What.
    pub values: ByQuantity<f64>,
}

/// What a reading brought to light.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Judged {
    /// Of itself.
    pub findings: Findings,
    /// Of the reading before it: a spike shows only now. To be merged with what was found then.
    pub before: Findings,
}

/// What is remembered of a station: each quantity's last values and habits, and 26 hours in ten-minute means.
#[derive(Clone, Debug, Default)]
pub struct Station {
    last: Option<Observation>,
    tracks: [Track; 3],
    history: History,
}

impl Station {
    /// When the last reading was taken.
    pub fn last_at(&self) -> Option<Millis> {
        self.last.map(|last| last.at)
    }

    /// The last hours.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Takes a reading that is later than all before it. One that is not is judged by itself.
    pub fn push(&mut self, limits: &Limits, place: &Place, observation: &Observation) -> Judged {
        let mut judged = Judged { findings: alone::check(limits, place, observation), ..Judged::default() };
        let at = observation.at.get();
        let last = self.last;
        if last.is_some_and(|last| at <= last.at.get()) {
            return judged;
        }
        let usable = judged.findings.map(|finding| {
            finding.is_none_or(|finding| finding.flag != Flag::Fail && finding.check != Check::Altitude)
        });
        if self.history.advance(History::bin(at)) {
            self.drift(limits, &mut judged.findings, observation);
            let day = |at: i64| History::bin(at).div_euclid(DAY_BINS);
            if last.is_some_and(|last| day(last.at.get()) != day(at)) {
                for (track, quantity) in self.tracks.iter_mut().zip(KEPT) {
                    track.next_day(quantity);
                }
            }
        }
        let left = last.map(|last| changes_left(&last.values, &observation.values)).unwrap_or_default();
        for (index, quantity) in KEPT.into_iter().enumerate() {
            let found = quantity as usize;
            let Some(value) = observation.values.get(quantity).filter(|_| usable[found]) else {
                self.tracks[index].miss();
                continue;
            };
            let seen = self.tracks[index].push(limits, quantity, at, value, left[index]);
            judged.before[found] = seen.before;
            judged.findings[found] = worse(judged.findings[found], seen.now);
        }
        let quiet = std::array::from_fn(|index| usable[index] && judged.findings[index].is_none());
        self.history.take(&observation.values, quiet);
        self.last = Some(*observation);
        judged
    }

    /// A ten-minute mean is complete: is the last hour where the day before makes one expect it?
    fn drift(&mut self, limits: &Limits, findings: &mut Findings, observation: &Observation) {
        let bin = self.history.newest() - 1;
        let mean = |bin, index| self.history.mean_over(bin, HOUR_BINS, index);
        let pair = |bin| Some((mean(bin, 0)?, mean(bin, 2)?));
        let (Some(now), Some(then)) = (pair(bin), pair(bin - DAY_BINS)) else { return };
        let changes = [
            (0, vapour::both(now.0 - then.0, vapour::temperature_left(then, now))),
            (2, vapour::both(now.1 - then.1, vapour::humidity_left(then, now))),
        ];
        for (index, change) in changes {
            let quantity = KEPT[index];
            let Some(value) = observation.values.get(quantity) else { continue };
            let Some(limit) = self.tracks[index].drifted(limits, quantity, change) else { continue };
            let finding =
                Finding { check: Check::Drift, flag: Flag::Suspect, value, change, seconds: 86_400.0, limit };
            findings[quantity as usize] = worse(findings[quantity as usize], Some(finding));
        }
    }
}

/// The worse of two findings, the first where they are alike.
pub fn worse(a: Option<Finding>, b: Option<Finding>) -> Option<Finding> {
    match (a, b) {
        (Some(a), Some(b)) if b.flag == Flag::Fail && a.flag != Flag::Fail => Some(b),
        (None, b) => b,
        (a, _) => a,
    }
}

/// By [`KEPT`]: the change that the other quantity does not explain, where there is another.
fn changes_left(then: &ByQuantity<f64>, now: &ByQuantity<f64>) -> [Option<f64>; 3] {
    let pair = |values: &ByQuantity<f64>| {
        Some((values.get(Quantity::Temperature)?, values.get(Quantity::Humidity).filter(|h| *h > 0.0)?))
    };
    let (Some(then), Some(now)) = (pair(then), pair(now)) else { return [None; 3] };
    if then == now {
        return [Some(0.0), None, Some(0.0)];
    }
    [Some(vapour::temperature_left(then, now)), None, Some(vapour::humidity_left(then, now))]
}
