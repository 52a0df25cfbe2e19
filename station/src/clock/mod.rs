//! What time it is, and how much that is worth.

use std::sync::atomic::{AtomicBool, Ordering};

use minuano_telemetry::{Clock as Trust, Millis};
use rtime_clock::adjtime::{Timex, adjtimex};

use crate::config::ClockSource;
use crate::emulated;

/// What adjtimex(2) returns for a clock that no time source disciplines.
const TIME_ERROR: i32 = 5;

/// The station's clock: the system's, or an emulated one that becomes it.
pub struct Clock {
    time: Time,
    source: ClockSource,
    was_synchronised: AtomicBool,
}

enum Time {
    System,
    Emulated(emulated::Clock),
}

impl Clock {
    /// The system's clock.
    pub fn system(source: ClockSource) -> Self {
        Self { time: Time::System, source, was_synchronised: AtomicBool::new(false) }
    }

    /// An emulated one.
    pub fn emulated(clock: emulated::Clock, source: ClockSource) -> Self {
        Self { time: Time::Emulated(clock), source, was_synchronised: AtomicBool::new(false) }
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        match &self.time {
            Time::System => jiff::Timestamp::now().as_millisecond().try_into().unwrap_or(0),
            Time::Emulated(clock) => clock.now_ms(),
        }
    }

    /// The same, as it goes on the wire. A clock that is set beyond the year 9999 counts as not set.
    pub fn now(&self) -> Millis {
        i64::try_from(self.now_ms()).ok().and_then(Millis::new).unwrap_or(Millis::YEAR_2020)
    }

    /// How far the time can be trusted now.
    pub fn trust(&self) -> Trust {
        match self.source {
            ClockSource::Trust => Trust::Synchronised,
            ClockSource::Kernel => self.judge(kernel_is_synchronised()),
        }
    }

    fn judge(&self, synchronised: bool) -> Trust {
        if synchronised {
            self.was_synchronised.store(true, Ordering::Relaxed);
            Trust::Synchronised
        } else if self.was_synchronised.load(Ordering::Relaxed) {
            Trust::Holdover
        } else {
            Trust::Unsynchronised
        }
    }
}

/// Where the kernel does not say, the time is no more than a guess.
fn kernel_is_synchronised() -> bool {
    adjtimex(&mut Timex::new()).is_ok_and(|state| state != TIME_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_synchronised_is_held_over() {
        let clock = Clock::system(ClockSource::Kernel);
        let judged = [false, true, false, true].map(|synchronised| clock.judge(synchronised));
        assert_eq!(
            judged,
            [Trust::Unsynchronised, Trust::Synchronised, Trust::Holdover, Trust::Synchronised]
        );
    }

    #[test]
    fn a_trusted_clock_is_right_and_the_kernel_can_be_asked() {
        assert_eq!(Clock::system(ClockSource::Trust).trust(), Trust::Synchronised);
        Clock::system(ClockSource::Kernel).trust();
        assert!(Clock::system(ClockSource::Trust).now() > Millis::YEAR_2020);
        let emulated = emulated::Clock::starting(1_600_000_000_000);
        assert_eq!(Clock::emulated(emulated, ClockSource::Trust).now().get(), 1_600_000_000_000);
    }
}
