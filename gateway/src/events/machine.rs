//! The way of one kind of event at one station.

use minuano_telemetry::Millis;

use super::Rule;

/// After so long without a reading nothing is known of what lies between: an event ends where it was last seen,
/// and one that was about to begin begins anew.
pub const LONGEST_GAP_MS: i64 = 3_600_000;
/// How much further an event has to go before it is told again, in °C or hPa: by what is seen, beside the low of the day.
const TOLD_EACH: f64 = 0.1;

/// An event that goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Open {
    /// In the store, once it is there.
    pub id: Option<i64>,
    /// When the value first was there.
    pub from: Millis,
    /// When it was there last.
    pub to: Millis,
    /// The furthest that it went.
    pub extreme: f64,
}

/// What a reading did to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It began: the value has been there for the hold time.
    Opened,
    /// It went further, by enough to tell.
    Grew,
    /// It ended: the value has been clear for the hold time, or nothing came for long.
    Closed,
}

/// What is known between readings.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Clear,
    /// There, but not for long enough.
    Coming(Open),
    Open {
        open: Open,
        told: f64,
    },
    /// Clear, but not for long enough.
    Going {
        open: Open,
        told: f64,
        since: Millis,
    },
}

/// One kind of event at one station.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine {
    state: State,
    last: Option<Millis>,
}

impl Machine {
    /// One with an event open, as the store had it.
    pub const fn of(open: Open) -> Self {
        Self { state: State::Open { open, told: open.extreme }, last: Some(open.to) }
    }

    /// One whose last event was over at `to`, as the store had it.
    pub const fn after(to: Millis) -> Self {
        Self { state: State::Clear, last: Some(to) }
    }

    /// Takes a value. One that is not later than all before it has been taken, and changes nothing.
    pub fn take(&mut self, rule: &Rule, at: Millis, value: f64) -> Option<(Step, Open)> {
        if self.last.is_some_and(|last| at <= last) {
            return None;
        }
        let below = rule.onset < rule.clear;
        let further = |one: f64, other: f64| if below { one < other } else { one > other };
        let there = value == rule.onset || further(value, rule.onset);
        let clear = value != rule.clear && further(rule.clear, value);
        let held =
            |since: Millis| u128::try_from(at.get() - since.get()).unwrap_or(0) >= rule.hold.as_millis();
        let gap = self.last.is_some_and(|last| at.get() - last.get() > LONGEST_GAP_MS);
        self.last = Some(at);
        if gap {
            let before = std::mem::take(&mut self.state);
            // What this reading begins is taken up by the next one.
            if let State::Open { open, .. } | State::Going { open, .. } = before {
                return Some((Step::Closed, open));
            }
        }
        let reached = |mut open: Open| {
            open.to = at;
            if further(value, open.extreme) {
                open.extreme = value;
            }
            open
        };
        match self.state {
            State::Clear if there => self.come(rule, Open { id: None, from: at, to: at, extreme: value }),
            State::Coming(open) if there && held(open.from) => {
                let open = reached(open);
                self.state = State::Open { open, told: open.extreme };
                Some((Step::Opened, open))
            }
            State::Coming(open) if there => {
                self.state = State::Coming(reached(open));
                None
            }
            State::Coming(_) => {
                self.state = State::Clear;
                None
            }
            State::Open { open, told } if clear => self.go(rule, State::Going { open, told, since: at }),
            State::Going { open, .. } if clear => {
                let State::Going { since, .. } = self.state else { return None };
                held(since).then(|| {
                    self.state = State::Clear;
                    (Step::Closed, open)
                })
            }
            State::Open { open, told } | State::Going { open, told, .. } => {
                let open = reached(open);
                let grew = (open.extreme - told).abs() >= TOLD_EACH;
                self.state = State::Open { open, told: if grew { open.extreme } else { told } };
                grew.then_some((Step::Grew, open))
            }
            State::Clear => None,
        }
    }

    fn come(&mut self, rule: &Rule, open: Open) -> Option<(Step, Open)> {
        if rule.hold.is_zero() {
            self.state = State::Open { open, told: open.extreme };
            return Some((Step::Opened, open));
        }
        self.state = State::Coming(open);
        None
    }

    fn go(&mut self, rule: &Rule, going: State) -> Option<(Step, Open)> {
        match going {
            State::Going { open, .. } if rule.hold.is_zero() => {
                self.state = State::Clear;
                Some((Step::Closed, open))
            }
            going => {
                self.state = going;
                None
            }
        }
    }

    /// Remembers the id that the store gave the open event.
    pub fn name(&mut self, id: i64) {
        if let State::Open { open, .. } | State::Going { open, .. } = &mut self.state {
            open.id = Some(id);
        }
    }
}
