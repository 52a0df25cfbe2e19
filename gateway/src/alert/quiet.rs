//! Quiet hours: what is told in them waits for their end.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use minuano_telemetry::Millis;

/// From one time of day to another in a zone, over midnight where the second is earlier.
#[derive(Clone, Debug, PartialEq)]
pub struct Quiet {
    /// They begin at it.
    pub from: Time,
    /// They end at it.
    pub to: Time,
    /// Whose times of day.
    pub zone: TimeZone,
}

impl Quiet {
    /// When something of `now` may be told: `now`, or the end of the quiet hours that it lies in.
    pub fn due(&self, now: Millis) -> Millis {
        let Ok(at) = Timestamp::from_millisecond(now.get()) else { return now };
        let local = at.to_zoned(self.zone.clone());
        let (time, over_midnight) = (local.time(), self.from > self.to);
        let inside = if over_midnight {
            time >= self.from || time < self.to
        } else {
            time >= self.from && time < self.to
        };
        if !inside {
            return now;
        }
        let ends_tomorrow = over_midnight && time >= self.from;
        let day = if ends_tomorrow { local.date().tomorrow() } else { Ok(local.date()) };
        day.and_then(|day| day.to_datetime(self.to).to_zoned(self.zone.clone()))
            .ok()
            .and_then(|end| Millis::new(end.timestamp().as_millisecond()))
            .map_or(now, |end| end.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, to: &str, zone: &str) -> Quiet {
        Quiet { from: from.parse().unwrap(), to: to.parse().unwrap(), zone: TimeZone::get(zone).unwrap() }
    }

    fn due(quiet: &Quiet, at: &str) -> String {
        quiet.due(at.parse().unwrap()).to_string()
    }

    #[test]
    fn over_midnight_in_a_zone() {
        let night = quiet("22:00", "07:00", "Europe/Berlin");
        assert_eq!(due(&night, "2026-11-20T20:59:59.000Z"), "2026-11-20T20:59:59.000Z");
        assert_eq!(due(&night, "2026-11-20T21:00:00.000Z"), "2026-11-21T06:00:00.000Z");
        assert_eq!(due(&night, "2026-11-21T05:59:59.000Z"), "2026-11-21T06:00:00.000Z");
        assert_eq!(due(&night, "2026-11-21T06:00:00.000Z"), "2026-11-21T06:00:00.000Z");
    }

    #[test]
    fn within_a_day_and_over_the_change_to_summer_time() {
        let noon = quiet("12:00", "14:00", "UTC");
        assert_eq!(due(&noon, "2026-11-20T13:00:00.000Z"), "2026-11-20T14:00:00.000Z");
        assert_eq!(due(&noon, "2026-11-20T11:00:00.000Z"), "2026-11-20T11:00:00.000Z");
        // In the night to 28 March 2027 Berlin's clocks go an hour ahead, and 02:30 does not exist.
        let short = quiet("22:00", "02:30", "Europe/Berlin");
        assert_eq!(due(&short, "2027-03-27T23:00:00.000Z"), "2027-03-28T01:30:00.000Z");
    }
}
