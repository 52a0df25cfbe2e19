//! What time it is, and how much that is worth.
//!
//! A Pi has no battery for its clock. Three things make up for it: the time since the boot, which needs no
//! setting and stands beside every reading in the log; the last time that the log wrote down, before which
//! it cannot be now; and the kernel's word on whether a time source disciplines the clock.

mod kernel;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use minuano_telemetry::{Clock as Trust, Millis};

pub use self::kernel::boot;
use crate::config::ClockSource;
use crate::emulated;
use crate::log::format::table::Mark;
use crate::log::{BootId, Stamp};

/// The station's clock: the system's, or an emulated one that becomes it.
pub struct Clock {
    time: Time,
    source: ClockSource,
    boot: BootId,
    was_synchronised: AtomicBool,
    /// It is not earlier than the time since the boot and so many milliseconds.
    least_offset_ms: AtomicI64,
}

enum Time {
    System,
    Emulated(emulated::Clock),
}

impl Clock {
    /// The system's clock.
    pub fn system(source: ClockSource) -> Self {
        Self::new(Time::System, source, boot())
    }

    /// An emulated one.
    pub fn emulated(clock: emulated::Clock, source: ClockSource) -> Self {
        // No boot's: its time since the boot means nothing to another process.
        Self::new(Time::Emulated(clock), source, BootId::default())
    }

    fn new(time: Time, source: ClockSource, boot: BootId) -> Self {
        Self {
            time,
            source,
            boot,
            was_synchronised: AtomicBool::new(false),
            least_offset_ms: AtomicI64::new(Millis::YEAR_2020.get()),
        }
    }

    /// This boot.
    pub fn boot(&self) -> BootId {
        self.boot
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let said_ms = self.said_ms();
        let least_ms = self.least_ms();
        if said_ms >= least_ms || self.is_synchronised() { said_ms } else { least_ms }
    }

    /// The same, as it goes on the wire. A clock that is set beyond the year 9999 counts as not set.
    pub fn now(&self) -> Millis {
        i64::try_from(self.now_ms()).ok().and_then(Millis::new).unwrap_or(Millis::YEAR_2020)
    }

    /// Milliseconds since the boot, or since 1970 in emulated time: never goes back.
    pub fn mono_ms(&self) -> u64 {
        match &self.time {
            Time::System => kernel::since_boot_ms(),
            Time::Emulated(clock) => clock.now_us() / 1_000,
        }
    }

    /// The moment by both.
    pub fn stamp(&self) -> Stamp {
        Stamp { at: self.now(), clock: self.trust(), mono_ms: self.mono_ms() }
    }

    /// How far the time can be trusted now.
    pub fn trust(&self) -> Trust {
        self.judge(self.is_synchronised())
    }

    /// What the log knows from before: when it was written last, and a reading's time that was worth something.
    pub fn remember(&self, mark: Option<&Mark>, known: Option<Millis>) {
        let same_boot = mark.filter(|mark| mark.boot == self.boot && self.boot != BootId::default());
        if same_boot.is_some_and(|mark| mark.synchronised) {
            self.was_synchronised.store(true, Ordering::Relaxed);
        }
        let mono_ms = self.mono_ms();
        let since_mark = |mark: &Mark| match same_boot {
            Some(_) => mark.stamp.offset_ms().saturating_add_unsigned(mono_ms),
            None => mark.stamp.at.get(),
        };
        let least_ms = mark.map(since_mark).max(known.map(Millis::get));
        if let Some(least_ms) = least_ms {
            let offset_ms = least_ms.saturating_sub_unsigned(mono_ms);
            self.least_offset_ms.fetch_max(offset_ms, Ordering::Relaxed);
        }
    }

    fn said_ms(&self) -> u64 {
        match &self.time {
            Time::System => jiff::Timestamp::now().as_millisecond().try_into().unwrap_or(0),
            Time::Emulated(clock) => clock.now_ms(),
        }
    }

    fn least_ms(&self) -> u64 {
        let offset_ms = self.least_offset_ms.load(Ordering::Relaxed);
        self.mono_ms().saturating_add_signed(offset_ms)
    }

    fn is_synchronised(&self) -> bool {
        match self.source {
            ClockSource::Trust => true,
            ClockSource::Kernel => kernel::is_synchronised(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(boot: BootId, at: i64, mono_ms: u64) -> Mark {
        let stamp = Stamp { at: Millis::new(at).unwrap(), clock: Trust::Synchronised, mono_ms };
        Mark { boot, stamp, synchronised: true }
    }

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

    #[test]
    fn after_a_restart_in_the_same_boot_it_is_held_over_and_not_after_another_boot() {
        let clock = Clock::system(ClockSource::Kernel);
        clock.remember(Some(&mark(BootId([9; 16]), 1_700_000_000_000, 5)), None);
        assert_eq!(clock.judge(false), Trust::Unsynchronised);
        if clock.boot() != BootId::default() {
            clock.remember(Some(&mark(clock.boot(), 1_700_000_000_000, clock.mono_ms())), None);
            assert_eq!(clock.judge(false), Trust::Holdover);
        }
    }

    #[test]
    fn it_is_not_earlier_than_the_log_remembers() {
        // The system's clock stands in 1970 plus a day; nobody has synchronised it.
        let clock = Clock::emulated(emulated::Clock::starting(86_400_000), ClockSource::Kernel);
        if kernel::is_synchronised() {
            return;
        }
        assert!(clock.now() >= Millis::YEAR_2020);
        clock.remember(Some(&mark(BootId([9; 16]), 1_700_000_000_000, 5)), None);
        assert_eq!(clock.now().get(), 1_700_000_000_000);
        clock.remember(None, Millis::new(1_700_000_500_000));
        assert_eq!(clock.now().get(), 1_700_000_500_000);
        clock.remember(None, Millis::new(1_600_000_000_000));
        assert_eq!(clock.now().get(), 1_700_000_500_000, "what is remembered never goes back");
    }
}
