//! The sensors of a station: found, measured, preferred and held against each other.
//!
//! A station runs with what it has. A sensor that appears later is taken up, one that is lost is looked for
//! again, and neither needs a restart. Time is an argument; nothing here reads a clock.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, MAX_SENSORS, Quantity};

use super::cross_check::agree;
use super::identify::addresses;
use super::slot::Slot;
use super::{Calibrations, Disagreement, Measurement, Part, Preference};

/// What a person decides about a station's sensors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The parts and their addresses; without any, whatever is found.
    pub named: Vec<(Part, u8)>,
    /// Whose value counts.
    pub preference: Preference,
    /// What is known of their errors.
    pub calibrations: Calibrations,
}

/// One part's measurement.
#[derive(Clone, Copy, Debug)]
pub struct PartReading {
    /// What it is.
    pub part: Part,
    /// Where it stands.
    pub address: u8,
    /// What it gave.
    pub measured: Measurement,
    /// The same, calibrated.
    pub measurement: Measurement,
}

/// As many as one message names.
type Readings = heapless::Vec<PartReading, MAX_SENSORS>;

/// How one sensor is, for `health`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorStatus {
    /// What it is.
    pub part: Part,
    /// Where it stands, or should.
    pub address: u8,
    /// What is wrong with it; `None` when it measures.
    pub fault: Option<Fault>,
    /// Since when, in milliseconds since 1970 by the clock that `measure` was given.
    pub since_ms: u64,
    /// It measures, and another part says otherwise.
    pub warning: Option<Disagreement>,
}

/// The sensors of a station, found and looked for.
pub struct Sensors<B> {
    bus: B,
    slots: Vec<Slot<B>>,
    settings: Settings,
}

impl<B: I2c + Clone> Sensors<B> {
    /// No sensor yet: the first `measure` looks for them.
    pub fn new(bus: B, now_ms: u64, settings: Settings) -> Self {
        let mut slots: Vec<_> = settings
            .named
            .iter()
            .take(MAX_SENSORS)
            .map(|&(part, address)| Slot::new(address, Some(part), now_ms))
            .collect();
        if slots.is_empty() {
            slots = addresses().map(|address| Slot::new(address, None, now_ms)).collect();
        }
        Self { bus, slots, settings }
    }

    /// Looks for what is due, measures what is there, and merges it: every quantity has a value or a fault.
    pub fn measure<D: DelayNs>(&mut self, now_ms: u64, delay: &mut D) -> Measurement {
        let readings = self.measure_parts(now_ms, delay);
        let mut merged = Measurement::default();
        for quantity in Quantity::ALL {
            let used = self.preferred(quantity, &readings);
            if let Some((reading, value)) = used {
                self.cross_check(quantity, (reading, value), &readings);
            }
            merged.set(quantity, used.map(|(_, value)| value).ok_or_else(|| self.fault(quantity)));
        }
        merged
    }

    /// The same, part by part.
    pub fn measure_parts<D: DelayNs>(&mut self, now_ms: u64, delay: &mut D) -> Readings {
        let Self { bus, slots, settings } = self;
        slots
            .iter_mut()
            .filter_map(|slot| slot.measure(bus, &settings.calibrations, now_ms, delay))
            .take(MAX_SENSORS)
            .collect()
    }

    /// Changes whenever `known` or `status` do.
    pub fn revision(&self) -> u32 {
        self.slots.iter().fold(0, |sum, slot| sum.wrapping_add(slot.revision()))
    }

    /// Every sensor that was found, with its address.
    pub fn known(&self) -> impl Iterator<Item = (Part, u8)> + '_ {
        self.slots.iter().filter_map(Slot::known)
    }

    /// How each sensor is that was found or is named.
    pub fn status(&self) -> Vec<SensorStatus> {
        self.slots.iter().filter_map(Slot::status).collect()
    }

    /// The value that counts: the most preferred part's that has one.
    fn preferred(&self, quantity: Quantity, readings: &Readings) -> Option<(PartReading, f64)> {
        readings
            .iter()
            .filter_map(|reading| Some((*reading, reading.measurement.get(quantity)?.ok()?)))
            .min_by_key(|(reading, _)| self.settings.preference.rank(quantity, reading.part))
    }

    fn cross_check(&mut self, quantity: Quantity, (used, value): (PartReading, f64), readings: &Readings) {
        for slot in &mut self.slots {
            let Some((part, address)) = slot.known() else { continue };
            let of_slot = readings.iter().find(|reading| (reading.part, reading.address) == (part, address));
            let Some(Ok(other)) = of_slot.and_then(|reading| reading.measurement.get(quantity)) else {
                continue;
            };
            let found = !agree(quantity, (used.part, value), (part, other));
            let disagreement = Disagreement { quantity, part: used.part, address: used.address };
            slot.hear(quantity, found.then_some(disagreement));
        }
    }

    /// Why there is no value: what is wrong with the part that should give one, or what an address says that could, or
    /// just that nothing does.
    fn fault(&self, quantity: Quantity) -> Fault {
        let expected = self.slots.iter().filter(|slot| slot.is_expected());
        if let Some(fault) = expected.filter_map(|slot| slot.fault_for(quantity)).next() {
            return fault;
        }
        let mut faults = self.slots.iter().filter_map(|slot| slot.fault_for(quantity));
        faults.find(|&fault| fault != Fault::Absent).unwrap_or(Fault::Absent)
    }
}
