//! One run's readings: which of them are held, wherever they are, and what became of the others.

use minuano_telemetry::{MAX_STREAMS, StreamId, StreamState};

use super::entry::{Run, Stamp};
use super::ranges::Ranges;
use super::{Beyond, Outcome};

/// The most runs of numbers that are remembered of what was sent at an unsure time. Beyond it, neighbours
/// join: what lies between them then keeps its unsure time, too.
const MAX_SENT: usize = MAX_STREAMS;

/// One run of the station.
#[derive(Clone, Debug)]
pub struct Stream {
    run: Run,
    first: Option<Stamp>,
    cursor: u64,
    top: u64,
    fate: Fate,
    held: Ranges,
    acknowledged: u64,
    lost: u64,
    offset_ms: Option<i64>,
    sent: Ranges,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Running,
    /// As it should: its last number is known.
    Stopped,
    /// It was cut off. It may have measured, and sent, more than what survived.
    Broken,
}

/// `measured = held + acknowledged + lost`. Of an earlier run, `measured` is what this one found of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Readings that were taken.
    pub measured: u64,
    /// Those still here.
    pub held: u64,
    /// Those that left because they are safe elsewhere.
    pub acknowledged: u64,
    /// Those that made room, or were damaged, before anybody had acknowledged them.
    pub lost: u64,
}

impl Stream {
    pub(super) fn running(run: Run) -> Self {
        Self {
            run,
            first: None,
            cursor: 0,
            top: 0,
            fate: Fate::Running,
            held: Ranges::default(),
            acknowledged: 0,
            lost: 0,
            offset_ms: None,
            sent: Ranges::default(),
        }
    }

    /// What survived of an earlier run.
    pub(super) fn earlier(run: Run, first: Stamp, cursor: u64, last: Option<u64>, mut held: Ranges) -> Self {
        let top = last.max(held.highest()).unwrap_or(0);
        let fate = if last.is_some() { Fate::Stopped } else { Fate::Broken };
        let cursor = cursor.min(top);
        held.remove(0, cursor);
        Self { first: Some(first), cursor, top, fate, held, ..Self::running(run) }
    }

    /// The next reading, with its number.
    pub(super) fn append(&mut self, stamp: Stamp) -> u64 {
        self.top += 1;
        self.first.get_or_insert(stamp);
        self.held.insert(self.top, self.top);
        self.top
    }

    /// These are gone, if they were held.
    pub(super) fn lose(&mut self, first: u64, last: u64) -> u64 {
        let lost = self.held.remove(first, last);
        self.lost += lost;
        lost
    }

    pub(super) fn acknowledge(&mut self, through: u64) -> Result<Outcome, Beyond> {
        if through > self.top && self.fate != Fate::Broken {
            return Err(Beyond { stream: self.run.stream, through, measured: self.top });
        }
        // Of a run that was cut off, a gateway may have more than what survived here.
        let through = through.min(self.top);
        if through <= self.cursor {
            return Ok(Outcome::Nothing);
        }
        self.cursor = through;
        let left = self.held.remove(0, through);
        self.acknowledged += left;
        Ok(Outcome::Moved(left))
    }

    pub(super) fn end(&mut self) {
        self.fate = Fate::Stopped;
    }

    /// The clock is right now, and was wrong by this much.
    pub(super) fn learn(&mut self, offset_ms: i64) {
        self.offset_ms.get_or_insert(offset_ms);
    }

    /// These went out with an unsure time, and keep it.
    pub(super) fn sent(&mut self, first: u64, last: u64) {
        self.sent.insert(first, last);
        self.sent.coarsen(MAX_SENT);
    }

    /// By how much a reading's time is to be moved.
    pub(super) fn offset_of(&self, seq: u64) -> Option<i64> {
        self.offset_ms.filter(|_| !self.sent.contains(seq))
    }

    pub(super) fn state(&self) -> Option<StreamState> {
        Some(StreamState {
            stream: self.run.stream,
            first_at: self.first?.timed(self.offset_of(1)).at,
            cursor: self.cursor,
            oldest: self.oldest(),
            last: self.last(),
        })
    }

    /// Its name.
    pub fn id(&self) -> StreamId {
        self.run.stream
    }

    /// Its name, and the boot in which it ran.
    pub fn run(&self) -> Run {
        self.run
    }

    /// Its first reading's time.
    pub(super) fn first(&self) -> Option<Stamp> {
        self.first
    }

    /// How it ended.
    pub fn fate(&self) -> Fate {
        self.fate
    }

    pub(super) fn offset_ms(&self) -> Option<i64> {
        self.offset_ms
    }

    /// The highest `through` obeyed.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// The oldest `seq` still held; of an empty stream, that of its next reading.
    pub fn oldest(&self) -> u64 {
        self.held.first().map_or(self.top + 1, |run| run.0)
    }

    /// The last `seq` that is held before the first gap. What lies beyond the gap can only be told once all
    /// before it is acknowledged: `oldest` then names the gap.
    pub fn unbroken(&self) -> u64 {
        self.held.first().map_or(self.top, |run| run.1)
    }

    /// How many readings were taken, as far as is known, which is also the highest `seq`.
    pub fn measured(&self) -> u64 {
        self.top
    }

    /// The highest `seq` that survived, once nothing follows.
    pub fn last(&self) -> Option<u64> {
        (self.fate != Fate::Running).then_some(self.top)
    }

    /// What is held.
    pub fn held(&self) -> &Ranges {
        &self.held
    }

    /// Its counts.
    pub fn counts(&self) -> Counts {
        let held = self.held.count();
        Counts {
            measured: held + self.acknowledged + self.lost,
            held,
            acknowledged: self.acknowledged,
            lost: self.lost,
        }
    }
}
