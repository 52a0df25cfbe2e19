//! What was measured and is not yet acknowledged: the queue between the sensors and a gateway's disk.
//!
//! A new reading is in RAM. One that is acknowledged before it is [`Limits::spill_ms`] old leaves from there;
//! what stays longer is written to disk with everything younger, so a power cut costs what was measured
//! within one spill interval. The log is bounded: when it is full the oldest segment makes room, and
//! its readings are counted as lost. For each stream, at any moment, `measured = acknowledged + held + lost`.
//!
//! Everything here but [`disk`] and [`keeper`] is a state machine without clock and I/O: [`Log::job`] says what
//! is to be done on disk, somebody does it with the log unlocked, and [`Log::done`] takes the result.
//!
//! # Layout
//!
//! - [`stream`], [`ranges`]: which readings of a run are held, and what became of the others
//! - [`entry`]: a reading with the time since the boot beside it
//! - [`shelf`], [`ahead`]: the segments on disk, and what was read back from them
//! - [`jobs`] ([`write`], [`read_back`]): what is due on disk; [`perform`]: how it is done; [`recover`]: what an
//!   earlier run left
//! - [`format`]: the bytes
//! - [`disk`]: the folder; [`keeper`]: the thread that owns it

mod ahead;
pub mod disk;
pub mod entry;
pub mod fault;
pub mod format;
mod jobs;
pub mod keeper;
mod limits;
#[cfg(test)]
mod on_disk;
pub mod perform;
pub mod ranges;
mod read_back;
pub mod recover;
mod shelf;
mod stream;
#[cfg(test)]
pub(crate) mod tests;
mod write;

use std::collections::VecDeque;

use heapless::Vec as Few;
use minuano_telemetry::{Clock, LogHealth, MAX_READINGS, MAX_STREAMS, Reading, StreamId, Streams};

use self::ahead::Ahead;
pub use self::entry::{BootId, Entry, Run, Stamp};
use self::fault::Fault;
use self::jobs::Duty;
pub use self::jobs::{Done, Job, Now};
pub use self::limits::Limits;
use self::shelf::Shelf;
pub use self::stream::{Counts, Fate, Stream};

/// What one reading takes in RAM.
pub const READING_BYTES: u64 = size_of::<Slot>() as u64;

/// The log.
#[derive(Debug)]
pub struct Log {
    earlier: Vec<Stream>,
    running: Stream,
    /// This run's readings that are not on disk, without a gap.
    ring: VecDeque<Slot>,
    shelf: Shelf,
    ahead: Ahead,
    duty: Duty,
    limits: Limits,
    unknown: u64,
    damaged: u64,
    fault: Option<Fault>,
    left: Option<disk::Name>,
}

/// A reading in RAM, and since when.
#[derive(Clone, Copy, Debug)]
struct Slot {
    entry: Entry,
    since_ms: u64,
}

/// What an acknowledgement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The cursor moved, and this many readings left the log.
    Moved(u64),
    /// It was known already.
    Nothing,
    /// The log has no such stream.
    Unknown,
}

/// An acknowledgement of what was never measured: obeying it would lose what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("acknowledges {stream} through {through}, of which only {measured} were measured")]
pub struct Beyond {
    /// Which stream.
    pub stream: StreamId,
    /// What was claimed.
    pub through: u64,
    /// What there is.
    pub measured: u64,
}

impl Log {
    /// The log of a run that starts now. What earlier runs left comes with [`Log::adopt`].
    pub fn new(run: Run, limits: Limits) -> Self {
        Self {
            earlier: Vec::new(),
            running: Stream::running(run),
            ring: VecDeque::with_capacity(limits.spill_readings.min(limits.ram_readings)),
            shelf: Shelf::default(),
            ahead: Ahead::default(),
            duty: Duty::default(),
            limits,
            unknown: 0,
            damaged: 0,
            fault: None,
            left: None,
        }
    }

    /// Takes a reading of the running stream, whatever its number says, and gives it back with its own.
    /// `mono_ms` is the time since the boot, `now_ms` that of any clock that does not go back.
    pub fn append(&mut self, mut reading: Reading, mono_ms: u64, now_ms: u64) -> Reading {
        while self.ring.len() >= self.limits.ram_readings.max(1) {
            if let Some(slot) = self.ring.pop_front() {
                self.running.lose(slot.entry.reading.seq, slot.entry.reading.seq);
            }
        }
        let mut entry = Entry { reading, mono_ms };
        if reading.clock == Clock::Synchronised {
            self.learn(entry.stamp().offset_ms());
        }
        reading.seq = self.running.append(entry.stamp());
        entry.reading.seq = reading.seq;
        self.ring.push_back(Slot { entry, since_ms: now_ms });
        reading
    }

    /// Obeys an acknowledgement: what is at or below `through` leaves the log, and the cursor never goes back.
    pub fn acknowledge(&mut self, stream: StreamId, through: u64) -> Result<Outcome, Beyond> {
        let found = self.earlier.iter_mut().chain([&mut self.running]).find(|found| found.id() == stream);
        let Some(found) = found else {
            self.unknown += 1;
            return Ok(Outcome::Unknown);
        };
        let outcome = found.acknowledge(through)?;
        if matches!(outcome, Outcome::Moved(_)) {
            self.duty.unsaved |= self.shelf.has(stream);
            self.forget();
        }
        Ok(outcome)
    }

    /// The run has ended: nothing follows.
    pub fn end(&mut self) {
        self.running.end();
    }

    /// Up to `max` readings of a stream from `from` on, as far as they are at hand. What is on disk is read by
    /// a job, and there the next time.
    pub fn read(&mut self, stream: StreamId, from: u64, max: usize) -> Few<Reading, MAX_READINGS> {
        let Some(of) = self.earlier.iter().chain([&self.running]).find(|found| found.id() == stream) else {
            return Few::new();
        };
        let (from, max) = (from.max(of.oldest()), max.min(MAX_READINGS));
        let ring_first = self.ring.front().map(|slot| slot.entry.reading.seq);
        if stream == self.running.id()
            && let Some(skip) = ring_first.and_then(|first| from.checked_sub(first))
        {
            let skip = usize::try_from(skip).unwrap_or(usize::MAX).min(self.ring.len());
            let slots = self.ring.range(skip..).take(max);
            return slots.map(|slot| slot.entry.timed(of.offset_of(slot.entry.reading.seq))).collect();
        }
        if !of.held().contains(from) {
            return Few::new();
        }
        let rising = self.ahead.from(stream, from).iter().zip(from..);
        let unbroken = rising.take_while(|(entry, seq)| entry.reading.seq == *seq).take(max);
        unbroken.map(|(entry, seq)| entry.timed(of.offset_of(seq))).collect()
    }

    /// The highest `seq` of this run that is not in RAM any more.
    pub fn out_of_ram(&self) -> u64 {
        self.running.measured() - self.ring.len() as u64
    }

    /// The first reading in RAM from this one on.
    pub fn fresh(&self, from: u64) -> Option<Reading> {
        let first = self.ring.front()?.entry.reading.seq;
        let skip = usize::try_from(from.saturating_sub(first)).ok()?;
        self.ring.get(skip).map(|slot| slot.entry.timed(self.running.offset_of(slot.entry.reading.seq)))
    }

    /// These went out. What had an unsure time keeps it, even if the time is learnt later.
    pub fn sent(&mut self, stream: StreamId, readings: &[Reading]) {
        let unsure = readings.iter().filter(|reading| reading.clock == Clock::Unsynchronised);
        let Some(last) = unsure.clone().map(|reading| reading.seq).max() else { return };
        let first = unsure.map(|reading| reading.seq).min().unwrap_or(last);
        if let Some(found) = self.stream_mut(stream) {
            found.sent(first, last);
        }
    }

    /// What is said on `streams`, once it is known what earlier runs left: a gateway takes a stream that is not
    /// listed for ended. A stream that has measured nothing has no first reading to speak of.
    pub fn states(&self) -> Option<Streams> {
        let states = || self.streams().filter_map(Stream::state).take(MAX_STREAMS).collect();
        self.is_adopted().then(|| Streams { streams: states() })
    }

    /// Oldest first; the last is this run's.
    pub fn streams(&self) -> impl DoubleEndedIterator<Item = &Stream> {
        self.earlier.iter().chain([&self.running])
    }

    /// This run's.
    pub fn running(&self) -> &Stream {
        &self.running
    }

    /// One of them.
    pub fn stream(&self, id: StreamId) -> Option<&Stream> {
        self.streams().find(|stream| stream.id() == id)
    }

    /// Counts of all streams together.
    pub fn counts(&self) -> Counts {
        self.streams().map(Stream::counts).fold(self.duty.closed, |sum, of| Counts {
            measured: sum.measured + of.measured,
            held: sum.held + of.held,
            acknowledged: sum.acknowledged + of.acknowledged,
            lost: sum.lost + of.lost,
        })
    }

    /// How the log is, for `health`.
    pub fn health(&self) -> LogHealth {
        LogHealth {
            readings: self.counts().held,
            bytes: self.shelf.bytes() + self.ring.len() as u64 * READING_BYTES,
            lost: self.running.counts().lost,
            fault: self.fault_text(),
        }
    }

    /// Acknowledgements of streams that the log does not have.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// How many places on disk were damaged and skipped.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// How many readings RAM still takes before the oldest of them makes room.
    pub fn room(&self) -> usize {
        self.limits.ram_readings.saturating_sub(self.ring.len())
    }

    /// Whether the disk does what it should, as far as is known.
    pub fn is_working(&self) -> bool {
        self.fault.is_none()
    }

    /// What is wrong: the disk, or a file on it that is left alone.
    fn fault_text(&self) -> Option<heapless::String<64>> {
        match (&self.fault, self.left) {
            (Some(fault), _) => Some(fault.text()),
            (None, Some(name)) => Some(fault::left_alone(name)),
            (None, None) => None,
        }
    }

    fn stream_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        self.earlier.iter_mut().chain([&mut self.running]).find(|found| found.id() == id)
    }

    /// The clock of this boot is right: readings of the same boot that were not sent get their true time.
    fn learn(&mut self, offset_ms: i64) {
        if self.running.offset_ms().is_some() {
            return;
        }
        let boot = self.running.run().boot;
        let known = boot != BootId::default();
        for stream in self.earlier.iter_mut().filter(|stream| known && stream.run().boot == boot) {
            stream.learn(offset_ms);
        }
        self.running.learn(offset_ms);
        self.duty.learnt = true;
    }

    /// Drops from RAM what is acknowledged, and the streams of which nothing is left.
    fn forget(&mut self) {
        let cursor = self.running.cursor();
        while self.ring.front().is_some_and(|slot| slot.entry.reading.seq <= cursor) {
            self.ring.pop_front();
        }
        let closed = &mut self.duty.closed;
        self.earlier.retain(|stream| {
            let counts = stream.counts();
            if counts.held == 0 {
                closed.measured += counts.measured;
                closed.acknowledged += counts.acknowledged;
                closed.lost += counts.lost;
            }
            counts.held > 0
        });
    }
}
