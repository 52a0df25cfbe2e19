//! What `sensors` found, as a table for people, as JSON for programs, and what to do about it.

use std::fmt::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use minuano_telemetry::{Quantity, Reading};
use serde_json::{Map, Value, json};

use crate::bus::OpenError;
use crate::clock::Clock;
use crate::config::ClockSource;
use crate::sensors::{Calibration, Measurement, Part};

/// A part, and what it said.
pub(super) struct Found {
    pub part: Part,
    pub address: u8,
    pub measured: Measurement,
    pub measurement: Measurement,
    pub calibration: Calibration,
}

/// What was found.
pub(super) struct Report {
    bus: String,
    permissions: Option<String>,
    refused: Option<String>,
    pub answering: Vec<u8>,
    pub found: Vec<Found>,
    pub notes: Vec<String>,
}

impl Report {
    pub(super) fn of(bus: &str) -> Self {
        Self {
            bus: bus.to_owned(),
            permissions: permissions(Path::new(bus)),
            refused: None,
            answering: Vec::new(),
            found: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn cannot_open(&mut self, error: &OpenError) {
        self.refused = Some(error.to_string());
    }

    /// Whether a sensor was found and every one measures.
    pub(super) fn is_well(&self) -> bool {
        !self.found.is_empty() && self.found.iter().all(|sensor| sensor.measurement.first_fault().is_none())
    }

    pub(super) fn table(&self) -> String {
        let mut text = format!("bus      {}{}\n", self.bus, self.permissions.as_deref().unwrap_or_default());
        if self.refused.is_none() {
            text += &format!("answers  {}\n", self.answers());
        }
        if !self.found.is_empty() {
            text += "\naddress  part      quantity            value     calibration\n";
        }
        for sensor in &self.found {
            let (address, part) = (sensor.address, sensor.part.name());
            for (quantity, measured) in sensor.measurement.iter() {
                let value = match measured {
                    Ok(value) => in_unit(quantity, value),
                    Err(fault) => format!("{:>10} {}", "fault:", fault.word()),
                };
                let calibration = sensor.calibrated(quantity);
                let line =
                    format!("{address:#04x}     {part:<9} {:<14} {value:<15} {calibration}", quantity.key());
                text += line.trim_end();
                text.push('\n');
            }
        }
        for note in &self.notes {
            text += &format!("note: {note}\n");
        }
        text
    }

    pub(super) fn json(&self) -> String {
        let sensors: Vec<Value> = self.found.iter().map(Found::json).collect();
        let at = Clock::system(ClockSource::Trust).now().to_string();
        let document = json!({
            "bus": self.bus, "at": at, "error": self.refused, "answering": self.answering,
            "sensors": sensors, "notes": self.notes, "advice": self.advice(),
        });
        format!("{document}\n")
    }

    /// What a person needs to find the cause; nothing when all is well.
    pub(super) fn advice(&self) -> Option<String> {
        if let Some(refused) = &self.refused {
            return Some(format!("{refused}\n{}", other_buses(&self.bus)));
        }
        let mut text = String::new();
        if self.found.is_empty() {
            text += &format!("{}: opened, but no known sensor found. Minuano knows:\n", self.bus);
            for part in Part::ALL {
                let places: Vec<_> = part.addresses().iter().map(|place| format!("{place:#04x}")).collect();
                text += &format!("  {:<9} at {}\n", part.name(), places.join(" or "));
            }
            text += if self.answering.is_empty() {
                "Nothing answers: check power, ground, SDA and SCL (not swapped?), the pull-ups, and that the sensors\n\
                 are on this bus.\n"
            } else {
                "Something answers: compare its address with the list; an address pin may have to be tied.\n"
            };
        }
        for sensor in &self.found {
            if let Some(fault) = sensor.measurement.first_fault() {
                let (part, address) = (sensor.part.name(), sensor.address);
                let _ = writeln!(text, "{part} at {address:#04x}: {}", remedy(fault));
            }
        }
        (!text.is_empty()).then_some(text)
    }

    fn answers(&self) -> String {
        if self.answering.is_empty() {
            return "no address".to_owned();
        }
        let name = |address: &u8| {
            let part = self.found.iter().find(|found| found.address == *address);
            let what = part.map_or_else(|| usually_at(*address), |found| found.part.name());
            format!("{address:#04x} ({what})")
        };
        self.answering.iter().map(name).collect::<Vec<_>>().join(", ")
    }
}

impl Found {
    /// What the calibration made of a value, in words.
    fn calibrated(&self, quantity: Quantity) -> String {
        match (self.measured.get(quantity), self.measurement.get(quantity)) {
            (Some(Ok(before)), after) if after != Some(Ok(before)) => {
                format!("from {}", in_unit(quantity, before).trim_start())
            }
            _ if self.calibration.0.get(quantity).is_some() => "applied".to_owned(),
            _ => String::new(),
        }
    }

    fn json(&self) -> Value {
        let (mut values, mut faults, mut uncalibrated) = (Map::new(), Map::new(), Map::new());
        for (quantity, measured) in self.measurement.iter() {
            let at_resolution = |value| json!(Reading::at_resolution(quantity, value));
            let key = quantity.key().to_owned();
            match measured {
                Ok(value) => values.insert(key.clone(), at_resolution(value)),
                Err(fault) => faults.insert(key.clone(), json!(fault.word())),
            };
            if let Some(Ok(before)) = self.measured.get(quantity).filter(|before| *before != measured) {
                uncalibrated.insert(key, at_resolution(before));
            }
        }
        json!({
            "part": self.part.name(), "address": self.address, "values": values, "faults": faults,
            "uncalibrated": uncalibrated,
        })
    }
}

fn in_unit(quantity: Quantity, value: f64) -> String {
    let digits = if quantity.steps_per_unit() == 10 { 1 } else { 2 };
    format!("{value:>10.digits$} {}", quantity.unit())
}

/// Who may use the device.
fn permissions(device: &Path) -> Option<String> {
    let of = std::fs::metadata(device).ok()?;
    Some(format!("  (mode {:o}, user {}, group {})", of.mode() & 0o777, of.uid(), of.gid()))
}

fn other_buses(not: &str) -> String {
    let entries = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    let mut buses: Vec<_> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with("i2c-"))
        .map(|name| format!("/dev/{name}"))
        .filter(|name| name != not)
        .collect();
    buses.sort();
    if buses.is_empty() {
        "There is no other I²C bus.\n".to_owned()
    } else {
        format!("Other I²C buses: {}\n", buses.join(", "))
    }
}

fn remedy(fault: minuano_telemetry::Fault) -> &'static str {
    use minuano_telemetry::Fault;
    match fault {
        Fault::Bus => "the bus fails: check for loose wires, long cables, missing pull-ups, a short circuit",
        Fault::Crc => {
            "its answers arrive damaged: shorten the cable, slow the bus (dtparam=i2c_arm_baudrate=50000)"
        }
        Fault::Range => "what it measures is beyond its range: look for water, ice, or a lamp on it",
        Fault::Frozen => {
            "it answers and does not measure: take its supply away and give it back, then replace it"
        }
        Fault::Absent => "it answered once and no more: check its supply and its plug",
    }
}

/// What often stands at an address, for what is none of ours.
fn usually_at(address: u8) -> &'static str {
    match address {
        0x20..=0x27 => "not known; often a port expander or a character display",
        0x38 => "not known; often an AHT10 or AHT20",
        0x3C | 0x3D => "not known; often an OLED display",
        0x40 => "not known; often an INA219 or a PCA9685",
        0x44 | 0x45 => "not known; often an SHT3x",
        0x48..=0x4B => "not known; often an ADS1115 or a TMP102",
        0x50..=0x57 => "not known; often an EEPROM",
        0x68 => "not known; often a real-time clock",
        _ => "not known",
    }
}

#[cfg(test)]
mod tests {
    use minuano_telemetry::Fault;

    use super::*;
    use crate::sensors::Linear;

    fn found() -> Found {
        let mut measured = Measurement::default();
        measured.set(Quantity::Temperature, Ok(20.0));
        measured.set(Quantity::Humidity, Err(Fault::Crc));
        let mut calibration = Calibration::default();
        calibration.0.set(Quantity::Temperature, Some(Linear { scale: 1.0, offset: -0.5 }));
        let measurement = calibration.apply(Part::Htu21d, &measured);
        Found { part: Part::Htu21d, address: 0x40, measured, measurement, calibration }
    }

    #[test]
    fn a_table_says_what_a_value_was_and_what_to_do_about_a_fault() {
        let mut report = Report::of("/dev/i2c-none");
        report.found.push(found());
        report.answering = vec![0x3C, 0x40];
        let table = report.table();
        assert!(
            table.contains("0x40     htu21d    temperature_c       19.50 °C   from 20.00 °C\n"),
            "{table}"
        );
        assert!(table.contains("fault: crc"));
        assert!(table.contains("0x3c (not known; often an OLED display), 0x40 (htu21d)"), "{table}");
        assert!(report.advice().unwrap().contains("htu21d at 0x40: its answers arrive damaged"));
        assert!(!report.is_well());
        let json: Value = serde_json::from_str(&report.json()).unwrap();
        assert_eq!(json["sensors"][0]["values"]["temperature_c"], 19.5);
        assert_eq!(json["sensors"][0]["uncalibrated"]["temperature_c"], 20.0);
        assert_eq!(json["sensors"][0]["faults"]["humidity_pct"], "crc");
    }

    #[test]
    fn nothing_found_and_nothing_opened_say_what_to_check() {
        let mut report = Report::of("/dev/i2c-none");
        let advice = report.advice().unwrap();
        assert!(advice.contains("bh1750    at 0x23 or 0x5c") && advice.contains("check power"), "{advice}");
        report.cannot_open(&OpenError::Missing { device: "/dev/i2c-none".to_owned() });
        assert!(report.advice().unwrap().contains("enable I²C"));
        assert!(report.table().starts_with("bus      /dev/i2c-none\n"));
    }
}
