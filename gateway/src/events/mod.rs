//! Weather that a person wants to know of: frost, heat, a rapid fall of pressure, likely fog. Beside the faults
//! of `quality`, and never among them. Pure: time comes with the readings.
//!
//! Readings come in the order of observation, whatever the order of their arrival ([`crate::quality::engine::InTurn`]); one that is
//! older than one seen before changes nothing. Values flagged 3 (suspect) or 4 (fail) neither begin an event nor end one.
//!
//! # Layout
//!
//! - [`Rules`]: when each kind begins and ends
//! - [`Weather`]: one station's events
//! - [`machine`]: the way of one kind: hold time, hysteresis, begin, grow, end
//! - [`history`]: the pressures of the last three hours

pub mod history;
pub mod machine;

use std::time::Duration;

use minuano_telemetry::{ByQuantity, Flag, Millis, Quantity, StationName, WeatherKind};

use crate::derived::moisture::{dew_point_c, up_to_saturation};
use crate::derived::tendency::tendency;
use history::History;
use machine::{Machine, Open, Step};

/// When an event of one kind begins and ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// It begins at this value, in the unit of its kind.
    pub onset: f64,
    /// It ends beyond this one: the hysteresis lies between.
    pub clear: f64,
    /// For so long the value has to stay there, to begin and to end.
    pub hold: Duration,
}

/// The rule of each kind, in the order of [`WeatherKind::ALL`]; none: it is not looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules(pub [Option<Rule>; 4]);

impl Rules {
    /// The rule of one kind.
    pub fn get(&self, kind: WeatherKind) -> Option<Rule> {
        self.0[kind as usize]
    }

    /// The longest hold time of any kind.
    pub fn longest_hold(&self) -> Duration {
        self.0.iter().flatten().map(|rule| rule.hold).max().unwrap_or_default()
    }

    /// The rule that holds where nothing is configured.
    ///
    /// Frost: the air freezes. Heat: half of the heat-health warnings of Europe begin near 35 °C. A fall of 6 hPa in three hours is
    /// "very rapid" in the words of the shipping forecast (UK Met Office). Fog: air within 1 °C of its dew point.
    pub const fn default_of(kind: WeatherKind) -> Rule {
        let (onset, clear, minutes) = match kind {
            WeatherKind::Frost => (0.0, 1.0, 10),
            WeatherKind::Heat => (35.0, 33.0, 10),
            WeatherKind::PressureFall => (-6.0, -3.0, 10),
            WeatherKind::Fog => (1.0, 2.0, 30),
        };
        Rule { onset, clear, hold: Duration::from_secs(minutes * 60) }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self(WeatherKind::ALL.map(|kind| Some(Self::default_of(kind))))
    }
}

/// One station's weather: some 600 bytes.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    machines: [Machine; 4],
    pressures: History,
    newest: Option<Millis>,
}

impl Weather {
    /// Puts back what was known before a restart: pressures oldest first, until when each kind's last event was, and what is open.
    pub fn restore(
        pressures: impl IntoIterator<Item = (Millis, f64)>,
        told: impl IntoIterator<Item = (WeatherKind, Millis)>,
        open: impl IntoIterator<Item = (WeatherKind, Open)>,
    ) -> Self {
        let mut weather = Self::default();
        for (at, pressure) in pressures {
            weather.pressures.push(at, pressure);
        }
        for (kind, to) in told {
            weather.machines[kind as usize] = Machine::after(to);
        }
        for (kind, open) in open {
            weather.machines[kind as usize] = Machine::of(open);
        }
        weather
    }

    /// Takes a reading; gives what it began, furthered or ended.
    pub fn take(
        &mut self,
        rules: &Rules,
        at: Millis,
        values: &ByQuantity<f64>,
        flags: &[Flag; 4],
    ) -> Vec<(WeatherKind, Step, Open)> {
        if self.newest.is_some_and(|newest| at <= newest) {
            return Vec::new();
        }
        self.newest = Some(at);
        let good = |quantity: Quantity| match flags[quantity as usize] {
            Flag::Good | Flag::NotEvaluated => values.get(quantity),
            Flag::Suspect | Flag::Fail | Flag::Missing => None,
        };
        let temperature = good(Quantity::Temperature);
        if let Some(pressure) = good(Quantity::Pressure) {
            self.pressures.push(at, pressure);
        }
        let mut steps = Vec::new();
        for kind in WeatherKind::ALL {
            let Some(rule) = rules.get(kind) else { continue };
            let value = match kind {
                WeatherKind::Frost | WeatherKind::Heat => temperature,
                WeatherKind::PressureFall => good(Quantity::Pressure)
                    .and_then(|_| tendency(self.pressures.all()))
                    .map(|tendency| tendency.change_hpa),
                WeatherKind::Fog => temperature
                    .zip(good(Quantity::Humidity).map(up_to_saturation))
                    .and_then(|(air, humidity)| Some(air - dew_point_c(air, humidity)?)),
            };
            let Some(value) = value else { continue };
            if let Some((step, open)) = self.machines[kind as usize].take(&rule, at, value) {
                steps.push((kind, step, open));
            }
        }
        steps
    }

    /// Remembers the id that the store gave an open event.
    pub fn name(&mut self, kind: WeatherKind, id: i64) {
        self.machines[kind as usize].name(id);
    }
}

/// One sentence with numbers that a person can check.
pub fn evidence(station: &StationName, kind: WeatherKind, rule: &Rule, open: &Open) -> String {
    let (onset, extreme) = (rule.onset, open.extreme);
    match kind {
        WeatherKind::Frost => {
            format!("{station} temperature fell to {extreme:.2} °C; frost is at or below {onset} °C")
        }
        WeatherKind::Heat => {
            format!("{station} temperature rose to {extreme:.2} °C; heat is at or above {onset} °C")
        }
        WeatherKind::PressureFall => format!(
            "{station} pressure fell by {:.1} hPa in 3 h; a rapid fall is {} hPa or more",
            extreme.abs(),
            onset.abs()
        ),
        WeatherKind::Fog => format!(
            "{station} air came within {extreme:.1} °C of its dew point; fog is likely within {onset} °C"
        ),
    }
}

#[cfg(test)]
mod real_weather;
#[cfg(test)]
mod tests;
