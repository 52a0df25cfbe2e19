//! An address where a part can stand: looked at, taken up, measured, lost and looked for again.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use minuano_telemetry::{Fault, Quantity};
use tracing::{info, warn};

use super::back_off::BackOff;
use super::cross_check::Verdict;
use super::detect::{PartReading, SensorStatus};
use super::{
    Answer, Calibration, Calibrations, Disagreement, Measurement, Part, Sensor, candidates_at, identify,
};

/// Measurements in a row without a value, after which the address is looked at anew.
const LOST_AFTER: u8 = 3;

/// An address where a part can stand.
pub(super) struct Slot<B> {
    address: u8,
    /// The part that the configuration names.
    named: Option<Part>,
    /// What stands there, or stood there last.
    known: Option<Part>,
    /// Its driver. A lost part's is kept, since it remembers the last measurement: a frozen part must not pass for
    /// a new one.
    sensor: Option<Sensor<B>>,
    is_there: bool,
    calibration: Calibration,
    stranger: Option<String>,
    look: BackOff,
    misses: u8,
    fault: Option<Fault>,
    since_ms: u64,
    verdicts: [Verdict; Quantity::ALL.len()],
    /// Grows with everything that `known` and `status` tell.
    revision: u32,
}

impl<B: I2c + Clone> Slot<B> {
    pub(super) fn new(address: u8, named: Option<Part>, now_ms: u64) -> Self {
        Self {
            address,
            named,
            known: None,
            sensor: None,
            is_there: false,
            calibration: Calibration::default(),
            stranger: None,
            look: BackOff::new(now_ms),
            misses: 0,
            fault: Some(Fault::Absent),
            since_ms: now_ms,
            verdicts: Default::default(),
            revision: 0,
        }
    }

    /// What stands there, or stood there last, with its address.
    pub(super) fn known(&self) -> Option<(Part, u8)> {
        self.known.map(|part| (part, self.address))
    }

    /// Whether a part was found there, or is named.
    pub(super) fn is_expected(&self) -> bool {
        self.known.or(self.named).is_some()
    }

    pub(super) fn revision(&self) -> u32 {
        self.revision
    }

    /// How it is; nothing to say of an address where no part was ever found and none is named.
    pub(super) fn status(&self) -> Option<SensorStatus> {
        Some(SensorStatus {
            part: self.known.or(self.named)?,
            address: self.address,
            fault: self.fault,
            since_ms: self.since_ms,
            warning: self.verdicts.iter().find_map(Verdict::standing),
        })
    }

    /// Why this address gives no `quantity`, when it could.
    pub(super) fn fault_for(&self, quantity: Quantity) -> Option<Fault> {
        let measures = |part: Part| part.quantities().contains(&quantity);
        let could = match self.known.or(self.named) {
            Some(part) => measures(part),
            None => candidates_at(self.address).any(measures),
        };
        self.fault.filter(|_| could)
    }

    /// Looks, when that is due, and measures what is there. A part that is known and missing gives its fault.
    pub(super) fn measure<D: DelayNs>(
        &mut self,
        bus: &B,
        calibrations: &Calibrations,
        now_ms: u64,
        delay: &mut D,
    ) -> Option<PartReading> {
        if !self.is_there && self.look.is_due(now_ms) {
            self.look_for(bus, calibrations, now_ms, delay);
        }
        let part = self.known.or(self.named)?;
        let Some(sensor) = self.sensor.as_mut().filter(|_| self.is_there) else {
            let fault = self.fault.unwrap_or(Fault::Absent);
            let failed = Measurement::failed(part.quantities(), fault);
            return Some(PartReading { part, address: self.address, measured: failed, measurement: failed });
        };
        let measured = sensor.measure(delay);
        self.judge(&measured, now_ms);
        let measurement = self.calibration.apply(part, &measured);
        Some(PartReading { part, address: self.address, measured, measurement })
    }

    fn look_for<D: DelayNs>(&mut self, bus: &B, calibrations: &Calibrations, now_ms: u64, delay: &mut D) {
        let failure = match identify(bus, self.address, self.named, delay) {
            Answer::Sensor(sensor) => {
                let part = sensor.part();
                if self.known != Some(part) {
                    self.known = Some(part);
                    self.calibration = calibrations.of(part, self.address);
                    self.verdicts = Default::default();
                    self.revision = self.revision.wrapping_add(1);
                    self.say("sensor found", None);
                    self.sensor = Some(sensor);
                }
                self.is_there = true;
                self.stranger = None;
                self.misses = 0;
                return;
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
    }

    fn judge(&mut self, measured: &Measurement, now_ms: u64) {
        // A part that is out of its range is there, and is what it was.
        let gave_nothing = measured.iter().all(|(_, found)| found.is_err_and(|fault| fault != Fault::Range));
        if !gave_nothing {
            self.misses = 0;
            self.look = BackOff::new(now_ms);
        } else if self.misses + 1 < LOST_AFTER {
            self.misses += 1;
        } else {
            // Another part may stand there by now.
            self.is_there = false;
            self.look.failed(now_ms);
        }
        self.note(measured.first_fault(), now_ms);
    }

    /// What the cross-check of one quantity found.
    pub(super) fn hear(&mut self, quantity: Quantity, found: Option<Disagreement>) {
        let Some(verdict) = self.verdicts.get_mut(quantity as usize) else { return };
        let before = verdict.standing();
        verdict.hear(found);
        let now = verdict.standing();
        if before == now {
            return;
        }
        self.revision = self.revision.wrapping_add(1);
        match now {
            Some(disagreement) => warn!(address = format!("{:#04x}", self.address), "{disagreement}"),
            None => info!(address = format!("{:#04x}", self.address), "{} agrees again", quantity.key()),
        }
    }

    fn note(&mut self, fault: Option<Fault>, now_ms: u64) {
        if self.fault == fault {
            return;
        }
        match fault {
            // Empty addresses are no news.
            Some(Fault::Absent) if self.known.is_none() => {}
            Some(_) => self.say("sensor does not measure", fault),
            None => self.say("sensor measures", None),
        }
        self.fault = fault;
        self.since_ms = now_ms;
        self.revision = self.revision.wrapping_add(1);
    }

    fn say(&self, what: &str, fault: Option<Fault>) {
        let part = self.known.or(self.named).map_or("no known part", Part::name);
        let address = format!("{:#04x}", self.address);
        match fault {
            Some(fault) => warn!(part, address, fault = fault.word(), "{what}"),
            None => info!(part, address, "{what}"),
        }
    }
}
