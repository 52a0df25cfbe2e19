//! What the sampler's thread, the log's and the link's task share.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use minuano_telemetry::Reading;
use tokio::sync::{Notify, watch};
use tracing::trace;

use crate::clock::Clock;
use crate::health::Board;
use crate::log::{Log, Now};
use crate::watch::Signs;

/// How long the sampler waits for a disk that is slower than a history, at most, for each reading.
const PATIENCE: Duration = Duration::from_secs(2);

/// A station at work.
pub struct Station {
    log: Mutex<Log>,
    /// How its sensors are.
    pub board: Board,
    /// Its time.
    pub clock: Clock,
    /// That it lives.
    pub signs: Signs,
    changed: Notify,
    since: Instant,
    keeper: Desk,
}

/// How the log's thread is called, and what it says.
#[derive(Default)]
struct Desk {
    work: Condvar,
    relief: Condvar,
    /// When the thread will look again by itself.
    wakes_ms: AtomicU64,
    ended: AtomicBool,
    tried: watch::Sender<bool>,
}

/// The log, locked. Where something is due on disk after it, the log's thread is told.
pub struct LogGuard<'a> {
    log: MutexGuard<'a, Log>,
    keeper: &'a Desk,
}

impl Station {
    /// A station whose log is this.
    pub fn new(log: Log, clock: Clock) -> Self {
        Self {
            log: Mutex::new(log),
            board: Board::default(),
            clock,
            signs: Signs::default(),
            changed: Notify::new(),
            since: Instant::now(),
            keeper: Desk::default(),
        }
    }

    /// The log. Never held across anything that waits.
    pub fn log(&self) -> LogGuard<'_> {
        LogGuard { log: self.lock(), keeper: &self.keeper }
    }

    /// A reading was taken.
    pub fn append(&self, reading: Reading) {
        let mut log = self.lock();
        let until = Instant::now() + PATIENCE;
        // A history can be quicker than a disk. A reading of the present finds room: RAM holds hours.
        while log.room() == 0 && log.is_working() && Instant::now() < until {
            let waited = self.keeper.relief.wait_timeout(log, PATIENCE);
            log = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut log = LogGuard { log, keeper: &self.keeper };
        let reading = log.append(reading, self.clock.mono_ms(), self.steady_ms());
        drop(log);
        trace!(seq = reading.seq, "measured");
        self.signs.logged();
        self.changed.notify_one();
    }

    /// Something is to be said.
    pub fn notify(&self) {
        self.changed.notify_one();
    }

    /// Waits for a reading, or for news of the sensors or the log. For one listener.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Milliseconds since the start, of a clock that does not go back.
    pub fn steady_ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The present, as the log takes it.
    pub fn moment(&self) -> Now {
        Now { ms: self.steady_ms(), stamp: self.clock.stamp() }
    }

    /// Waits until it is known what earlier runs left, or that the folder does not say.
    pub async fn recovered(&self) {
        // The sender lives as long as the station.
        let _ = self.keeper.tried.subscribe().wait_for(|tried| *tried).await;
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        // The log's own operations do not panic half-way.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For the log's thread.
impl Station {
    pub(crate) fn folder_was_tried(&self) {
        self.keeper.tried.send_if_modified(|tried| !std::mem::replace(tried, true));
    }

    /// Waits until something is due; without a folder, until it is to be tried again.
    pub(crate) fn wait_for_work(&self, has_folder: bool, longest: Duration) {
        self.signs.keeping(false);
        let log = self.lock();
        let wakes_ms = if has_folder { log.wake_ms() } else { log.retry_ms() };
        let wait = Duration::from_millis(wakes_ms.saturating_sub(self.steady_ms())).min(longest);
        // Nothing that is due can be done without a folder: then nobody calls.
        self.keeper.wakes_ms.store(if has_folder { wakes_ms } else { 0 }, Ordering::SeqCst);
        if !wait.is_zero() && !log.is_finished() {
            // Whatever wakes it, it looks again.
            drop(self.keeper.work.wait_timeout(log, wait));
        }
        self.keeper.wakes_ms.store(0, Ordering::SeqCst);
        self.signs.keeping(true);
    }

    pub(crate) fn wake_keeper(&self) {
        self.keeper.work.notify_one();
    }

    /// Readings left RAM, perhaps.
    pub(crate) fn relieved(&self) {
        self.keeper.relief.notify_all();
    }

    pub(crate) fn keeper_ends(&self) {
        let _log = self.lock();
        self.keeper.ended.store(true, Ordering::SeqCst);
        self.keeper.relief.notify_all();
    }

    /// Waits for its end; gives whether it came.
    pub(crate) fn wait_for_keeper(&self, within: Duration) -> bool {
        let ended = |_: &mut Log| !self.keeper.ended.load(Ordering::SeqCst);
        let waited = self.keeper.relief.wait_timeout_while(self.lock(), within, ended);
        drop(waited);
        self.keeper.ended.load(Ordering::SeqCst)
    }
}

impl Deref for LogGuard<'_> {
    type Target = Log;

    fn deref(&self) -> &Log {
        &self.log
    }
}

impl DerefMut for LogGuard<'_> {
    fn deref_mut(&mut self) -> &mut Log {
        &mut self.log
    }
}

impl Drop for LogGuard<'_> {
    fn drop(&mut self) {
        if self.log.wake_ms() < self.keeper.wakes_ms.load(Ordering::SeqCst) {
            self.keeper.work.notify_one();
        }
    }
}
