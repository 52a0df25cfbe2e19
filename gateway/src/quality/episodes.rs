//! Failed readings made into anomalies: one episode, not one a reading.

use std::collections::HashMap;
use std::fmt::Write;

use minuano_telemetry::{AnomalyKind, AnomalyState, Flag, Millis, Quantity, StationName};

use super::range;

/// A series of failed readings of one quantity of one station.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// In the store, once it is there.
    pub id: Option<i64>,
    /// Which check.
    pub kind: AnomalyKind,
    /// Time of its first reading.
    pub from: Millis,
    /// Time of its last.
    pub to: Millis,
    /// The worst flag in it.
    pub flag: Flag,
    /// How many readings.
    pub readings: u64,
    /// The lowest value.
    pub lowest: f64,
    /// The highest value.
    pub highest: f64,
}

/// What a reading did to an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It began.
    Opened,
    /// It went further from the good than before: worth telling.
    Worsened,
    /// It went on.
    Continued,
    /// A good reading ended it.
    Closed,
}

impl Step {
    /// The state that the episode has after it.
    pub const fn state(self) -> AnomalyState {
        match self {
            Self::Closed => AnomalyState::Closed,
            Self::Opened | Self::Worsened | Self::Continued => AnomalyState::Open,
        }
    }

    /// The word for it in the store.
    pub const fn state_word(self) -> &'static str {
        self.state().word()
    }
}

impl Episode {
    /// One that a value outside the range opens; its first reading is yet to be taken.
    pub fn of_range(from: Millis, value: f64) -> Self {
        Self {
            id: None,
            kind: AnomalyKind::Range,
            from,
            to: from,
            flag: Flag::Fail,
            readings: 0,
            lowest: value,
            highest: value,
        }
    }

    /// Takes a failed reading in; true if it lies further outside `limits` than all before it.
    pub fn take(&mut self, at: Millis, value: f64, limits: (f64, f64)) -> bool {
        let outside = |value: f64| (limits.0 - value).max(value - limits.1);
        let further = outside(value) > outside(self.lowest).max(outside(self.highest));
        self.from = self.from.min(at);
        self.to = self.to.max(at);
        self.readings += 1;
        self.lowest = self.lowest.min(value);
        self.highest = self.highest.max(value);
        further
    }

    /// One sentence with numbers that a person can check.
    pub fn evidence(&self, station: &StationName, quantity: Quantity) -> String {
        let (lowest, highest) = range::limits(quantity);
        let (key, unit) = (quantity.key(), quantity.unit());
        let mut sentence = format!("{station} {key} ");
        // Writing to a String cannot fail.
        let _ = if self.readings == 1 {
            write!(sentence, "was {} {unit}", shown(self.lowest))
        } else {
            write!(
                sentence,
                "was {} to {} {unit} in {} readings",
                shown(self.lowest),
                shown(self.highest),
                self.readings
            )
        };
        let _ = write!(sentence, ", outside {lowest} to {highest} {unit}");
        sentence
    }
}

fn shown(value: f64) -> String {
    if value.abs() < 1e7 { format!("{value:.2}") } else { format!("{value:.2e}") }
}

/// The open episodes of every station.
#[derive(Clone, Debug, Default)]
pub struct Episodes {
    open: HashMap<(i64, Quantity), Episode>,
}

impl Episodes {
    /// Puts back what was open.
    pub fn restore(open: impl IntoIterator<Item = (i64, Quantity, Episode)>) -> Self {
        Self {
            open: open
                .into_iter()
                .map(|(station, quantity, episode)| ((station, quantity), episode))
                .collect(),
        }
    }

    /// Takes one value of one reading. A good value older than the episode's end, as a backlog brings it,
    /// does not close it.
    pub fn observe(
        &mut self,
        station: i64,
        quantity: Quantity,
        at: Millis,
        value: f64,
        flag: Flag,
    ) -> Option<(Step, Episode)> {
        let key = (station, quantity);
        match (flag, self.open.get_mut(&key)) {
            (Flag::Fail, None) => {
                let mut episode = Episode::of_range(at, value);
                episode.take(at, value, range::limits(quantity));
                self.open.insert(key, episode.clone());
                Some((Step::Opened, episode))
            }
            (Flag::Fail, Some(episode)) => {
                let step = if episode.take(at, value, range::limits(quantity)) {
                    Step::Worsened
                } else {
                    Step::Continued
                };
                Some((step, episode.clone()))
            }
            (Flag::Good, Some(episode)) if at > episode.to => {
                self.open.remove(&key).map(|episode| (Step::Closed, episode))
            }
            _ => None,
        }
    }

    /// Remembers the id that the store gave an open episode.
    pub fn name(&mut self, station: i64, quantity: Quantity, id: i64) {
        if let Some(episode) = self.open.get_mut(&(station, quantity)) {
            episode.id = Some(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Quantity = Quantity::Temperature;

    fn at(seconds: i64) -> Millis {
        Millis::new(1_800_000_000_000 + seconds * 1000).unwrap()
    }

    #[test]
    fn many_failed_readings_make_one_episode() {
        let mut episodes = Episodes::default();
        let mut steps = Vec::new();
        let values = [(0, 20.0), (10, 99.0), (20, 98.0), (30, 120.0), (35, -90.0), (40, 21.0), (50, 21.0)];
        for (second, value) in values {
            let flag = range::check(T, Some(value));
            steps.extend(episodes.observe(1, T, at(second), value, flag));
        }
        let kinds: Vec<Step> = steps.iter().map(|(step, _)| *step).collect();
        assert_eq!(kinds, [Step::Opened, Step::Continued, Step::Worsened, Step::Continued, Step::Closed]);
        let (_, closed) = steps.last().unwrap();
        assert_eq!((closed.from, closed.to, closed.readings), (at(10), at(35), 4));
        assert_eq!(
            closed.evidence(&"roof".parse().unwrap(), T),
            "roof temperature_c was -90.00 to 120.00 °C in 4 readings, outside -80 to 60 °C"
        );
    }

    #[test]
    fn a_good_reading_from_before_does_not_close_it() {
        let mut episodes = Episodes::default();
        episodes.observe(1, T, at(100), 99.0, Flag::Fail);
        assert_eq!(episodes.observe(1, T, at(50), 20.0, Flag::Good), None);
        assert_eq!(episodes.observe(2, T, at(150), 20.0, Flag::Good), None);
        assert!(matches!(episodes.observe(1, T, at(110), 20.0, Flag::Good), Some((Step::Closed, _))));
    }

    #[test]
    fn evidence_fits_a_message_whatever_the_value() {
        let mut episode = Episode::of_range(at(0), -f64::MAX);
        episode.take(at(0), f64::MAX, (0.0, 1.0));
        episode.take(at(0), 1.0, (0.0, 1.0));
        let name = "a2345678901234567890123456789012".parse().unwrap();
        assert!(episode.evidence(&name, Quantity::Illuminance).len() < 256);
    }
}
