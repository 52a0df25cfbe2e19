//! What comes back from disk: ahead of being sent, over damage, and given up where it cannot be read.

use super::Log;
use super::ahead::MOST;
use super::disk::Name;
use super::format::chunk::MAX_CHUNK;
use super::format::scan;
use super::jobs::{Job, Now};

/// How much is read back at once: two whole chunks at least.
const READ_BYTES: u64 = 2 * MAX_CHUNK as u64;
/// The wait after a failure.
const RETRY_MS: u64 = 5_000;
/// The last of so many attempts reads over what cannot be read; when that fails too, the segment is left alone.
const MAX_FAILURES: u32 = 4;

impl Log {
    pub(super) fn load(&mut self) -> Option<Job> {
        let (stream, seq) = self.ahead.wanted?;
        let held = self.stream(stream).is_some_and(|of| of.held().contains(seq));
        let in_ring = stream == self.running.id()
            && self.ring.front().is_some_and(|slot| seq >= slot.entry.reading.seq);
        if !held || in_ring {
            self.ahead.satisfied();
            return None;
        }
        let place = self.ahead.place.or_else(|| self.shelf.place(stream, seq));
        let found = place.and_then(|(number, offset)| Some((self.shelf.get(number)?, offset)));
        let Some((segment, offset)) = found.filter(|(segment, offset)| *offset < segment.scan.len) else {
            // Nowhere to be found: it is gone.
            self.ahead.satisfied();
            self.ahead.place = None;
            if let Some(of) = self.stream_mut(stream) {
                of.lose(seq, seq);
            }
            self.damaged += 1;
            self.forget();
            return None;
        };
        let len = usize::try_from((segment.scan.len - offset).min(READ_BYTES)).unwrap_or(MAX_CHUNK);
        let around = self.ahead.failures + 1 >= MAX_FAILURES;
        Some(Job::Load { segment: segment.number, offset, len, around })
    }

    pub(super) fn loaded(&mut self, number: u32, offset: u64, bytes: &[u8], is_short: bool) {
        let Some((stream, seq)) = self.ahead.wanted else { return };
        let Some(segment) = self.shelf.get(number).filter(|segment| segment.stream == stream) else {
            self.ahead.place = None;
            return;
        };
        let len = segment.scan.len;
        let mut end = 0;
        self.ahead.restart(stream);
        for (at, _, chunk) in scan::chunks(bytes, stream) {
            end = at + chunk.size;
            for entry in chunk.entries.into_iter().filter(|entry| entry.reading.seq >= seq) {
                self.ahead.push(entry);
            }
            if self.ahead.len() >= MOST {
                break;
            }
        }
        // Where no chunk is whole, one may begin in the last part of what was read.
        let passed = if end > 0 { end } else { bytes.len().saturating_sub(MAX_CHUNK - 1).max(1) };
        let next = offset + passed as u64;
        let saw_end = is_short || offset + bytes.len() as u64 >= len;
        let at_end = next >= len || (end == 0 && saw_end);
        self.ahead.place = (!at_end).then_some((number, next));
        match self.ahead.first() {
            Some(first) => {
                if let Some(of) = self.stream_mut(stream).filter(|_| first > seq) {
                    of.lose(seq, first - 1);
                    self.damaged += 1;
                    self.forget();
                }
                self.ahead.satisfied();
            }
            None if at_end => {
                // The segment said that it had it, and has not.
                self.damaged += 1;
                self.lose_from(number, seq);
                self.ahead.satisfied();
            }
            None => {}
        }
    }

    /// A segment that cannot be read is tried a few times, then given up, and left where it is.
    pub(super) fn unread(&mut self, number: u32, now: &Now) {
        self.ahead.failures += 1;
        self.duty.read_retry_ms = now.ms.saturating_add(RETRY_MS);
        if self.ahead.failures < MAX_FAILURES {
            return;
        }
        if let Some(segment) = self.shelf.get_mut(number) {
            segment.left = true;
            // Nor is anything more written where nothing is read.
            self.shelf.writing.take_if(|writing| *writing == number);
            self.left = Some(Name::Segment(number));
            self.damaged += 1;
        }
        let from = self.ahead.wanted.map_or(0, |(_, seq)| seq);
        self.lose_from(number, from);
        self.ahead.clear();
    }
}
