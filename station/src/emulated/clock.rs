//! The emulated clock: virtual while a station lives through its history, real afterwards.
//!
//! While virtual, time stands still except when someone sleeps, and a sleep costs nothing. Afterwards a sleep
//! sleeps, so it belongs on a thread that may block.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that the emulated bus, its delays and the station share; clones are the same clock.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    /// Nanoseconds since 1970, while virtual.
    virtual_ns: AtomicU64,
    live: OnceLock<Live>,
}

/// Where the steady clock took over.
struct Live {
    at_us: u64,
    since: Instant,
}

impl Clock {
    /// A virtual clock that stands at this time, in milliseconds since 1970.
    pub fn starting(at_ms: u64) -> Self {
        let virtual_ns = AtomicU64::new(at_ms.saturating_mul(1_000_000));
        Self(Arc::new(Inner { virtual_ns, live: OnceLock::new() }))
    }

    /// A clock that is real from the start.
    pub fn live() -> Self {
        let clock = Self::starting(wall_ms());
        clock.go_live();
        clock
    }

    /// Microseconds for the chips: never goes back, even when the wall clock is set.
    pub fn now_us(&self) -> u64 {
        match self.0.live.get() {
            Some(live) => live.at_us.saturating_add(micros(live.since.elapsed())),
            None => self.0.virtual_ns.load(Ordering::Relaxed) / 1_000,
        }
    }

    /// Milliseconds since 1970 for weather and readings: the wall clock once live.
    pub fn now_ms(&self) -> u64 {
        if self.is_live() { wall_ms() } else { self.0.virtual_ns.load(Ordering::Relaxed) / 1_000_000 }
    }

    /// Whether sleeping takes time.
    pub fn is_live(&self) -> bool {
        self.0.live.get().is_some()
    }

    /// Whether virtual time has caught up with the wall clock, which is the moment to go live.
    pub fn has_caught_up(&self) -> bool {
        self.is_live() || self.now_ms() >= wall_ms()
    }

    /// Waits: at once while virtual, really when live.
    pub fn sleep_ns(&self, ns: u64) {
        if self.is_live() {
            thread::sleep(Duration::from_nanos(ns));
        } else {
            self.0.virtual_ns.fetch_add(ns, Ordering::Relaxed);
        }
    }

    /// Waits until this time, in milliseconds since 1970.
    pub fn sleep_until_ms(&self, at_ms: u64) {
        self.sleep_ns(at_ms.saturating_sub(self.now_ms()).saturating_mul(1_000_000));
    }

    /// Ends the virtual time. Where it has run ahead of the wall clock, that much is waited first.
    pub fn go_live(&self) {
        if self.is_live() {
            return;
        }
        let ahead_ms = self.now_ms().saturating_sub(wall_ms());
        thread::sleep(Duration::from_millis(ahead_ms));
        let at_us = self.now_us().max(wall_ms().saturating_mul(1_000));
        self.0.live.get_or_init(|| Live { at_us, since: Instant::now() });
    }
}

fn wall_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    micros(since_1970) / 1_000
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_moves_only_by_sleeping_and_costs_nothing() {
        let clock = Clock::starting(1_000);
        let began = Instant::now();
        clock.sleep_ns(1_500);
        assert_eq!(clock.now_us(), 1_000_001);
        clock.sleep_until_ms(86_400_000);
        assert_eq!(clock.now_ms(), 86_400_000);
        clock.sleep_until_ms(5);
        assert_eq!(clock.now_ms(), 86_400_000);
        assert!(!clock.has_caught_up());
        assert!(began.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn live_time_is_the_wall_clock_and_sleeps_take_it() {
        let clock = Clock::starting(wall_ms() - 3_600_000);
        clock.go_live();
        assert!(clock.is_live() && clock.has_caught_up());
        let (ms, us) = (clock.now_ms(), clock.now_us());
        assert!(wall_ms() - ms < 1_000);
        clock.sleep_ns(20_000_000);
        assert!(clock.now_us() - us >= 20_000);
    }
}
