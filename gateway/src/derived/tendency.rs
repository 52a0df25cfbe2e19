//! What the pressure did in the last three hours.

use minuano_telemetry::Millis;

/// Over which the tendency is taken.
pub const PERIOD_MS: i64 = 3 * 3_600_000;
/// How far from the beginning and the middle of the period a pressure may lie to stand for it.
pub const SLACK_MS: i64 = 5 * 60_000;

/// The change of pressure over three hours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tendency {
    /// In hPa, to 0.1 as it is reported.
    pub change_hpa: f64,
    /// 0 to 8, of WMO code table 0200 (WMO-No. 306, Manual on Codes, volume I.1).
    pub characteristic: u8,
}

/// From pressures at the station's level and the times at which they were measured, oldest first; the last
/// of them is the present. Absent where none was measured three hours or one and a half hours before, give or take
/// [`SLACK_MS`].
///
/// The characteristic compares the change of the first half of the period with that of the second: less than
/// 0.1 hPa is steady, and a half that changes less than half as much as the other is the slower one.
pub fn tendency(pressures: &[(Millis, f64)]) -> Option<Tendency> {
    let (now, last) = *pressures.last()?;
    let at = |before_ms: i64| {
        let wanted = now.get() - before_ms;
        let begin = pressures.partition_point(|(time, _)| time.get() < wanted - SLACK_MS);
        let near = pressures[begin..].iter().take_while(|(time, _)| time.get() <= wanted + SLACK_MS);
        near.min_by_key(|(time, _)| (time.get() - wanted).abs()).map(|(_, pressure)| *pressure)
    };
    let (first, middle) = (at(PERIOD_MS)?, at(PERIOD_MS / 2)?);
    let change_hpa = ((last - first) * 10.0).round() / 10.0;
    let finite = change_hpa.is_finite() && middle.is_finite();
    // Adding 0 makes −0 a plain 0.
    finite.then(|| Tendency {
        change_hpa: change_hpa + 0.0,
        characteristic: characteristic(middle - first, last - middle),
    })
}

/// By the changes of the two halves.
fn characteristic(first: f64, second: f64) -> u8 {
    /// Pressure is reported to 0.1 hPa.
    const STEADY: f64 = 0.1;
    let slower = |one: f64, other: f64| one.abs() < other.abs() / 2.0;
    let (total, rose, rises) = (first + second, first >= STEADY, second >= STEADY);
    let (fell, falls) = (first <= -STEADY, second <= -STEADY);
    if total.abs() < STEADY / 2.0 {
        return match (rose && falls, fell && rises) {
            (true, _) => 0,
            (_, true) => 5,
            _ => 4,
        };
    }
    if total > 0.0 {
        match (rose, rises) {
            (true, false) if falls => 0,
            (true, false) => 1,
            (false, true) => 3,
            _ if slower(second, first) => 1,
            _ if slower(first, second) => 3,
            _ => 2,
        }
    } else {
        match (fell, falls) {
            (true, false) if rises => 5,
            (true, false) => 6,
            (false, true) => 8,
            _ if slower(second, first) => 6,
            _ if slower(first, second) => 8,
            _ => 7,
        }
    }
}

/// The characteristic in words, after the code table.
pub const fn words(characteristic: u8) -> &'static str {
    match characteristic {
        0 => "rising, then falling",
        1 => "rising, then steady or rising more slowly",
        2 => "rising",
        3 => "falling or steady, then rising; or rising more quickly",
        4 => "steady",
        5 => "falling, then rising",
        6 => "falling, then steady or falling more slowly",
        7 => "falling",
        8 => "steady or rising, then falling; or falling more quickly",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three pressures: three hours ago, half of that, now.
    fn of(first: f64, middle: f64, last: f64) -> Option<Tendency> {
        let at = |minutes: i64| Millis::new(1_800_000_000_000 + minutes * 60_000).unwrap();
        tendency(&[(at(2), first), (at(88), middle), (at(180), last)])
    }

    #[test]
    fn every_characteristic_of_the_code_table() {
        for (first, middle, last, expected) in [
            (1000.0, 1002.0, 1001.0, 0),
            (1000.0, 1001.0, 1000.0, 0),
            (1000.0, 1002.0, 1002.0, 1),
            (1000.0, 1002.0, 1002.5, 1),
            (1000.0, 1001.0, 1002.0, 2),
            (1000.0, 1000.09, 1000.18, 2),
            (1000.0, 999.0, 1001.0, 3),
            (1000.0, 1000.0, 1001.0, 3),
            (1000.0, 1000.5, 1002.5, 3),
            (1000.0, 1000.0, 1000.0, 4),
            (1000.0, 1000.05, 1000.0, 4),
            (1000.0, 999.0, 1000.0, 5),
            (1000.0, 998.0, 999.0, 5),
            (1000.0, 998.0, 998.0, 6),
            (1000.0, 998.0, 997.5, 6),
            (1000.0, 999.0, 998.0, 7),
            (1000.0, 1000.0, 999.0, 8),
            (1000.0, 1001.0, 999.0, 8),
            (1000.0, 999.5, 997.5, 8),
        ] {
            let found = of(first, middle, last).unwrap();
            assert_eq!(found.characteristic, expected, "{first} {middle} {last}");
            assert!((found.change_hpa - (last - first)).abs() <= 0.051);
        }
    }

    #[test]
    fn without_a_pressure_at_the_time_there_is_none() {
        let at = |minutes: i64| Millis::new(1_800_000_000_000 + minutes * 60_000).unwrap();
        assert_eq!(tendency(&[]), None);
        assert_eq!(tendency(&[(at(0), 1000.0), (at(180), 999.0)]), None, "the middle is missing");
        assert_eq!(tendency(&[(at(6), 1000.0), (at(90), 1000.0), (at(180), 999.0)]), None, "too late");
        assert!(tendency(&[(at(0), 1000.0), (at(90), 1000.0), (at(180), 999.0)]).is_some());
        assert_eq!(of(f64::NAN, 1000.0, 1000.0), None);
    }
}
