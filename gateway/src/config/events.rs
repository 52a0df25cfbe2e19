//! `[events]`: when weather is an event.

use std::time::Duration;

use minuano_settings::Problems;
use minuano_telemetry::WeatherKind;
use serde::{Deserialize, Deserializer};

use crate::events::{Rule, Rules};

/// As it stands in the file; what is not given is the kind's default.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawEvents {
    frost: Degrees,
    heat: Degrees,
    pressure_fall: Fall,
    fog: Degrees,
}

/// A rule whose values are °C.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Degrees {
    enabled: Option<bool>,
    onset_c: Option<f64>,
    clear_c: Option<f64>,
    #[serde(deserialize_with = "some_duration")]
    hold: Option<Duration>,
}

/// A rule whose values are changes in hPa over three hours.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fall {
    enabled: Option<bool>,
    onset_hpa_3h: Option<f64>,
    clear_hpa_3h: Option<f64>,
    #[serde(deserialize_with = "some_duration")]
    hold: Option<Duration>,
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    minuano_settings::duration::deserialize(deserializer).map(Some)
}

/// What a rule may say, by its kind: the range of its values, and whether it begins below its clear value.
const fn bounds(kind: WeatherKind) -> (f64, f64, bool) {
    match kind {
        WeatherKind::Frost => (-80.0, 60.0, true),
        WeatherKind::Heat => (-80.0, 60.0, false),
        WeatherKind::PressureFall => (-60.0, 0.0, true),
        WeatherKind::Fog => (0.0, 30.0, true),
    }
}

impl RawEvents {
    /// The rules, or every mistake in them.
    pub fn checked(&self, problems: &mut Problems) -> Rules {
        Rules(WeatherKind::ALL.map(|kind| {
            let degrees = |raw: &Degrees| (raw.enabled, raw.onset_c, raw.clear_c, raw.hold, "c");
            let (enabled, onset, clear, hold, unit) = match kind {
                WeatherKind::Frost => degrees(&self.frost),
                WeatherKind::Heat => degrees(&self.heat),
                WeatherKind::Fog => degrees(&self.fog),
                WeatherKind::PressureFall => {
                    let raw = &self.pressure_fall;
                    (raw.enabled, raw.onset_hpa_3h, raw.clear_hpa_3h, raw.hold, "hpa_3h")
                }
            };
            let usual = Rules::default_of(kind);
            let onset = onset.unwrap_or(usual.onset);
            let rule = Rule {
                onset,
                // Who moves the onset alone moves the hysteresis with it.
                clear: clear.unwrap_or(onset + usual.clear - usual.onset),
                hold: hold.unwrap_or(usual.hold),
            };
            let (lowest, highest, below) = bounds(kind);
            let key = |name: &str| format!("events.{}.{name}", kind.word());
            problems.require(
                rule.onset >= lowest && rule.onset <= highest,
                &key(&format!("onset_{unit}")),
                format_args!("{} takes {lowest} to {highest}", rule.onset),
            );
            let right = if below { rule.clear > rule.onset } else { rule.clear < rule.onset };
            let side = if below { "above" } else { "below" };
            problems.require(
                right && rule.clear.is_finite(),
                &key(&format!("clear_{unit}")),
                format_args!(
                    "{} takes a value {side} the onset, {}: an event ends on the other side of where it begins",
                    rule.clear, rule.onset
                ),
            );
            problems.require(rule.hold <= Duration::from_secs(86_400), &key("hold"), "takes at most \"1d\"");
            enabled.unwrap_or(true).then_some(rule)
        }))
    }
}
