//! What Home Assistant wants to hear: one device with a component for each quantity.
//!
//! The keys are Home Assistant's own abbreviations. The templates read this wire format, which is why they stand
//! beside it.

use core::fmt::{self, Write};

use heapless::String;
use serde::Serialize;

use crate::codec::{EncodeError, encode};
use crate::name::{MAX_STATION_NAME, StationName};
use crate::quantity::{ByQuantity, Quantity};
use crate::topic::Leaf;

/// The longest discovery prefix, in bytes.
pub const MAX_PREFIX: usize = 64;
/// What Home Assistant says on its status topic when it has started.
pub const BIRTH: &[u8] = b"online";

/// `minuano_<station>_<key>` or `sensor.minuano_<station>_<name>`, with room to spare.
const MAX_ID: usize = MAX_STATION_NAME + 40;
/// A quantity with a fault is absent from its reading; Home Assistant shows `None` as unknown. Without it the
/// last value would stay on the screen.
const UNKNOWN: &str = "default('None')";
/// Home Assistant knows available and unavailable; a station that was stopped is the latter.
const AVAILABILITY: &str = "{{ 'online' if value_json.state == 'online' else 'offline' }}";

/// On `<prefix>/device/minuano_<station>/config`, retained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Discovery {
    #[serde(rename = "dev")]
    device: Device,
    #[serde(rename = "o")]
    origin: Origin,
    #[serde(rename = "avty_t")]
    availability_topic: String<MAX_ID>,
    #[serde(rename = "avty_tpl")]
    availability_template: &'static str,
    #[serde(rename = "stat_t")]
    state_topic: String<MAX_ID>,
    qos: u8,
    #[serde(rename = "cmps")]
    components: Components,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Device {
    ids: [String<MAX_ID>; 1],
    name: String<64>,
    #[serde(rename = "mf")]
    manufacturer: &'static str,
    #[serde(rename = "mdl")]
    model: &'static str,
    #[serde(rename = "sw")]
    version: String<32>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Origin {
    name: &'static str,
    #[serde(rename = "sw")]
    version: String<32>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Components {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature_c: Option<Component>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pressure_hpa: Option<Component>,
    #[serde(skip_serializing_if = "Option::is_none")]
    humidity_pct: Option<Component>,
    #[serde(skip_serializing_if = "Option::is_none")]
    illuminance_lx: Option<Component>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Component {
    #[serde(rename = "p")]
    platform: &'static str,
    #[serde(rename = "uniq_id")]
    unique_id: String<MAX_ID>,
    default_entity_id: String<MAX_ID>,
    #[serde(rename = "dev_cla")]
    device_class: &'static str,
    #[serde(rename = "stat_cla")]
    state_class: &'static str,
    #[serde(rename = "unit_of_meas")]
    unit: &'static str,
    #[serde(rename = "val_tpl")]
    value_template: String<96>,
    #[serde(rename = "exp_aft")]
    expire_after_s: u32,
}

impl Discovery {
    /// A station of this name that measures these quantities and reports each `report_s` seconds.
    pub fn new(
        station: &StationName,
        name: &str,
        version: &str,
        report_s: u32,
        quantities: impl IntoIterator<Item = Quantity>,
    ) -> Self {
        let mut wanted = ByQuantity::default();
        quantities.into_iter().for_each(|quantity| wanted.set(quantity, Some(())));
        let component = |quantity| wanted.get(quantity).map(|()| Component::new(station, quantity, report_s));
        let topic = |leaf: Leaf| text(format_args!("{}", leaf.of(station.clone())));
        Self {
            device: Device {
                ids: [text(format_args!("minuano_{station}"))],
                name: text(format_args!("{name}")),
                manufacturer: "Minuano",
                model: "Weather station",
                version: text(format_args!("{version}")),
            },
            origin: Origin { name: "minuano-station", version: text(format_args!("{version}")) },
            availability_topic: topic(Leaf::Status),
            availability_template: AVAILABILITY,
            state_topic: topic(Leaf::Telemetry),
            qos: 1,
            components: Components {
                temperature_c: component(Quantity::Temperature),
                pressure_hpa: component(Quantity::Pressure),
                humidity_pct: component(Quantity::Humidity),
                illuminance_lx: component(Quantity::Illuminance),
            },
        }
    }

    /// Writes it to the front of `buffer` and gives the bytes written.
    pub fn encode<'a>(&self, buffer: &'a mut [u8]) -> Result<&'a [u8], EncodeError> {
        encode(self, buffer)
    }
}

impl Component {
    fn new(station: &StationName, quantity: Quantity, report_s: u32) -> Self {
        let (name, device_class) = match quantity {
            Quantity::Temperature => ("temperature", "temperature"),
            Quantity::Pressure => ("pressure", "atmospheric_pressure"),
            Quantity::Humidity => ("humidity", "humidity"),
            Quantity::Illuminance => ("illuminance", "illuminance"),
        };
        let key = quantity.key();
        Self {
            platform: "sensor",
            unique_id: text(format_args!("minuano_{station}_{key}")),
            default_entity_id: text(format_args!("sensor.minuano_{}_{name}", Slug(station.as_str()))),
            device_class,
            state_class: "measurement",
            unit: quantity.unit(),
            value_template: text(format_args!("{{{{ value_json.readings[0].{key} | {UNKNOWN} }}}}")),
            // As long as a gateway waits before it calls a silent station offline.
            expire_after_s: report_s.saturating_mul(3).max(5),
        }
    }
}

/// A station's name in an entity id, which takes no `-`, no `__`, and no `_` at an end.
struct Slug<'a>(&'a str);

impl fmt::Display for Slug<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.0.split(['-', '_']).filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            if index > 0 {
                formatter.write_char('_')?;
            }
            formatter.write_str(word)?;
        }
        Ok(())
    }
}

/// Where Home Assistant looks for a station.
pub fn discovery_topic(prefix: &str, station: &StationName) -> String<{ MAX_PREFIX + MAX_ID }> {
    text(format_args!("{prefix}/device/minuano_{station}/config"))
}

/// Where Home Assistant says that it has started.
pub fn birth_topic(prefix: &str) -> String<{ MAX_PREFIX + MAX_ID }> {
    text(format_args!("{prefix}/status"))
}

/// The bounds are such that everything fits; what does not is cut.
fn text<const N: usize>(words: fmt::Arguments<'_>) -> String<N> {
    let mut text = String::new();
    let _ = text.write_fmt(words);
    text
}
