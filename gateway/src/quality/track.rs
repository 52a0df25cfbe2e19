//! One quantity of one station: spikes, steps and standstill.

use minuano_telemetry::{Flag, Quantity};

use super::check::{Check, Finding};
use super::habit::Habit;
use super::limits::Limits;
use super::station::GAP_S;
use super::vapour::both;

/// Shares of the suspect minute step below which nothing is said, however calm a station has been.
const LEAST_STEP: f64 = 0.4;
const LEAST_SPIKE: f64 = 0.5;
const LEAST_DRIFT: f64 = 1.2;
/// Shares of it that are limits while the station's habits are unknown.
const NEW_STEP: f64 = 0.8;
const NEW_SPIKE: f64 = 0.9;
/// A spike beyond this share of it is told, whatever a rough site or a broken part has made usual.
const MOST_SPIKE: f64 = 0.9;
/// Up to this share of it, a rough day is no fault.
const ROUGH: f64 = 0.8;
/// A change of more suspect minute steps than this is none of the air's: a spike of it fails, and where it stays,
/// the reading before it may as well be the wrong one as the reading after it.
const NOT_AIR: f64 = 2.0;
/// How far from the limit, in parts of it, a drift must come back before it can be found again.
const REARM: f64 = 0.6;

/// How a quantity shares out its false alarms, of which half a day is the budget. Chosen by the figures of
/// all of docs/quality.md's series, so none of them is a test of it.
#[derive(Clone, Copy, Debug)]
struct Temper {
    /// Which of the largest days of fourteen is the limit of steps, spikes and drifts: a rank of k costs a false alarm
    /// on about k days of fifteen. Pressure has no drift to judge by itself; humidity steps with every front.
    ranks: (usize, usize, usize),
    /// A step beyond this share of the suspect minute step is told, whatever has become usual: a part that fails
    /// each day does not teach that this is well.
    most_step: f64,
    /// The limit of drifts in the same shares while it is unknown, and what it grows to at most.
    new_drift: f64,
    most_drift: f64,
    /// A drift that goes so much further is told again. None: it is not.
    again: Option<f64>,
}

const fn temper(quantity: Quantity) -> Temper {
    match quantity {
        Quantity::Temperature => {
            Temper { ranks: (2, 1, 6), most_step: 0.8, new_drift: 1.8, most_drift: 1.8, again: Some(1.0) }
        }
        Quantity::Pressure => {
            Temper { ranks: (2, 1, 1), most_step: 0.8, new_drift: 1.7, most_drift: 2.5, again: None }
        }
        Quantity::Humidity | Quantity::Illuminance => {
            Temper { ranks: (1, 1, 4), most_step: 0.85, new_drift: 2.2, most_drift: 2.5, again: None }
        }
    }
}
/// Readings that must be the same before a standstill is found, whatever the time.
const FLAT_READINGS: u32 = 8;
/// Standstill of so many limits fails.
const FAILING_FLAT: f64 = 2.5;
/// Saturated air may stand still so much longer.
const SATURATED: f64 = 8.0;
/// Share of a new slope in the running one.
const SLOPE_SHARE: f64 = 0.3;

/// What is remembered of a quantity.
#[derive(Clone, Debug, Default)]
pub struct Track {
    last: Option<(i64, f64)>,
    /// The value before the last.
    before: Option<f64>,
    /// The last value of which nothing was found.
    sound: Option<(i64, f64)>,
    /// Running change a second.
    slope: f64,
    /// Since when the value is the same, and for how many readings.
    flat: Option<(i64, u32)>,
    steps: Habit,
    spikes: Habit,
    drifts: Habit,
    /// How far a drift had gone when it was last told; zero: there is none.
    drifted: f32,
}

/// What a value brought to light.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub now: Option<Finding>,
    /// Of the value before it.
    pub spike: Option<Finding>,
    /// Whether the value before it may as well be the wrong one.
    pub doubts: bool,
}

impl Track {
    /// There is no value: what follows has none before it.
    pub fn miss(&mut self) {
        self.before = None;
        self.last = None;
    }

    /// A day is over; one that was not seen whole teaches nothing.
    pub fn next_day(&mut self, quantity: Quantity, whole: bool) {
        if !whole {
            for habit in [&mut self.steps, &mut self.spikes, &mut self.drifts] {
                habit.begin_day();
            }
            return;
        }
        let (steps, spikes, drifts) = temper(quantity).ranks;
        self.steps.next_day(steps);
        self.spikes.next_day(spikes);
        self.drifts.next_day(drifts);
    }

    /// Takes a value; `left` is what of the change another quantity does not explain, where there is one.
    pub fn push(
        &mut self,
        limits: &Limits,
        quantity: Quantity,
        at: i64,
        value: f64,
        left: Option<f64>,
    ) -> Seen {
        let mut seen = Seen::default();
        let last = self.last.filter(|(then, _)| seconds(at - then) <= GAP_S);
        if let (Some((then, last)), Some(unit)) = (last, limits.of(quantity).step) {
            let over = seconds(at - then);
            seen.spike = self.spike(limits, unit, last, value, over);
            let change = value - last;
            let mut step = both(change, change - self.slope * over);
            if let Some((_, sound)) = self.sound.filter(|(then, _)| seconds(at - then) <= GAP_S) {
                step = both(step, value - sound);
            }
            if let Some(left) = left {
                step = both(step, left);
            }
            // The longer ago, the further weather may have gone.
            let longer = (over / 600.0).max(1.0).sqrt();
            let limit = limit(&self.steps, unit, LEAST_STEP, NEW_STEP * longer)
                .min(temper(quantity).most_step * longer * unit);
            self.steps.take(step.abs());
            if limits.runs(Check::Step) && step.abs() > limit {
                seen.now = Some(Finding {
                    check: Check::Step,
                    flag: Flag::Suspect,
                    value,
                    change: step,
                    seconds: over,
                    limit,
                });
                seen.doubts = step.abs() > NOT_AIR * longer * unit;
            } else {
                let doubtful = seen.spike.is_some();
                if !doubtful {
                    self.slope += SLOPE_SHARE * (change / over - self.slope);
                }
            }
            self.before = Some(last);
        } else {
            self.before = None;
            self.slope = 0.0;
        }
        if seen.now.is_none() {
            self.sound = Some((at, value));
        }
        if let Some(flat) = self.standstill(limits, quantity, at, value) {
            seen.now = seen.now.or(Some(flat));
        }
        self.last = Some((at, value));
        seen
    }

    /// What a difference from the day before says: the limit, if it is newly beyond it.
    #[expect(clippy::cast_possible_truncation, reason = "weather fits")]
    pub fn drifted(&mut self, limits: &Limits, quantity: Quantity, change: f64) -> Option<f64> {
        let unit = limits.of(quantity).step?;
        let Temper { new_drift, most_drift, again, .. } = temper(quantity);
        let limit = limit(&self.drifts, unit, LEAST_DRIFT, new_drift).min(most_drift * unit);
        self.drifts.take(change.abs());
        let told = f64::from(self.drifted);
        let newly = change.abs() > limit
            && (told == 0.0 || again.is_some_and(|again| change.abs() > told + again * unit));
        if newly {
            self.drifted = change.abs() as f32;
        } else if change.abs() <= limit * REARM {
            self.drifted = 0.0;
        }
        (newly && limits.runs(Check::Drift)).then_some(limit)
    }

    /// What was learned in days.
    pub const fn habits(&self) -> [Habit; 3] {
        [self.steps.of_whole_days(), self.spikes.of_whole_days(), self.drifts.of_whole_days()]
    }

    /// Takes up what was learned before.
    pub const fn resume(&mut self, [steps, spikes, drifts]: [Habit; 3]) {
        (self.steps, self.spikes, self.drifts) = (steps, spikes, drifts);
    }

    fn spike(&mut self, limits: &Limits, unit: f64, last: f64, value: f64, over: f64) -> Option<Finding> {
        let off = both(last - self.before?, last - value);
        let limit = limit(&self.spikes, unit, LEAST_SPIKE, NEW_SPIKE).min(MOST_SPIKE * unit);
        self.spikes.take(off.abs());
        let fails = off.abs() > (unit * NOT_AIR).max(limit);
        (limits.runs(Check::Spike) && off.abs() > limit).then_some(Finding {
            check: Check::Spike,
            flag: if fails { Flag::Fail } else { Flag::Suspect },
            value: last,
            change: off,
            seconds: over,
            limit,
        })
    }

    fn standstill(&mut self, limits: &Limits, quantity: Quantity, at: i64, value: f64) -> Option<Finding> {
        let own = limits.of(quantity);
        #[expect(clippy::float_cmp, reason = "the same reading again, bit by bit")]
        let same = self.last.is_some_and(|(then, last)| last == value && seconds(at - then) <= 4.0 * GAP_S);
        let (since, readings) = self.flat.filter(|_| same).unwrap_or((at, 0));
        self.flat = Some((since, readings.saturating_add(1)));
        let longest = own.flat_s? * if value >= own.saturated { SATURATED } else { 1.0 };
        let stood = seconds(at - since);
        (limits.runs(Check::FlatLine) && stood >= longest && readings + 1 >= FLAT_READINGS).then_some(
            Finding {
                check: Check::FlatLine,
                flag: if stood >= longest * FAILING_FLAT { Flag::Fail } else { Flag::Suspect },
                value,
                change: 0.0,
                seconds: stood,
                limit: longest,
            },
        )
    }
}

/// What is usual at the station, or a share of the unit while that is unknown; never below the least share.
/// On a rough day what it has brought already is usual too, up to a share of the unit.
fn limit(habit: &Habit, unit: f64, least: f64, new: f64) -> f64 {
    let rough = habit.today().min(ROUGH * unit);
    habit.limit().unwrap_or(new * unit).max(least * unit).max(rough)
}

fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}
