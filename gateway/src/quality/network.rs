//! A station beside its neighbours: a front passes over all of them, a fault stays with one.
//!
//! Each pair of stations has its usual difference and how far it usually strays from that, learned from
//! ten-minute means. A station is at fault when it has left every one of at least two neighbours to the same side,
//! for then they agree with each other.

use minuano_telemetry::Flag;

use super::check::{Check, Finding};
use super::history::KEPT;
use super::limits::Limits;
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

/// What a station's neighbours last said of it, for each of [`KEPT`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Opinion {
    against: [Option<(f64, f64)>; 3],
    bins: [u8; 3],
    /// The bin after which it is no longer known.
    until: i64,
    agree: [bool; 3],
}

impl Opinion {
    /// Compares the means of one bin. `others` has each neighbour's pair with its means.
    pub fn compare(
        &mut self,
        limits: &Limits,
        bin: i64,
        own: [Option<f64>; 3],
        others: &mut [(&mut Pair, [Option<f64>; 3])],
    ) {
        self.until = bin + 2;
        for (index, quantity) in KEPT.into_iter().enumerate() {
            let Some(unit) = limits.of(quantity).step else { continue };
            let (mut asked, mut nearest, mut agreeing) = (0, None::<(f64, f64)>, 0);
            for (pair, means) in others.iter_mut() {
                let (Some(own), Some(other)) = (own[index], means[index]) else { continue };
                let Some((off, limit)) = pair.usual[index].take(own - other, unit) else { continue };
                asked += 1;
                agreeing += usize::from(off.abs() <= limit);
                let beyond = if off.abs() > limit { off } else { 0.0 };
                nearest = Some(
                    nearest.map_or((beyond, limit), |(least, wide)| (both(least, beyond), wide.max(limit))),
                );
            }
            let beyond = nearest.filter(|(off, _)| asked >= LEAST && *off != 0.0);
            self.bins[index] = if beyond.is_some() { self.bins[index].saturating_add(1) } else { 0 };
            self.against[index] = beyond;
            self.agree[index] = agreeing >= LEAST;
        }
    }

    /// Against the value of a reading in `bin`.
    pub fn finding(&self, limits: &Limits, index: usize, bin: i64, value: f64) -> Option<Finding> {
        let (change, limit) = self.against[index].filter(|_| bin <= self.until)?;
        let unit = limits.of(KEPT[index]).step?;
        let fails = change.abs() > FAILING * limit
            && change.abs() > FAILING * f64::from(LEAST_STRAY) * unit
            && self.bins[index] >= FAILING_BINS;
        limits.runs(Check::Neighbours).then_some(Finding {
            check: Check::Neighbours,
            flag: if fails { Flag::Fail } else { Flag::Suspect },
            value,
            change,
            seconds: 600.0,
            limit,
        })
    }

    /// Whether the neighbours saw the same weather: what is only unusual is then no fault.
    pub fn agrees(&self, index: usize, bin: i64) -> bool {
        bin <= self.until && self.agree[index]
    }
}
