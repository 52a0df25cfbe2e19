//! What was measured and is not yet acknowledged: the queue between the sensors and a gateway's disk.
//!
//! It is bounded; when it is full the oldest reading makes room and is counted as lost. For each stream and
//! at any moment `measured = acknowledged + held + lost`. It lives in RAM for now and holds the running
//! stream alone; what is asked of it speaks of streams, because a log on disk also holds those of earlier runs.

mod stream;
#[cfg(test)]
mod tests;

use minuano_telemetry::{MAX_READINGS, MAX_STREAMS, Reading, StreamId, Streams};

pub use self::stream::{Counts, Stream};

/// What one reading takes in RAM.
pub const READING_BYTES: u64 = size_of::<Reading>() as u64;

/// The log.
#[derive(Debug)]
pub struct Log {
    /// Oldest first; the last is this run's.
    streams: Vec<Stream>,
    max_readings: u64,
    unknown: u64,
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
    /// An empty log for a run that starts now. `max_bytes` bounds the readings in it; one always fits.
    pub fn new(running: StreamId, max_bytes: u64) -> Self {
        Self {
            streams: vec![Stream::new(running)],
            max_readings: (max_bytes / READING_BYTES).max(1),
            unknown: 0,
        }
    }

    /// Takes a reading of the running stream, whatever its number says, and gives it back with its own.
    pub fn append(&mut self, reading: Reading) -> Option<Reading> {
        while self.held() >= self.max_readings {
            let oldest = self.streams.iter_mut().find(|stream| stream.counts().held > 0)?;
            oldest.lose_oldest();
        }
        self.streams.last_mut().map(|stream| stream.append(reading))
    }

    /// Obeys an acknowledgement: what is at or below `through` leaves the log, and the cursor never goes back.
    pub fn acknowledge(&mut self, stream: StreamId, through: u64) -> Result<Outcome, Beyond> {
        let Some(found) = self.streams.iter_mut().find(|found| found.id() == stream) else {
            self.unknown += 1;
            return Ok(Outcome::Unknown);
        };
        found.acknowledge(through)
    }

    /// The run has ended: nothing follows.
    pub fn end(&mut self) {
        if let Some(stream) = self.streams.last_mut() {
            stream.end();
        }
    }

    /// Up to `max` readings of a stream from `from` on, those that are held.
    pub fn read(&self, stream: StreamId, from: u64, max: usize) -> impl Iterator<Item = &Reading> {
        self.stream(stream).into_iter().flat_map(move |found| found.from(from)).take(max.min(MAX_READINGS))
    }

    /// What is said on `streams`. A stream that has measured nothing has no first reading to speak of.
    pub fn states(&self) -> Streams {
        let listed = self.streams.iter().filter_map(Stream::state);
        Streams { streams: listed.take(MAX_STREAMS).collect() }
    }

    /// Oldest first; the last is this run's.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// One of them.
    pub fn stream(&self, id: StreamId) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.id() == id)
    }

    /// Counts of all streams together.
    pub fn counts(&self) -> Counts {
        self.streams.iter().map(Stream::counts).fold(Counts::default(), |sum, of| Counts {
            measured: sum.measured + of.measured,
            held: sum.held + of.held,
            acknowledged: sum.acknowledged + of.acknowledged,
            lost: sum.lost + of.lost,
        })
    }

    /// Acknowledgements of streams that the log does not have.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    fn held(&self) -> u64 {
        self.streams.iter().map(|stream| stream.counts().held).sum()
    }
}
