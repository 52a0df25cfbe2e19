//! `[[sensors]]`, `[prefer]`, `[calibration]` and `bus.parts`: the keys, and what they must be.

use std::collections::BTreeMap;

use minuano_settings::Problems;
use minuano_telemetry::{MAX_SENSORS, Quantity};
use serde::Deserialize;

use crate::sensors::{Calibration, Calibrations, Linear, Part, Preference, Settings};

/// What the emulated bus holds when nothing is said.
const EMULATED: [Part; 2] = [Part::Bme280, Part::Bh1750];

/// A part that is named instead of found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    part: Part,
    address: Option<u8>,
    #[serde(default)]
    calibration: Corrections,
}

/// By quantity.
pub(super) type Corrections = BTreeMap<Quantity, Correction>;

/// By quantity, the most preferred part first.
pub(super) type Prefer = BTreeMap<Quantity, Vec<Part>>;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Correction {
    offset: f64,
    scale: f64,
}

impl Default for Correction {
    fn default() -> Self {
        Self { offset: 0.0, scale: 1.0 }
    }
}

/// The settings of the sensors; what is wrong is in the problems.
pub(super) fn settings(
    named: &[Named],
    prefer: &Prefer,
    calibration: &Corrections,
    problems: &mut Problems,
) -> Settings {
    let mut settings = Settings {
        named: Vec::new(),
        preference: preference(prefer, problems),
        calibrations: Calibrations {
            general: checked(calibration, None, "calibration", problems),
            own: Vec::new(),
        },
    };
    problems.require(
        named.len() <= MAX_SENSORS,
        "sensors",
        format_args!("names {} parts; it takes at most {MAX_SENSORS}", named.len()),
    );
    for (index, Named { part, address, calibration }) in named.iter().enumerate() {
        let key = format!("sensors[{index}]");
        let Some(address) = address.or(part.addresses().first().copied()) else { continue };
        problems.require(
            part.addresses().contains(&address),
            &format!("{key}.address"),
            format_args!("is {address}; a {} stands at {}", part.name(), places(*part)),
        );
        problems.require(
            settings.named.iter().all(|(_, other)| *other != address),
            &format!("{key}.address"),
            format_args!("is {address} ({address:#04x}), as another part's; one address holds one part"),
        );
        let own = checked(calibration, Some(*part), &format!("{key}.calibration"), problems);
        settings.named.push((*part, address));
        settings.calibrations.own.push((*part, address, own));
    }
    settings
}

/// The parts on the emulated bus.
pub(super) fn emulated(parts: Option<Vec<Part>>, problems: &mut Problems) -> Vec<Part> {
    let parts = parts.unwrap_or_else(|| EMULATED.to_vec());
    problems.require(
        parts.len() <= MAX_SENSORS,
        "bus.parts",
        format_args!("names {} parts; it takes at most {MAX_SENSORS}", parts.len()),
    );
    parts
}

fn places(part: Part) -> String {
    let places: Vec<_> = part.addresses().iter().map(|place| format!("{place} ({place:#04x})")).collect();
    places.join(" or ")
}

fn preference(prefer: &Prefer, problems: &mut Problems) -> Preference {
    let mut preference = Preference::default();
    for (quantity, parts) in prefer {
        let stranger = parts.iter().find(|part| !part.quantities().contains(quantity));
        if let Some(part) = stranger {
            let key = format!("prefer.{}", quantity.key());
            problems.add(&key, format_args!("names {}, which does not measure it", part.name()));
        }
        preference.prefer(*quantity, parts);
    }
    preference
}

fn checked(corrections: &Corrections, part: Option<Part>, key: &str, problems: &mut Problems) -> Calibration {
    let mut calibration = Calibration::default();
    for (quantity, Correction { offset, scale }) in corrections {
        let key = format!("{key}.{}", quantity.key());
        if let Some(part) = part.filter(|part| !part.quantities().contains(quantity)) {
            problems.add(&key, format_args!("is given to a {}, which does not measure it", part.name()));
        }
        let (widest, least, most) = match quantity {
            Quantity::Temperature => (20.0, 0.5, 2.0),
            Quantity::Pressure => (50.0, 0.9, 1.1),
            Quantity::Humidity => (30.0, 0.5, 2.0),
            Quantity::Illuminance => (1_000.0, 0.1, 10.0),
        };
        problems.require(
            (-widest..=widest).contains(offset),
            &format!("{key}.offset"),
            format_args!("is {offset}; it takes −{widest} to {widest} {}", quantity.unit()),
        );
        problems.require(
            (least..=most).contains(scale),
            &format!("{key}.scale"),
            format_args!("is {scale}; it takes {least} to {most}"),
        );
        calibration.0.set(*quantity, Some(Linear { scale: *scale, offset: *offset }));
    }
    calibration
}

#[cfg(test)]
mod tests {
    use super::super::BusConfig;
    use super::super::tests::load;
    use super::*;

    #[test]
    fn parts_are_named_preferred_and_calibrated() {
        let config = load(
            "station = \"roof\"\n\
             [bus]\nkind = \"emulated\"\nparts = [\"bmp180\", \"htu21d\", \"bh1750\"]\n\
             [prefer]\ntemperature_c = [\"bmp180\"]\n\
             [calibration]\nhumidity_pct = { scale = 1.02, offset = -1.5 }\n\
             [[sensors]]\npart = \"bmp180\"\n\
             [[sensors]]\npart = \"bme280\"\naddress = 118\ncalibration = { pressure_hpa = { offset = 0.4 } }",
        )
        .unwrap();
        let Settings { named, preference, calibrations } = &config.sensors;
        assert_eq!(named, &[(Part::Bmp180, 0x77), (Part::Bme280, 0x76)]);
        assert_eq!(preference.rank(Quantity::Temperature, Part::Bmp180), 0);
        let of = calibrations.of(Part::Bme280, 0x76).0;
        assert_eq!(of.get(Quantity::Pressure), Some(Linear { scale: 1.0, offset: 0.4 }));
        assert_eq!(of.get(Quantity::Humidity), Some(Linear { scale: 1.02, offset: -1.5 }));
        let BusConfig::Emulated { parts, .. } = config.bus else { panic!("it is emulated") };
        assert_eq!(parts, [Part::Bmp180, Part::Htu21d, Part::Bh1750]);
        let usual = load("station = \"roof\"\n[bus]\nkind = \"emulated\"").unwrap();
        let BusConfig::Emulated { parts, .. } = usual.bus else { panic!("it is emulated") };
        assert_eq!((parts, usual.sensors), (EMULATED.to_vec(), Settings::default()));
    }

    #[test]
    fn every_mistake_is_named_at_its_place() {
        let said = load(
            "station = \"roof\"\n\
             [bus]\nparts = [\"bmp180\"]\n\
             [prefer]\nhumidity_pct = [\"bh1750\"]\n\
             [calibration]\ntemperature_c = { offset = 50 }\npressure_hpa = { scale = 2 }\n\
             [[sensors]]\npart = \"bmp180\"\naddress = 118\n\
             [[sensors]]\npart = \"bme280\"\naddress = 118\n\
             [[sensors]]\npart = \"bh1750\"\ncalibration = { humidity_pct = { offset = 1 } }",
        )
        .unwrap_err();
        for key in [
            "bus.parts: ",
            "prefer.humidity_pct: ",
            "calibration.temperature_c.offset: ",
            "calibration.pressure_hpa.scale: ",
            "sensors[0].address: is 118; a bmp180 stands at 119 (0x77)",
            "sensors[1].address: ",
            "sensors[2].calibration.humidity_pct: ",
        ] {
            assert_eq!(said.lines().filter(|line| line.starts_with(key)).count(), 1, "{key} in\n{said}");
        }
        assert_eq!(said.lines().count(), 7, "{said}");
        let said = load("station = \"roof\"\n[[sensors]]\npart = \"dht22\"").unwrap_err();
        assert!(said.contains("sensors") && said.contains("dht22"), "{said}");
    }
}
