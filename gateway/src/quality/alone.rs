//! What can be said of a reading by itself: ranges, zeros, altitude, dew point, season, day and night.

use minuano_telemetry::{ByQuantity, Flag, Quantity};

use super::check::{Check, Finding};
use super::limits::Limits;
use super::place::Place;
use super::station::{Findings, Observation};
use super::{sun, vapour};

/// Below this the sky is dark but for moon and lamps.
const NIGHT_DEGREES: f64 = -8.0;
/// More light than lamps nearby give.
const NIGHT_LX: f64 = 200.0;
/// Above this even the thickest cloud lets light through.
const DAY_DEGREES: f64 = 15.0;
/// Less than the darkest day.
const DAY_LX: f64 = 1.0;
/// The highest dew point ever measured in air is 35 °C (Dhahran, 2003); a few degrees more are suspect.
const DEW_POINT_SUSPECT: f64 = 35.0;
const DEW_POINT_FAIL: f64 = 40.0;
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
    // A value that cannot be says nothing of the other.
    let is_sound = |quantity: Quantity| findings[quantity as usize].is_none();
    if limits.runs(Check::DewPoint) && is_sound(Quantity::Temperature) && is_sound(Quantity::Humidity) {
        for (quantity, finding) in dew_point(values).into_iter().flatten() {
            findings[quantity as usize] = Some(finding);
        }
    }
    if !limits.seasons.is_empty() && limits.runs(Check::Climatology) {
        by_the_season(limits, observation, &mut findings);
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
fn is_dead(values: &ByQuantity<f64>) -> bool {
    values.get(Quantity::Temperature) == Some(0.0) && values.get(Quantity::Humidity) == Some(0.0)
}

/// Either of the two may be the wrong one.
fn dew_point(values: &ByQuantity<f64>) -> Option<[(Quantity, Finding); 2]> {
    let temperature = values.get(Quantity::Temperature).filter(|value| *value > DEW_POINT_SUSPECT)?;
    let humidity = values.get(Quantity::Humidity).filter(|value| *value > 0.0)?;
    let dew_point = vapour::dew_point(temperature, humidity);
    let flag = match dew_point {
        high if high > DEW_POINT_FAIL => Flag::Fail,
        high if high > DEW_POINT_SUSPECT => Flag::Suspect,
        _ => return None,
    };
    Some([(Quantity::Temperature, temperature), (Quantity::Humidity, humidity)].map(|(quantity, value)| {
        let check = Check::DewPoint;
        (quantity, Finding { check, flag, value, change: dew_point, seconds: 0.0, limit: DEW_POINT_SUSPECT })
    }))
}

/// QARTOD climatology: what is usual in the month, by UTC. Where two seasons hold, the later one has its way.
fn by_the_season(limits: &Limits, observation: &Observation, findings: &mut Findings) {
    let Ok(at) = jiff::Timestamp::from_millisecond(observation.at.get()) else { return };
    let month = at.to_zoned(jiff::tz::TimeZone::UTC).month();
    for (quantity, value) in observation.values.iter() {
        let Some(season) =
            limits.seasons.iter().rfind(|season| season.quantity == quantity && season.has(month))
        else {
            continue;
        };
        let beyond = |(low, high): (f64, f64)| {
            if value < low { Some(low) } else { (value > high).then_some(high) }
        };
        let failed = season.fail.and_then(beyond).map(|limit| (Flag::Fail, limit));
        let Some((flag, limit)) = failed.or(beyond(season.suspect).map(|limit| (Flag::Suspect, limit)))
        else {
            continue;
        };
        findings[quantity as usize].get_or_insert(Finding {
            check: Check::Climatology,
            flag,
            value,
            change: value - limit,
            seconds: 0.0,
            limit,
        });
    }
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

#[cfg(test)]
mod tests {
    use minuano_telemetry::Millis;

    use super::*;
    use crate::quality::limits::Season;

    fn found(limits: &Limits, at: &str, values: [Option<f64>; 4]) -> [Option<(Check, Flag)>; 4] {
        let at = at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let observation = Observation { at: Millis::new(at).unwrap(), values: ByQuantity(values) };
        let place = Place { latitude: Some(50.9), longitude: Some(11.6), altitude_m: Some(150.0) };
        check(limits, &place, &observation).map(|found| found.map(|found| (found.check, found.flag)))
    }

    #[test]
    fn warm_air_has_room_for_so_much_vapour_and_no_more() {
        let limits = Limits::default();
        let noon = "2026-07-01T12:00:00Z";
        assert_eq!(found(&limits, noon, [Some(38.0), None, Some(60.0), None]), [None; 4]);
        let doubt = Some((Check::DewPoint, Flag::Suspect));
        assert_eq!(found(&limits, noon, [Some(40.0), None, Some(80.0), None]), [doubt, None, doubt, None]);
        let wrong = Some((Check::DewPoint, Flag::Fail));
        assert_eq!(found(&limits, noon, [Some(48.0), None, Some(90.0), None]), [wrong, None, wrong, None]);
    }

    #[test]
    fn a_season_has_its_limits_and_ends() {
        let season = Season {
            quantity: Quantity::Temperature,
            months: (11, 2),
            suspect: (-15.0, 15.0),
            fail: Some((-30.0, 25.0)),
        };
        let mut limits = Limits::default();
        limits.seasons.push(season);
        let at = |at: &str, value| found(&limits, at, [Some(value), None, None, None])[0];
        assert_eq!(at("2026-01-15T00:00:00Z", 14.9), None);
        assert_eq!(at("2026-01-15T00:00:00Z", 15.1), Some((Check::Climatology, Flag::Suspect)));
        assert_eq!(at("2026-12-15T00:00:00Z", -30.1), Some((Check::Climatology, Flag::Fail)));
        assert_eq!(at("2026-03-01T00:00:00Z", 25.1), None);
        let humid = found(&limits, "2026-01-15T00:00:00Z", [None, None, Some(90.0), None]);
        assert_eq!(humid, [None; 4], "it is of another quantity");
        limits.seasons.push(Season { suspect: (-30.0, 30.0), fail: None, ..season });
        let at = |at: &str, value| found(&limits, at, [Some(value), None, None, None])[0];
        assert_eq!(at("2026-01-15T00:00:00Z", 20.0), None, "the later of two seasons has its way");
    }

    #[test]
    fn the_sun_and_the_altitude_are_asked() {
        let limits = Limits::default();
        let light = |at, lux| found(&limits, at, [None, None, None, Some(lux)])[3];
        let doubt = Some((Check::Light, Flag::Suspect));
        assert_eq!(light("2026-06-21T00:00:00Z", 5000.0), doubt);
        assert_eq!(light("2026-06-21T12:00:00Z", 0.0), doubt);
        assert_eq!(light("2026-06-21T12:00:00Z", 5000.0), None);
        let pressure = |value| found(&limits, "2026-06-21T12:00:00Z", [None, Some(value), None, None])[1];
        assert_eq!(pressure(995.0), None);
        assert_eq!(pressure(900.0), Some((Check::Altitude, Flag::Suspect)));
        assert_eq!(pressure(500.1), Some((Check::Altitude, Flag::Fail)), "a BMP280 that is stuck");
    }
}
