//! What the image promises, one file a promise. Each gives a sentence with figures for docs/image.md.

mod first_reading;
mod guarded;
mod one_pi_alone;
mod power_cuts;
mod raspberry_pi;
mod sensor_trouble;
mod wrong_settings;

use std::path::PathBuf;

use clap::ValueEnum;
use minuano_station::emulated::Air;
use minuano_tests::Wire;
use serde_json::Value;

/// The promises, as they are named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Proof {
    /// From power to the first reading at a broker, with the emulated weather's values; the clock comes later
    FirstReading,
    /// The power goes while readings flow, again and again
    PowerCuts,
    /// A sensor unplugged, a bus stuck, the adapter out
    SensorTrouble,
    /// gateway = true: the panel of the card itself
    OnePiAlone,
    /// Every kind of wrong minuano.toml
    WrongSettings,
    /// Who may log in, what is made once, what is where; a systemd that hangs is restarted
    Guarded,
    /// A Raspberry Pi 3B, with its own device tree and I2C controller
    RaspberryPi,
}

/// What a proof needs to know.
pub struct Given {
    pub image: PathBuf,
    pub cuts: u32,
    pub seed: u64,
    pub pictures: PathBuf,
}

impl Proof {
    /// Sees it hold, or fails.
    pub fn see(self, given: &Given) -> String {
        match self {
            Self::FirstReading => first_reading::see(given),
            Self::PowerCuts => power_cuts::see(given),
            Self::SensorTrouble => sensor_trouble::see(given),
            Self::OnePiAlone => one_pi_alone::see(given),
            Self::WrongSettings => wrong_settings::see(given),
            Self::Guarded => guarded::see(given),
            Self::RaspberryPi => raspberry_pi::see(given),
        }
    }

    /// In the document.
    pub fn title(self) -> &'static str {
        match self {
            Self::FirstReading => "First reading",
            Self::PowerCuts => "Power cuts",
            Self::SensorTrouble => "Sensor trouble",
            Self::OnePiAlone => "One Pi alone",
            Self::WrongSettings => "Wrong settings",
            Self::Guarded => "Login, identity, watchdog",
            Self::RaspberryPi => "Raspberry Pi 3B",
        }
    }
}

/// A mild day. Values that neither rounding nor clamping would hide.
const AIR: Air =
    Air { temperature_c: 21.57, pressure_hpa: 771.36, humidity_pct: 43.21, illuminance_lx: 1234.5 };

/// What each part resolves, and what the means of ten samples may differ by.
const NEAR: [(&str, f64); 4] =
    [("temperature_c", 0.03), ("pressure_hpa", 0.05), ("humidity_pct", 0.1), ("illuminance_lx", 1.0)];

/// How far each value of a reading is from the air; fails where it is further than the part's resolution.
fn compared(reading: &Value, air: Air) -> String {
    let wanted = [air.temperature_c, air.pressure_hpa, air.humidity_pct, air.illuminance_lx];
    let far: Vec<String> = NEAR
        .iter()
        .zip(wanted)
        .map(|((key, near), wanted)| {
            let value = reading[key].as_f64().unwrap_or_else(|| panic!("no {key} in {reading}"));
            assert!((value - wanted).abs() <= *near, "{key} is {value}, the air has {wanted}: {reading}");
            format!("{:+.2}", value - wanted)
        })
        .collect();
    far.join(", ")
}

/// Every reading that came on a station's topics, in the order in which it came, with its stream.
fn readings(wire: &Wire, station: &str) -> Vec<(String, Value)> {
    let of = |kind: &str| wire.heard(&format!("minuano/v1/{station}/{kind}"));
    let messages = [of("telemetry"), of("backlog")].concat();
    messages
        .iter()
        .flat_map(|message| {
            let payload = message.json();
            let stream = payload["stream"].as_str().unwrap_or_default().to_owned();
            let readings = payload["readings"].as_array().cloned().unwrap_or_default();
            readings.into_iter().map(move |reading| (stream.clone(), reading))
        })
        .collect()
}

/// The newest health that a station told.
fn health(wire: &Wire, station: &str) -> Option<Value> {
    wire.heard(&format!("minuano/v1/{station}/health")).last().map(minuano_tests::wire::Heard::json)
}
