//! Readings that were read back from disk ahead of being sent, and which are wanted next.

use minuano_telemetry::StreamId;

use super::entry::Entry;

/// About as many as are kept: the next few messages' worth.
pub(super) const MOST: usize = 512;

/// What was read back.
#[derive(Clone, Debug, Default)]
pub(super) struct Ahead {
    stream: Option<StreamId>,
    /// Rising; with gaps only where the stream has them.
    entries: Vec<Entry>,
    /// What was asked for and is not here.
    pub wanted: Option<(StreamId, u64)>,
    /// Where the search for it goes on: a segment and an offset.
    pub place: Option<(u32, u64)>,
    /// How often it could not be read.
    pub failures: u32,
}

impl Ahead {
    /// The readings of this stream from this one on, if it is here; else it is wanted from now on.
    pub fn from(&mut self, stream: StreamId, seq: u64) -> &[Entry] {
        let here = (self.stream == Some(stream))
            .then(|| self.entries.binary_search_by_key(&seq, |entry| entry.reading.seq).ok())
            .flatten();
        if here.is_none() && self.wanted != Some((stream, seq)) {
            let follows = self.stream == Some(stream)
                && self.entries.last().is_some_and(|last| last.reading.seq + 1 == seq);
            self.wanted = Some((stream, seq));
            self.place = self.place.filter(|_| follows);
            self.failures = 0;
        }
        here.and_then(|at| self.entries.get(at..)).unwrap_or_default()
    }

    /// Begins anew with what is wanted.
    pub fn restart(&mut self, stream: StreamId) {
        self.stream = Some(stream);
        self.entries.clear();
    }

    /// A reading that was read back.
    pub fn push(&mut self, entry: Entry) {
        if self.entries.last().is_none_or(|last| last.reading.seq < entry.reading.seq) {
            self.entries.push(entry);
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The lowest that is here.
    pub fn first(&self) -> Option<u64> {
        self.entries.first().map(|entry| entry.reading.seq)
    }

    /// Nothing is asked for any more.
    pub fn satisfied(&mut self) {
        self.wanted = None;
        self.failures = 0;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
