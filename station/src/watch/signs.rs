//! Signs of life: cheap to give from any thread, and read by whoever watches.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::config::{Run, Sampling};

/// The station's signs of life.
#[derive(Debug)]
pub struct Signs {
    epoch: Instant,
    sampled_ms: AtomicU64,
    logged_ms: AtomicU64,
    /// Since when the log's thread is at work; 0 while it rests.
    at_work_ms: AtomicU64,
    linked: AtomicBool,
}

/// How long each may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    /// Between two samples.
    pub sampler: Duration,
    /// Between two readings in the log.
    pub log: Duration,
    /// The log's thread at one task.
    pub disk: Duration,
}

impl Allowed {
    /// What this rhythm allows, and what a bus that is held low, or an SD card that tidies up, may take beyond it. Each
    /// transaction waits a second for a dead bus, and looking for the sensors again is dozens of them.
    pub fn of(sampling: &Sampling, run: &Run) -> Self {
        let patience = run.stuck_after;
        Self { sampler: sampling.interval + patience, log: sampling.report + patience, disk: patience }
    }
}

impl Default for Signs {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            sampled_ms: AtomicU64::new(0),
            logged_ms: AtomicU64::new(0),
            at_work_ms: AtomicU64::new(0),
            linked: AtomicBool::new(false),
        }
    }
}

impl Signs {
    /// The sampler has gone once through the sensors, whatever they said.
    pub fn sampled(&self) {
        self.sampled_ms.store(self.since_epoch_ms(Instant::now()), Ordering::Relaxed);
    }

    /// The log has taken a reading.
    pub fn logged(&self) {
        self.logged_ms.store(self.since_epoch_ms(Instant::now()), Ordering::Relaxed);
    }

    /// The log's thread goes to work on its disk, or rests.
    pub fn keeping(&self, at_work: bool) {
        let since_ms = if at_work { self.since_epoch_ms(Instant::now()).max(1) } else { 0 };
        self.at_work_ms.store(since_ms, Ordering::Relaxed);
    }

    /// The link is up, or down.
    pub fn link(&self, up: bool) {
        self.linked.store(up, Ordering::Relaxed);
    }

    /// Whether the link is up.
    pub fn is_linked(&self) -> bool {
        self.linked.load(Ordering::Relaxed)
    }

    /// What has been silent for longer than it may, if anything.
    pub fn stuck(&self, allowed: &Allowed, now: Instant) -> Option<&'static str> {
        let now_ms = self.since_epoch_ms(now);
        let since = |ms: u64| Duration::from_millis(now_ms.saturating_sub(ms));
        let silent = |at: &AtomicU64| since(at.load(Ordering::Relaxed));
        let at_work_ms = self.at_work_ms.load(Ordering::Relaxed);
        if silent(&self.sampled_ms) > allowed.sampler {
            Some("the sampler")
        } else if silent(&self.logged_ms) > allowed.log {
            Some("the log")
        } else if at_work_ms > 0 && since(at_work_ms) > allowed.disk {
            Some("the log's disk")
        } else {
            None
        }
    }

    fn since_epoch_ms(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_millis()).unwrap_or(u64::MAX)
    }
}
