//! Which sensors are there: a look at the addresses where known parts can stand, repeated with back-off.
//!
//! A station runs with what it has. A sensor that appears later is taken up, one that is lost is looked for
//! again, and neither needs a restart. Time is an argument; nothing here reads a clock.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::Fault;
use tracing::{info, warn};

use super::{Bh1750, Bme280, Measurement, Part, Sensor, bh1750, bme280};

/// The first wait after a fruitless look, doubled from there.
const FIRST_WAIT_MS: u64 = 1_000;
/// The longest wait between two looks.
const LONGEST_WAIT_MS: u64 = 60_000;
/// Failures in a row, on the bus, after which a sensor is looked for rather than measured.
const LOST_AFTER: u8 = 3;

/// What one address answered.
pub enum Answer<B> {
    /// A part we know.
    Sensor(Sensor<B>),
    /// Something else, in words.
    Stranger(String),
    /// No acknowledgement.
    Nothing,
    /// The transaction failed otherwise.
    Trouble(Fault),
}

/// Asks each address where a known part can stand.
pub fn scan<B: I2c + Clone>(bus: &B) -> Vec<(u8, Answer<B>)> {
    candidates().map(|(part, address)| (address, probe(bus, part, address))).collect()
}

/// One part's measurement.
#[derive(Clone, Copy, Debug)]
pub struct PartReading {
    /// What it is.
    pub part: Part,
    /// Where it stands.
    pub address: u8,
    /// What it gave.
    pub measurement: Measurement,
}

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
}

/// The sensors of a station, found and looked for.
pub struct Sensors<B> {
    bus: B,
    slots: Vec<Slot<B>>,
    revision: u32,
}

impl<B: I2c + Clone> Sensors<B> {
    /// No sensor yet: the first `measure` looks for them.
    pub fn new(bus: B, now_ms: u64) -> Self {
        let slots = candidates().map(|(part, address)| Slot::new(part, address, now_ms)).collect();
        Self { bus, slots, revision: 0 }
    }

    /// Looks for what is due, measures what is there, and merges it: every quantity has a value or a fault.
    pub fn measure<D: DelayNs>(&mut self, now_ms: u64, delay: &mut D) -> Measurement {
        let mut merged = Measurement::default();
        for reading in self.measure_parts(now_ms, delay) {
            merged.supplement(&reading.measurement);
        }
        for slot in self.missing() {
            let fault = slot.fault.unwrap_or(Fault::Absent);
            merged.supplement(&Measurement::failed(slot.part.quantities(), fault));
        }
        merged
    }

    /// The same, part by part.
    pub fn measure_parts<D: DelayNs>(&mut self, now_ms: u64, delay: &mut D) -> Vec<PartReading> {
        let mut readings = Vec::new();
        for slot in &mut self.slots {
            if slot.sensor.is_none() && slot.look.is_due(now_ms) && slot.look_for(&self.bus, now_ms) {
                self.revision = self.revision.wrapping_add(1);
            }
            readings.extend(slot.measure(now_ms, delay));
        }
        readings
    }

    /// Changes whenever a sensor was taken up: `about` is then due again.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// Every sensor that was ever found, with its address.
    pub fn known(&self) -> impl Iterator<Item = (Part, u8)> + '_ {
        self.slots.iter().filter(|slot| slot.known).map(|slot| (slot.part, slot.address))
    }

    /// How each sensor is. A part that was never found stands once, at the address that says most about why.
    pub fn status(&self) -> Vec<SensorStatus> {
        self.slots.iter().filter(|slot| slot.known).chain(self.missing()).map(Slot::status).collect()
    }

    fn missing(&self) -> impl Iterator<Item = &Slot<B>> {
        Part::ALL.into_iter().filter_map(|part| {
            let of_part = || self.slots.iter().filter(move |slot| slot.part == part);
            if of_part().any(|slot| slot.known) {
                return None;
            }
            of_part().find(|slot| slot.fault != Some(Fault::Absent)).or_else(|| of_part().next())
        })
    }
}

/// An address where a part can stand.
struct Slot<B> {
    part: Part,
    address: u8,
    sensor: Option<Sensor<B>>,
    known: bool,
    stranger: Option<String>,
    look: BackOff,
    misses: u8,
    fault: Option<Fault>,
    since_ms: u64,
}

impl<B: I2c + Clone> Slot<B> {
    fn new(part: Part, address: u8, now_ms: u64) -> Self {
        Self {
            part,
            address,
            sensor: None,
            known: false,
            stranger: None,
            look: BackOff::new(now_ms),
            misses: 0,
            fault: Some(Fault::Absent),
            since_ms: now_ms,
        }
    }

    /// Probes; whether a sensor was taken up.
    fn look_for(&mut self, bus: &B, now_ms: u64) -> bool {
        let failure = match probe(bus, self.part, self.address) {
            Answer::Sensor(sensor) => {
                self.say("sensor found", None);
                self.sensor = Some(sensor);
                self.known = true;
                self.misses = 0;
                return true;
            }
            Answer::Stranger(what) => {
                // Said once, not at each look.
                if self.stranger.as_ref() != Some(&what) {
                    warn!("not taken up: {what}");
                    self.stranger = Some(what);
                }
                Fault::Absent
            }
            Answer::Nothing => Fault::Absent,
            Answer::Trouble(fault) => fault,
        };
        self.note(Some(failure), now_ms);
        self.look.failed(now_ms);
        false
    }

    fn measure<D: DelayNs>(&mut self, now_ms: u64, delay: &mut D) -> Option<PartReading> {
        let Some(sensor) = &mut self.sensor else {
            let fault = self.fault.unwrap_or(Fault::Absent);
            let measurement = Measurement::failed(self.part.quantities(), fault);
            return self.known.then_some(PartReading { part: self.part, address: self.address, measurement });
        };
        let measurement = sensor.measure(delay);
        let gone = measurement.all_failed_with(Fault::Absent) || measurement.all_failed_with(Fault::Bus);
        if !gone {
            self.misses = 0;
            self.look = BackOff::new(now_ms);
        } else if self.misses + 1 < LOST_AFTER {
            self.misses += 1;
        } else {
            self.sensor = None;
            self.look.failed(now_ms);
        }
        self.note(measurement.first_fault(), now_ms);
        Some(PartReading { part: self.part, address: self.address, measurement })
    }

    fn note(&mut self, fault: Option<Fault>, now_ms: u64) {
        if self.fault == fault {
            return;
        }
        match fault {
            // Empty addresses are no news.
            Some(Fault::Absent) if !self.known => {}
            Some(_) => self.say("sensor does not measure", fault),
            None => self.say("sensor measures", None),
        }
        self.fault = fault;
        self.since_ms = now_ms;
    }

    fn say(&self, what: &str, fault: Option<Fault>) {
        let (part, address) = (self.part.name(), format!("{:#04x}", self.address));
        match fault {
            Some(fault) => warn!(part, address, fault = fault.word(), "{what}"),
            None => info!(part, address, "{what}"),
        }
    }

    fn status(&self) -> SensorStatus {
        SensorStatus { part: self.part, address: self.address, fault: self.fault, since_ms: self.since_ms }
    }
}

/// When to look again.
#[derive(Clone, Copy, Debug)]
pub(super) struct BackOff {
    due_ms: u64,
    wait_ms: u64,
}

impl BackOff {
    pub(super) fn new(now_ms: u64) -> Self {
        Self { due_ms: now_ms, wait_ms: FIRST_WAIT_MS }
    }

    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        // A clock that was set back must not postpone the look by as much.
        now_ms >= self.due_ms || self.due_ms - now_ms > LONGEST_WAIT_MS
    }

    pub(super) fn failed(&mut self, now_ms: u64) {
        self.due_ms = now_ms.saturating_add(self.wait_ms);
        self.wait_ms = self.wait_ms.saturating_mul(2).min(LONGEST_WAIT_MS);
    }
}

fn candidates() -> impl Iterator<Item = (Part, u8)> {
    Part::ALL.into_iter().flat_map(|part| part.addresses().iter().map(move |&address| (part, address)))
}

fn probe<B: I2c + Clone>(bus: &B, part: Part, address: u8) -> Answer<B> {
    let mut handle = bus.clone();
    let answer = match part {
        Part::Bme280 => bme280::identify(&mut handle, address).map(|id| match id {
            bme280::CHIP_ID => Answer::Sensor(Sensor::Bme280(Bme280::new(handle, address))),
            id => {
                let what = bme280::describe_stranger(id);
                Answer::Stranger(format!("chip id {id:#04x} at {address:#04x} is {what}"))
            }
        }),
        Part::Bh1750 => bh1750::answers(&mut handle, address)
            .map(|()| Answer::Sensor(Sensor::Bh1750(Bh1750::new(handle, address)))),
    };
    match answer {
        Ok(answer) => answer,
        Err(Fault::Absent) => Answer::Nothing,
        Err(fault) => Answer::Trouble(fault),
    }
}
