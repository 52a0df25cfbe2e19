//! What can be said of a reading by itself: ranges, zeros, altitude, day and night.

use minuano_telemetry::{Flag, Quantity};

use super::check::{Check, Finding};
use super::limits::Limits;
use super::place::Place;
use super::station::{Findings, Observation};
use super::sun;

/// Below this the sky is dark but for moon and lamps.
const NIGHT_DEGREES: f64 = -8.0;
/// More light than lamps nearby give.
const NIGHT_LX: f64 = 200.0;
/// Above this even the thickest cloud lets light through.
const DAY_DEGREES: f64 = 15.0;
/// Less than the darkest day.
const DAY_LX: f64 = 1.0;
/// How far pressure may be from the standard atmosphere's at that altitude, in hPa at sea level: suspect
/// and fail, low and high. The records at sea level are 870 and 1084 hPa.
const ALTITUDE_SUSPECT: (f64, f64) = (-85.0, 55.0);
const ALTITUDE_FAIL: (f64, f64) = (-150.0, 90.0);

/// Checks one reading.
pub fn check(limits: &Limits, place: &Place, observation: &Observation) -> Findings {
    let values = &observation.values;
    let mut findings = [None; 4];
    if limits.runs(Check::Range) {
        for (quantity, value) in values.iter() {
            let (low, high) = limits.of(quantity).range;
            if !(low..=high).contains(&value) {
                let limit = if value < low { low } else { high };
                findings[quantity as usize] = Some(fail(Check::Range, value, value - limit, limit));
            }
        }
    }
    if limits.runs(Check::Zeros) && is_dead(values) {
        for (quantity, value) in values.iter().filter(|(quantity, _)| *quantity != Quantity::Illuminance) {
            findings[quantity as usize].get_or_insert(fail(Check::Zeros, value, 0.0, 0.0));
        }
    }
    if limits.runs(Check::Altitude) {
        let pressure = Quantity::Pressure as usize;
        let found = values.get(Quantity::Pressure).zip(place.altitude_m).and_then(at_altitude);
        findings[pressure] = findings[pressure].or(found);
    }
    if let (Some(lux), true) = (values.get(Quantity::Illuminance), limits.runs(Check::Light)) {
        let light = Quantity::Illuminance as usize;
        findings[light] = findings[light].or_else(|| by_the_sun(place, observation, lux));
    }
    findings
}

const fn fail(check: Check, value: f64, change: f64, limit: f64) -> Finding {
    Finding { check, flag: Flag::Fail, value, change, seconds: 0.0, limit }
}

/// Air is never at exactly 0 °C and 0 % together, and no pressure is zero.
fn is_dead(values: &minuano_telemetry::ByQuantity<f64>) -> bool {
    values.get(Quantity::Temperature) == Some(0.0) && values.get(Quantity::Humidity) == Some(0.0)
}

/// The standard atmosphere (ISO 2533) up to 11 km.
fn at_altitude((pressure, altitude): (f64, f64)) -> Option<Finding> {
    let share = (1.0 - 2.255_77e-5 * altitude.clamp(-500.0, 9000.0)).powf(5.255_88);
    let expected = 1013.25 * share;
    let at_sea = (pressure - expected) / share;
    let outside = |(low, high): (f64, f64)| at_sea < low || at_sea > high;
    let flag = if outside(ALTITUDE_FAIL) {
        Flag::Fail
    } else if outside(ALTITUDE_SUSPECT) {
        Flag::Suspect
    } else {
        return None;
    };
    let change = pressure - expected;
    Some(Finding { check: Check::Altitude, flag, value: pressure, change, seconds: 0.0, limit: expected })
}

fn by_the_sun(place: &Place, observation: &Observation, lux: f64) -> Option<Finding> {
    // Between the two limits any hour will do, and the sun's place is not needed.
    if (DAY_LX..=NIGHT_LX).contains(&lux) {
        return None;
    }
    let degrees = sun::elevation(observation.at.get(), place.latitude?, place.longitude?);
    let limit = if lux > NIGHT_LX { NIGHT_LX } else { DAY_LX };
    let wrong = if lux > NIGHT_LX { degrees < NIGHT_DEGREES } else { degrees > DAY_DEGREES };
    wrong.then_some(Finding {
        check: Check::Light,
        flag: Flag::Suspect,
        value: lux,
        change: degrees,
        seconds: 0.0,
        limit,
    })
}
