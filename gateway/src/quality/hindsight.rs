//! What later readings say of one: a spike shows at the next, and a step that no air makes brings the reading
//! before it into doubt, unless the reading after it shows that it was a spike.

use minuano_telemetry::{Flag, Millis, Quantity};

use super::check::{Check, Finding};
use super::limits::Limits;
use super::station::{Findings, Judged, Observation, worse};

/// How many readings that are judged may yet be judged otherwise.
pub const DEPTH: usize = 2;

/// What is found of a reading so far.
#[derive(Clone, Copy, Debug)]
pub struct Judgement {
    /// By the reading itself, those before it and the next.
    pub findings: Findings,
    at: Millis,
    is_later: bool,
    /// What the step to the next reading makes doubtful. It is told as that reading's, so nothing is found here.
    doubted: [bool; 4],
}

impl Judgement {
    /// Of a reading taken at that time, with nothing after it.
    pub const fn new(at: Millis, judged: &Judged) -> Self {
        Self { findings: judged.findings, at, is_later: judged.is_later, doubted: [false; 4] }
    }

    /// The worst flag of each quantity, good without any finding, missing without a value.
    pub fn flags(&self, observation: &Observation) -> [Flag; 4] {
        let mut flags = flags(observation, &self.findings);
        for (flag, doubted) in flags.iter_mut().zip(self.doubted) {
            if doubted && *flag == Flag::Good {
                *flag = Flag::Suspect;
            }
        }
        flags
    }

    /// Whether the reading after `next` may yet take a doubt away.
    pub fn waits_for_another(&self, limits: &Limits, next: &Self) -> bool {
        self.doubted.contains(&true)
            && limits.runs(Check::Spike)
            && is_soon(limits, self.at, next.at, next.at.get())
    }
}

/// Whether a reading at `third` comes while the first may still be looked at again. Where readings are so far apart
/// that the third would come too late, it counts as too late: flags are not to depend on when it arrives.
fn is_soon(limits: &Limits, first: Millis, second: Millis, third: i64) -> bool {
    let seconds = |from: Millis, to: i64| (to - from.get()) as f64 / 1000.0;
    let most = limits.tuning.second_look_s;
    2.0 * seconds(first, second.get()) <= most && seconds(first, third) <= most
}

/// The flags that findings make by themselves.
pub fn flags(observation: &Observation, findings: &Findings) -> [Flag; 4] {
    Quantity::ALL.map(|quantity| match observation.values.get(quantity) {
        None => Flag::Missing,
        Some(_) => findings[quantity as usize].map_or(Flag::Good, |finding| finding.flag),
    })
}

/// Tells those before it, the latest first, what a reading at that time brought to light. A spike explains the step
/// that it began with, and with it the doubt of the reading before that step.
pub fn tell_back<'a>(
    limits: &Limits,
    at: Millis,
    judged: &Judged,
    latest_first: impl Iterator<Item = &'a mut Judgement>,
) {
    // One that was not later than its predecessor took no part.
    let mut before = latest_first.filter(|other| other.is_later);
    let Some(last) = before.next() else { return };
    let earlier = before.next().filter(|earlier| is_soon(limits, earlier.at, last.at, at.get()));
    for (found, spike) in last.findings.iter_mut().zip(judged.spikes) {
        let explains = |found: &Finding| found.check == Check::Step && found.flag == Flag::Suspect;
        if spike.is_some() && found.as_ref().is_none_or(explains) {
            *found = spike;
        } else {
            *found = worse(*found, spike);
        }
    }
    last.doubted = judged.doubts;
    if let Some(earlier) = earlier {
        for (doubted, spike) in earlier.doubted.iter_mut().zip(judged.spikes) {
            *doubted &= spike.is_none();
        }
    }
}
