//! A station beside its neighbours: a front passes over all of them, a fault stays with one.
//!
//! Each pair of stations has its usual difference and how far it usually strays from that, learned from
//! ten-minute means. A station is at fault when it has left every one of at least two neighbours to the same side,
//! for then they agree with each other.

use minuano_telemetry::{Flag, Quantity};

use super::check::{Check, Finding};
use super::history::KEPT;
use super::limits::Limits;
use super::station::worse;
use super::vapour::both;

/// Neighbours that a station is compared with.
pub const MOST: usize = 4;
/// Neighbours without which nothing is said.
const LEAST: usize = 2;
/// Bins until a pair knows its usual difference: an hour.
const LEARNING: u16 = 6;
/// Share of a new difference in the usual one: most of a day.
const SHARE: f32 = 1.0 / 144.0;
/// Share of the suspect minute step below which a difference is not told.
const LEAST_STRAY: f32 = 0.4;
/// How many times further than usual is too far.
const TOO_FAR: f32 = 6.0;
/// So many limits, for so many bins, fail.
const FAILING: f64 = 2.0;
const FAILING_BINS: u8 = 3;
/// A station all of whose quantities were wrong for so many bins is not believed in any.
const BYZANTINE_BINS: u8 = 6;

/// What is usual between two stations, for each of [`KEPT`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Pair {
    usual: [Usual; 3],
}

#[derive(Clone, Copy, Debug, Default)]
struct Usual {
    difference: f32,
    stray: f32,
    bins: u16,
}

impl Usual {
    /// Takes a difference; gives how far it is from the usual one and the limit of that, once they are known.
    #[expect(clippy::cast_possible_truncation, reason = "weather fits")]
    fn take(&mut self, difference: f64, unit: f64) -> Option<(f64, f64)> {
        let (difference, unit) = (difference as f32, unit as f32);
        self.bins = self.bins.saturating_add(1);
        if self.bins <= LEARNING {
            self.difference += (difference - self.difference) / f32::from(self.bins);
            return None;
        }
        let off = difference - self.difference;
        let limit = (TOO_FAR * self.stray).max(LEAST_STRAY * unit);
        // What is too far teaches little, so that a fault does not become usual within its day.
        let taught = off.clamp(-limit / 4.0, limit / 4.0);
        self.difference += SHARE * taught;
        self.stray += 2.0 * SHARE * (taught.abs() - self.stray);
        Some((f64::from(off), f64::from(limit)))
    }
}

/// A neighbour that is asked.
#[derive(Debug)]
pub struct Other<'a> {
    /// What is usual between the two.
    pub pair: &'a mut Pair,
    /// Its means of one bin, for each of [`KEPT`].
    pub means: [Option<f64>; 3],
    /// Its height above the sea, where it is known.
    pub altitude_m: Option<f64>,
}

/// Against a value: how far it is beyond what all neighbours let expect, and the limit of that.
type Against = Option<(f64, f64)>;

/// What a station's neighbours last said of it, for each of [`KEPT`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Opinion {
    against: [Against; 3],
    /// The same whatever is usual between them.
    buddies: [Against; 3],
    /// For how many bins.
    bins: [u8; 3],
    /// The bin after which it is no longer known.
    until: i64,
    agree: [bool; 3],
    /// How many neighbours had something to compare with.
    asked: [u8; 3],
    byzantine: bool,
}

impl Opinion {
    /// Compares the means of one bin.
    pub fn compare(
        &mut self,
        limits: &Limits,
        bin: i64,
        (own, altitude_m): ([Option<f64>; 3], Option<f64>),
        others: &mut [Other<'_>],
    ) {
        self.until = bin + 2;
        let (mut compared, mut wrong) = (0, 0);
        for (index, quantity) in KEPT.into_iter().enumerate() {
            let Some(unit) = limits.of(quantity).step else { continue };
            let (mut usual, mut buddies) = (Nearest::default(), Nearest::default());
            for other in others.iter_mut() {
                let (Some(own), Some(mean)) = (own[index], other.means[index]) else { continue };
                if let Some((off, limit)) = other.pair.usual[index].take(own - mean, unit) {
                    usual.ask(off, limit);
                }
                let expected = at_height(quantity, mean, altitude_m.zip(other.altitude_m));
                if let Some((expected, limit)) = expected.zip(limits.of(quantity).buddy) {
                    buddies.ask(own - expected, limit);
                }
            }
            self.against[index] = usual.beyond();
            self.buddies[index] = buddies.beyond();
            let doubted = self.against[index].is_some() || self.buddies[index].is_some();
            self.bins[index] = if doubted { self.bins[index].saturating_add(1) } else { 0 };
            self.agree[index] = usual.agreeing >= LEAST;
            #[expect(clippy::cast_possible_truncation, reason = "at most MOST")]
            let asked = usual.asked.max(buddies.asked) as u8;
            self.asked[index] = asked;
            compared += u8::from(usize::from(asked) >= LEAST);
            wrong += u8::from(self.bins[index] >= BYZANTINE_BINS);
        }
        self.byzantine = compared >= 2 && wrong == compared;
    }

    /// Against the value of a reading in `bin`.
    pub fn finding(&self, limits: &Limits, index: usize, bin: i64, value: f64) -> Option<Finding> {
        let known = bin <= self.until;
        let unit = limits.of(KEPT[index]).step?;
        let found = |check, flag, (change, limit)| {
            limits.runs(check).then_some(Finding { check, flag, value, change, seconds: 600.0, limit })
        };
        let usual = self.against[index].filter(|_| known).and_then(|(change, limit)| {
            let fails = change.abs() > FAILING * limit
                && change.abs() > FAILING * f64::from(LEAST_STRAY) * unit
                && self.bins[index] >= FAILING_BINS;
            found(Check::Neighbours, if fails { Flag::Fail } else { Flag::Suspect }, (change, limit))
        });
        let buddies = self.buddies[index].filter(|_| known);
        let buddy = buddies.and_then(|(change, limit)| {
            let fails = change.abs() > FAILING * limit && self.bins[index] >= FAILING_BINS;
            found(Check::Buddy, if fails { Flag::Fail } else { Flag::Suspect }, (change, limit))
        });
        let byzantine = self.against[index]
            .or(buddies)
            .filter(|_| known && self.byzantine)
            .and_then(|beyond| found(Check::Byzantine, Flag::Fail, beyond));
        let asked = if known { self.asked[index] } else { 0 };
        let alone = (usize::from(asked) < LEAST)
            .then(|| found(Check::Isolation, Flag::NotEvaluated, (f64::from(asked), LEAST as f64)))
            .flatten();
        byzantine.or(worse(usual, buddy)).or(alone)
    }

    /// Whether the neighbours saw the same weather: what is only unusual is then no fault.
    pub fn agrees(&self, index: usize, bin: i64) -> bool {
        bin <= self.until && self.agree[index]
    }
}

/// The neighbour that is least far away, among those that were asked.
#[derive(Clone, Copy, Debug, Default)]
struct Nearest {
    asked: usize,
    agreeing: usize,
    beyond: Against,
}

impl Nearest {
    fn ask(&mut self, off: f64, limit: f64) {
        self.asked += 1;
        self.agreeing += usize::from(off.abs() <= limit);
        let beyond = if off.abs() > limit { off } else { 0.0 };
        self.beyond = Some(
            self.beyond.map_or((beyond, limit), |(least, widest)| (both(least, beyond), widest.max(limit))),
        );
    }

    /// Where a station has left every one of enough neighbours to the same side, for then they agree.
    fn beyond(self) -> Against {
        self.beyond.filter(|(off, _)| self.asked >= LEAST && *off != 0.0)
    }
}

/// What a neighbour's mean lets expect at another height: the standard atmosphere's lapse rate and scale height
/// (ISO 2533). Pressure cannot be compared where a height is unknown.
fn at_height(quantity: Quantity, mean: f64, heights: Option<(f64, f64)>) -> Option<f64> {
    match (quantity, heights) {
        (Quantity::Pressure, heights) => heights.map(|(own, other)| mean * ((other - own) / 8434.5).exp()),
        (Quantity::Temperature, Some((own, other))) => Some(mean + 0.0065 * (other - own)),
        _ => Some(mean),
    }
}

#[cfg(test)]
mod tests;
