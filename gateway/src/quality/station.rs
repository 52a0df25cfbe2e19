//! The checks of one station by itself: a reading in, flags out, and what it says of the reading before.
//!
//! The state is bounded and the same size whatever comes: see [`Station`] and `docs/quality.md`.

use minuano_telemetry::{ByQuantity, Flag, Millis, Quantity};

use super::check::{Check, Finding};
use super::history::{BIN_S, History, KEPT};
use super::learned::Learned;
use super::limits::Limits;
use super::place::Place;
use super::recent::Recent;
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
    /// Of the reading before it: a spike shows only now.
    pub spikes: Findings,
    /// Whether the step from the reading before it is none that air makes, so that either may be the wrong one.
    pub doubts: [bool; 4],
    /// Whether it is later than all before it.
    pub is_later: bool,
}

/// What is remembered of a station: each quantity's last values and habits, and 26 hours in ten-minute means.
#[derive(Clone, Debug, Default)]
pub struct Station {
    last: Option<Observation>,
    tracks: [Track; 3],
    history: History,
    /// Where a test that needs it runs.
    recent: Option<Box<[Recent; 3]>>,
    /// The last day that the habits know.
    known_day: Option<i32>,
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

    /// What was learned in whole days, once there is one.
    pub fn learned(&self) -> Option<Learned> {
        let habits = [self.tracks[0].habits(), self.tracks[1].habits(), self.tracks[2].habits()];
        Some(Learned { day: self.known_day?, habits })
    }

    /// The last day in what was learned.
    pub const fn learned_day(&self) -> Option<i32> {
        self.known_day
    }

    /// Takes up what was learned before; to be called before any reading is taken.
    pub fn resume(&mut self, learned: &Learned) {
        self.known_day = Some(learned.day);
        for (track, habits) in self.tracks.iter_mut().zip(learned.habits) {
            track.resume(habits);
        }
    }

    /// Takes a reading that is later than all before it. One that is not is judged by itself.
    pub fn push(&mut self, limits: &Limits, place: &Place, observation: &Observation) -> Judged {
        let mut judged = Judged { findings: alone::check(limits, place, observation), ..Judged::default() };
        if self.recent.is_none() && Recent::wanted(limits) {
            self.recent = Some(Box::default());
        }
        let at = observation.at.get();
        let last = self.last;
        if last.is_some_and(|last| at <= last.at.get()) {
            return judged;
        }
        judged.is_later = true;
        let usable = judged.findings.map(|finding| {
            finding.is_none_or(|finding| finding.flag != Flag::Fail && finding.check != Check::Altitude)
        });
        if self.history.advance(History::bin(at)) {
            self.drift(limits, &mut judged.findings, observation);
            self.look_at_hours(limits, &mut judged.findings, observation);
            if let Some(last) = last {
                self.look_at_day(day(last.at), day(observation.at));
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
            (judged.spikes[found], judged.doubts[found]) = (seen.spike, seen.doubts);
            let recent = self.recent.as_mut().and_then(|recent| recent[index].push(limits, quantity, value));
            judged.findings[found] = worse(worse(judged.findings[found], seen.now), recent);
        }
        // What is only unusual is in the means: neighbours are asked whether they saw it too.
        let counts = |index: usize| judged.findings[index].is_none_or(|finding| finding.is_weather_perhaps());
        self.history.take(&observation.values, std::array::from_fn(|index| usable[index] && counts(index)));
        self.last = Some(*observation);
        judged
    }

    /// Another day has begun: the one that is over is learned from, unless it is known already. The first day that a
    /// station is heard has no whole day before it and counts nevertheless, as its checks ran.
    fn look_at_day(&mut self, over: i32, begun: i32) {
        if over == begun {
            return;
        }
        let is_new = self.known_day.is_none_or(|known| over > known);
        for (track, quantity) in self.tracks.iter_mut().zip(KEPT) {
            track.next_day(quantity, is_new);
        }
        if is_new {
            self.known_day = Some(over);
        }
    }

    /// A ten-minute mean is complete: what do the tests of hours say?
    fn look_at_hours(&mut self, limits: &Limits, findings: &mut Findings, observation: &Observation) {
        let bin = self.history.newest() - 1;
        if limits.runs(Check::Attenuated) {
            self.attenuated(limits, findings, observation, bin);
        }
        let Some(recent) = &mut self.recent else { return };
        for (index, quantity) in KEPT.into_iter().enumerate() {
            if let Some(mean) = self.history.mean(bin, index) {
                recent[index].mean(limits, quantity, mean);
            }
            let hour = |bin| self.history.mean_over(bin, HOUR_BINS, index);
            let (Some(now), Some(then)) = (hour(bin), hour(bin - DAY_BINS)) else { continue };
            let Some(value) = observation.values.get(quantity) else { continue };
            let found = recent[index].sum(limits, quantity, value, now - then);
            findings[quantity as usize] = worse(findings[quantity as usize], found);
        }
    }

    /// QARTOD attenuated signal: what varies less in hours than weather does, though it may not stand still.
    fn attenuated(&self, limits: &Limits, findings: &mut Findings, observation: &Observation, bin: i64) {
        let seconds = limits.tuning.attenuated_hours * 3600.0;
        #[expect(clippy::cast_possible_truncation, reason = "hours of a day")]
        let bins = (seconds / BIN_S as f64) as i64;
        for (index, quantity) in KEPT.into_iter().enumerate() {
            let own = limits.of(quantity);
            let (Some(value), Some(unit)) = (observation.values.get(quantity), own.step) else { continue };
            let Some((low, high)) = self.history.span_over(bin, bins, index) else { continue };
            let limit = limits.tuning.attenuated_least * unit;
            if high - low < limit && value < own.saturated {
                let (check, flag, change) = (Check::Attenuated, Flag::Suspect, high - low);
                let finding = Finding { check, flag, value, change, seconds, limit };
                findings[quantity as usize] = worse(findings[quantity as usize], Some(finding));
            }
        }
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

/// Days since 1970, by UTC.
#[expect(clippy::cast_possible_truncation, reason = "days of two thousand years")]
fn day(at: Millis) -> i32 {
    History::bin(at.get()).div_euclid(DAY_BINS) as i32
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

#[cfg(test)]
mod tests;
