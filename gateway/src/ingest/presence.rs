//! Who is there: by what a station says, by its will, and by silence. Pure: time is an argument.

use std::time::Duration;

use crate::directory::Presence;

/// A station is not called silent sooner than this.
const SHORTEST_SILENCE: Duration = Duration::from_secs(5);
/// Report intervals that a station may miss.
const INTERVALS: u32 = 3;
/// Taken for stations that have not said how often they report.
const USUAL_INTERVAL: Duration = Duration::from_secs(10);

/// How long a station that reports each `interval` may be silent.
pub fn longest_silence(interval: Option<Duration>) -> Duration {
    (interval.unwrap_or(USUAL_INTERVAL) * INTERVALS).max(SHORTEST_SILENCE)
}

/// What hearing live data means: a station that speaks is there, whatever a late will said of it. One that
/// was stopped stays so until it says otherwise: its last readings may still be on their way.
pub const fn after_data(presence: Presence) -> Presence {
    match presence {
        Presence::Stopped => Presence::Stopped,
        Presence::Unknown | Presence::Offline | Presence::Online => Presence::Online,
    }
}

/// What silence of this length means.
pub fn after_silence(presence: Presence, silent: Duration, interval: Option<Duration>) -> Presence {
    match presence {
        Presence::Online if silent > longest_silence(interval) => Presence::Offline,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_missed_reports_are_silence_and_never_less_than_five_seconds() {
        let seconds = Duration::from_secs;
        let after =
            |silent, interval| after_silence(Presence::Online, seconds(silent), Some(seconds(interval)));
        assert_eq!(after(30, 10), Presence::Online);
        assert_eq!(after(31, 10), Presence::Offline);
        assert_eq!(after(5, 1), Presence::Online);
        assert_eq!(after(6, 1), Presence::Offline);
        assert_eq!(after_silence(Presence::Stopped, seconds(999), None), Presence::Stopped);
    }

    #[test]
    fn speaking_proves_life_but_does_not_undo_a_stop() {
        assert_eq!(after_data(Presence::Offline), Presence::Online);
        assert_eq!(after_data(Presence::Stopped), Presence::Stopped);
    }
}
