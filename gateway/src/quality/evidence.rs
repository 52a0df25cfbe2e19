//! A finding as one sentence with numbers that a person can check.

use std::fmt::Write;

use minuano_telemetry::{Facts, MAX_BESIDE, Quantity, StationName};

use super::check::{Check, Finding};

/// The longest sentence, in bytes: what a message has room for.
const MOST_BYTES: usize = 256;

/// What was found: a sentence, and what it is made of for those who tell it otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// One sentence with numbers that a person can check.
    pub text: String,
    /// Its numbers; none where an earlier release found it.
    pub facts: Option<Facts>,
}

impl Evidence {
    /// A sentence with its numbers.
    pub const fn new(text: String, facts: Facts) -> Self {
        Self { text, facts: Some(facts) }
    }
}

/// What a neighbour measured meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beside<'a> {
    /// Who.
    pub station: &'a StationName,
    /// The mean of its last ten minutes.
    pub value: f64,
    /// How far that went in the finding's time.
    pub change: f64,
}

impl Finding {
    /// What was found at `station`, and what its neighbours say of it.
    pub fn evidence(&self, station: &StationName, quantity: Quantity, beside: &[Beside<'_>]) -> Evidence {
        let mut text = self.said(station, quantity);
        for said in self.beside(quantity, beside) {
            if text.len() + said.len() > MOST_BYTES {
                break;
            }
            text.push_str(&said);
        }
        Evidence::new(text, self.facts(quantity, beside))
    }

    fn facts(&self, quantity: Quantity, beside: &[Beside<'_>]) -> Facts {
        let is_of_time = self.check == Check::FlatLine;
        let beside = beside.iter().filter(|_| self.compares().is_some());
        Facts {
            quantity: Some(quantity),
            value: exact(self.value),
            change: exact(self.change),
            limit: exact(self.limit).filter(|_| !is_of_time),
            seconds: exact(self.seconds),
            limit_seconds: exact(self.limit).filter(|_| is_of_time),
            beside: beside
                .take(MAX_BESIDE)
                .filter_map(|near| {
                    let station = near.station.clone();
                    Some(minuano_telemetry::Beside {
                        station,
                        value: exact(near.value)?,
                        change: exact(near.change)?,
                    })
                })
                .collect(),
            ..Facts::default()
        }
    }

    fn said(&self, station: &StationName, quantity: Quantity) -> String {
        let Self { value, change, limit, .. } = *self;
        let (key, unit, over) = (quantity.key(), quantity.unit(), span(self.seconds));
        let (went, far) = (went(change), change.abs());
        let side = if change < 0.0 { "below" } else { "above" };
        let mut text = format!("{station} {key} {value:.2} {unit} ");
        // Writing to a String cannot fail.
        let _ = match self.check {
            Check::Range => write!(text, "is outside what can be"),
            Check::Zeros => write!(text, "is exactly zero together with the others"),
            Check::Altitude => write!(text, "is {far:.1} hPa {side} the {limit:.1} hPa of its altitude"),
            Check::DewPoint => write!(text, "makes a dew point of {change:.1} °C, limit {limit:.1} °C"),
            Check::Light => write!(text, "with the sun at {change:.1} degrees"),
            Check::Climatology => {
                write!(text, "is {far:.2} {unit} {side} the {limit:.2} {unit} of the season")
            }
            Check::Spike => write!(
                text,
                "stood {far:.2} {unit} off the readings before and after it, limit {limit:.2} {unit}"
            ),
            Check::Step => write!(text, "{went} {far:.2} {unit} in {over}, limit {limit:.2} {unit}"),
            Check::FlatLine => write!(text, "has not changed for {over}, limit {}", span(limit)),
            Check::Attenuated => {
                write!(text, "varied by {far:.2} {unit} in {over}, at least {limit:.2} {unit} is usual")
            }
            Check::Percentile => {
                write!(text, "is {far:.2} {unit} {side} what the last days lay within, {limit:.2} {unit}")
            }
            Check::Hampel => write!(
                text,
                "is {far:.2} {unit} {side} the median of the readings before it, limit {limit:.2} {unit}"
            ),
            Check::Drift => write!(
                text,
                "{went} {far:.2} {unit} against the same hour of the day before, limit {limit:.2} {unit}"
            ),
            Check::Cusum => write!(
                text,
                "went {far:.2} {unit} {side} the day before in the sum of hours, limit {limit:.2} {unit}"
            ),
            Check::Neighbours => write!(
                text,
                "is {far:.2} {unit} {side} what its neighbours let expect, limit {limit:.2} {unit}"
            ),
            Check::Buddy => {
                write!(text, "is {far:.2} {unit} {side} its neighbours, limit {limit:.2} {unit}")
            }
            Check::Byzantine => {
                write!(text, "is {far:.2} {unit} {side} its neighbours, as are its other quantities")
            }
            Check::Isolation => {
                write!(text, "could be compared with {change:.0} of the {limit:.0} neighbours that it takes")
            }
            Check::CrossCheck
            | Check::Gap
            | Check::Late
            | Check::ClockSkew
            | Check::Silent
            | Check::DuplicateStation => {
                write!(text, "is in doubt")
            }
        };
        text
    }

    /// What is compared with the neighbours: values, or how far they went.
    const fn compares(&self) -> Option<Compared> {
        match self.check {
            Check::Neighbours | Check::Buddy | Check::Byzantine => Some(Compared::Values),
            Check::Spike | Check::Step | Check::Drift | Check::Cusum | Check::Hampel | Check::Percentile => {
                Some(Compared::Changes)
            }
            _ => None,
        }
    }

    /// "; shed and gate rose 0.10 °C", or what they measure where it is values that are compared.
    fn beside(&self, quantity: Quantity, beside: &[Beside<'_>]) -> Vec<String> {
        let unit = quantity.unit();
        let Some(compared) = self.compares() else { return Vec::new() };
        let told = |beside: &Beside<'_>| {
            if compared == Compared::Values {
                format!("measured {:.2} {unit}", beside.value)
            } else {
                format!("{} {:.2} {unit}", went(beside.change), beside.change.abs())
            }
        };
        let mut told: Vec<(String, String)> =
            beside.iter().map(|beside| (beside.station.to_string(), told(beside))).collect();
        if let [(first, said), others @ ..] = &told[..]
            && !others.is_empty()
            && others.iter().all(|(_, other)| other == said)
        {
            let names = others.iter().fold(first.clone(), |names, (name, _)| format!("{names} and {name}"));
            told = vec![(names, said.clone())];
        }
        let joint = |index: usize| if index == 0 { "; " } else { ", " };
        told.iter()
            .enumerate()
            .map(|(index, (name, said))| format!("{}{name} {said}", joint(index)))
            .collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    Values,
    Changes,
}

/// Without the digits that only the arithmetic made.
pub fn exact(value: f64) -> Option<f64> {
    let rounded = (value * 1e3).round() / 1e3;
    if rounded.is_finite() { Some(rounded + 0.0) } else { Some(value).filter(|value| value.is_finite()) }
}

const fn went(change: f64) -> &'static str {
    if change < 0.0 { "fell" } else { "rose" }
}

/// A duration as people say it.
pub fn span(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else if seconds < 7200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}

#[cfg(test)]
mod tests {
    use minuano_telemetry::Flag;
    use serde_json::json;

    use super::*;

    #[test]
    fn it_names_who_else_measured_and_what() {
        let [roof, shed, gate]: [StationName; 3] = ["roof", "shed", "gate"].map(|name| name.parse().unwrap());
        let step = Finding {
            check: Check::Step,
            flag: Flag::Suspect,
            value: 38.1,
            change: 14.2,
            seconds: 60.0,
            limit: 1.2,
        };
        let beside = |station, change| Beside { station, value: 20.0 + change, change };
        let sentence = |finding: &Finding, beside: &[Beside<'_>]| {
            finding.evidence(&roof, Quantity::Temperature, beside).text
        };
        assert_eq!(
            sentence(&step, &[beside(&shed, 0.1), beside(&gate, 0.1)]),
            "roof temperature_c 38.10 °C rose 14.20 °C in 60 s, limit 1.20 °C; shed and gate rose 0.10 °C"
        );
        assert_eq!(
            sentence(&step, &[beside(&shed, 0.1), beside(&gate, -0.2)]),
            "roof temperature_c 38.10 °C rose 14.20 °C in 60 s, limit 1.20 °C; shed rose 0.10 °C, gate fell 0.20 °C"
        );
        let away = Finding { check: Check::Neighbours, change: -3.2, ..step };
        assert_eq!(
            sentence(&away, &[beside(&shed, 0.1)]),
            "roof temperature_c 38.10 °C is 3.20 °C below what its neighbours let expect, limit 1.20 °C; \
             shed measured 20.10 °C"
        );
    }

    #[test]
    fn its_facts_are_what_the_sentence_says() {
        let [roof, shed]: [StationName; 2] = ["roof", "shed"].map(|name| name.parse().unwrap());
        let step = Finding {
            check: Check::Step,
            flag: Flag::Suspect,
            value: 38.1 + 1e-9,
            change: -14.2,
            seconds: 60.0,
            limit: 1.2,
        };
        let beside = [Beside { station: &shed, value: 20.1, change: 0.1 }];
        let facts = |finding: Finding| {
            let facts = finding.evidence(&roof, Quantity::Temperature, &beside).facts;
            serde_json::to_value(facts.unwrap()).unwrap()
        };
        let said = json!({
            "quantity": "temperature_c", "value": 38.1, "change": -14.2, "limit": 1.2, "seconds": 60.0,
            "beside": [{"station": "shed", "value": 20.1, "change": 0.1}]
        });
        assert_eq!(facts(step), said);
        let still = facts(Finding { check: Check::FlatLine, limit: 3600.0, ..step });
        assert_eq!((&still["limit"], &still["limit_seconds"]), (&json!(null), &json!(3600.0)));
        assert_eq!(still["beside"], json!(null), "nobody is compared with a standstill");
        let alone = facts(Finding { check: Check::Isolation, change: 1.0, limit: 2.0, ..step });
        assert_eq!(
            (&alone["change"], &alone["limit"]),
            (&json!(1.0), &json!(2.0)),
            "neighbours: had, needed"
        );
        let wild = Finding { limit: f64::INFINITY, ..step };
        assert_eq!(facts(wild)["limit"], json!(null), "JSON has no such number");
    }

    #[test]
    fn it_fits_a_message_whatever_is_in_it() {
        let name: StationName = "a2345678901234567890123456789012".parse().unwrap();
        for check in Check::ALL {
            let finding = Finding {
                check,
                flag: Flag::Fail,
                value: -150_000.0,
                change: -150_000.0,
                seconds: 1e7,
                limit: 150_000.0,
            };
            let beside = [Beside { station: &name, value: -1e5, change: -1e5 }; 4];
            let text = finding.evidence(&name, Quantity::Illuminance, &beside).text;
            assert!(text.len() <= MOST_BYTES, "{} {text}", text.len());
        }
    }
}
