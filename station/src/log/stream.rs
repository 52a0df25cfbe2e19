//! One run's readings in the log, in order and without gaps from `oldest` to `measured`.

use std::collections::VecDeque;

use minuano_telemetry::{Millis, Reading, StreamId, StreamState};

use super::{Beyond, Outcome};

/// One run of the station.
#[derive(Debug)]
pub struct Stream {
    id: StreamId,
    first_at: Option<Millis>,
    cursor: u64,
    measured: u64,
    acknowledged: u64,
    lost: u64,
    ended: bool,
    readings: VecDeque<Reading>,
}

/// `measured = held + acknowledged + lost`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Readings that were taken.
    pub measured: u64,
    /// Those still here.
    pub held: u64,
    /// Those that left because they are safe elsewhere.
    pub acknowledged: u64,
    /// Those that made room before anybody had acknowledged them.
    pub lost: u64,
}

impl Stream {
    pub(super) fn new(id: StreamId) -> Self {
        Self {
            id,
            first_at: None,
            cursor: 0,
            measured: 0,
            acknowledged: 0,
            lost: 0,
            ended: false,
            readings: VecDeque::new(),
        }
    }

    pub(super) fn append(&mut self, mut reading: Reading) -> Reading {
        self.measured += 1;
        reading.seq = self.measured;
        self.first_at.get_or_insert(reading.at);
        self.readings.push_back(reading);
        reading
    }

    pub(super) fn lose_oldest(&mut self) {
        if self.readings.pop_front().is_some() {
            self.lost += 1;
        }
    }

    pub(super) fn acknowledge(&mut self, through: u64) -> Result<Outcome, Beyond> {
        if through > self.measured {
            return Err(Beyond { stream: self.id, through, measured: self.measured });
        }
        if through <= self.cursor {
            return Ok(Outcome::Nothing);
        }
        self.cursor = through;
        let mut left = 0;
        while self.readings.front().is_some_and(|reading| reading.seq <= through) {
            self.readings.pop_front();
            left += 1;
        }
        self.acknowledged += left;
        Ok(Outcome::Moved(left))
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn from(&self, seq: u64) -> impl Iterator<Item = &Reading> {
        let skip = usize::try_from(seq.saturating_sub(self.oldest())).unwrap_or(usize::MAX);
        self.readings.range(skip.min(self.readings.len())..)
    }

    pub(super) fn state(&self) -> Option<StreamState> {
        Some(StreamState {
            stream: self.id,
            first_at: self.first_at?,
            cursor: self.cursor,
            oldest: self.oldest(),
            last: self.last(),
        })
    }

    /// Its name.
    pub fn id(&self) -> StreamId {
        self.id
    }

    /// The highest `through` obeyed.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// The oldest `seq` still held; of an empty stream, that of its next reading.
    pub fn oldest(&self) -> u64 {
        self.measured + 1 - self.held()
    }

    /// How many readings were taken, which is also the highest `seq`.
    pub fn measured(&self) -> u64 {
        self.measured
    }

    /// The highest `seq`, once nothing follows.
    pub fn last(&self) -> Option<u64> {
        self.ended.then_some(self.measured)
    }

    /// Its counts.
    pub fn counts(&self) -> Counts {
        Counts {
            measured: self.measured,
            held: self.held(),
            acknowledged: self.acknowledged,
            lost: self.lost,
        }
    }

    fn held(&self) -> u64 {
        self.readings.len() as u64
    }
}
