//! What is due on disk, and what follows from its result.

use minuano_telemetry::{Clock, MAX_STREAMS};

use super::ahead::MOST;
use super::disk::Name;
use super::entry::Stamp;
use super::fault::Fault;
use super::format::chunk::{self, MAX_CHUNK};
use super::format::scan;
use super::format::segment::{HEADER, Header};
use super::format::table::{Mark, Row, Table};
use super::recover::Recovery;
use super::shelf::{Segment, TABLES};
use super::stream::Fate;
use super::{Counts, Log, Stream};

/// The time is noted so often while nothing else is written.
const MARK_EVERY_MS: u64 = 3_600_000;
/// The first and the longest wait after a disk has failed.
const BACK_OFF_MS: (u64, u64) = (5_000, 15 * 60 * 1000);
/// How much is read back at once: two whole chunks at least.
const READ_BYTES: u64 = 2 * MAX_CHUNK as u64;
/// After so many failures to read a segment it is left alone.
const MAX_FAILURES: u32 = 4;

/// The present, by all clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Of a clock that does not go back, the one of [`Log::append`].
    pub ms: u64,
    /// By the time of day.
    pub stamp: Stamp,
}

/// Something to do on disk. One at a time; the log goes on meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Write readings, and sync them.
    Spill {
        /// To this segment.
        segment: u32,
        /// It is new, and begins with this.
        header: Option<[u8; HEADER]>,
        /// Where in it.
        offset: u64,
        /// Whole chunks.
        bytes: Vec<u8>,
        /// Each chunk's first and last `seq` and its size.
        chunks: Vec<(u64, u64, u64)>,
    },
    /// Read readings back.
    Load {
        /// From this segment.
        segment: u32,
        /// From here on.
        offset: u64,
        /// So many bytes.
        len: usize,
    },
    /// Write the table and sync it; only then take segments away.
    Save {
        /// Over this copy.
        copy: u8,
        /// The whole table.
        bytes: Vec<u8>,
        /// What is not needed any more.
        remove: Vec<u32>,
    },
}

/// What a job gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is on disk.
    Written,
    /// These bytes were there.
    Read(Vec<u8>),
}

/// What is due when.
#[derive(Clone, Debug, Default)]
pub(super) struct Duty {
    /// What the folder held is known.
    pub adopted: bool,
    /// An acknowledgement moved the cursor of a stream that is on disk.
    pub unsaved: bool,
    /// The clock was synchronised since the table was written.
    pub learnt: bool,
    /// Everything goes to disk now: the process ends.
    pub finishing: bool,
    /// And it did, or the disk failed.
    pub finished: bool,
    /// Counts of streams that are through.
    pub closed: Counts,
    generation: u64,
    copies: [u8; 2],
    saved_ms: u64,
    failures: u32,
    retry_ms: u64,
    read_retry_ms: u64,
}

impl Log {
    /// Takes over what earlier runs left. Of more streams than can be listed the oldest are lost.
    pub fn adopt(&mut self, recovery: Recovery, now_ms: u64) {
        self.shelf.segments = recovery.segments;
        self.shelf.next = recovery.next;
        self.damaged += recovery.damaged;
        self.left = recovery.left;
        self.earlier = recovery.streams;
        let surplus = (self.earlier.len() + 1).saturating_sub(MAX_STREAMS);
        for stream in self.earlier.iter_mut().take(surplus) {
            stream.lose(0, u64::MAX);
        }
        self.forget();
        self.duty.adopted = true;
        self.duty.generation = recovery.generation;
        self.duty.copies = recovery.copies;
        self.duty.saved_ms = now_ms;
        self.duty.unsaved = !self.shelf.segments.is_empty();
        self.fault = None;
        self.duty.failures = 0;
        if let Some(offset_ms) = self.running.offset_ms() {
            let boot = self.running.run().boot;
            self.earlier.iter_mut().filter(|of| of.run().boot == boot).for_each(|of| of.learn(offset_ms));
        }
    }

    /// Whether [`Log::adopt`] was called.
    pub fn is_adopted(&self) -> bool {
        self.duty.adopted
    }

    /// The folder could not be opened, or not be read.
    pub fn fail(&mut self, doing: &'static str, error: &std::io::Error, now_ms: u64) {
        self.fault = Some(Fault::new(doing, error));
        self.duty.failures = self.duty.failures.saturating_add(1);
        let factor = 1_u64.checked_shl(self.duty.failures - 1).unwrap_or(u64::MAX);
        let wait_ms = BACK_OFF_MS.0.saturating_mul(factor).min(BACK_OFF_MS.1);
        self.duty.retry_ms = now_ms.saturating_add(wait_ms);
        self.duty.finished |= self.duty.finishing;
    }

    /// When a disk that failed is to be tried again.
    pub fn retry_ms(&self) -> u64 {
        self.duty.retry_ms
    }

    /// Everything is to be on disk: the process ends.
    pub fn finish(&mut self) {
        self.duty.finishing = true;
        self.duty.retry_ms = 0;
    }

    /// Whether nothing is left to be written.
    pub fn is_finished(&self) -> bool {
        self.duty.finished
    }

    /// What is due now, if anything is.
    pub fn job(&mut self, now: &Now) -> Option<Job> {
        if !self.duty.adopted {
            return None;
        }
        if now.ms >= self.duty.read_retry_ms
            && let Some(load) = self.load()
        {
            return Some(load);
        }
        if now.ms < self.duty.retry_ms {
            return None;
        }
        if now.ms >= self.spill_at().unwrap_or(u64::MAX) {
            return self.spill().or_else(|| Some(self.save(now, true)));
        }
        (now.ms >= self.save_at()).then(|| self.save(now, false))
    }

    /// When something will be due if nothing happens before.
    pub fn wake_ms(&self) -> u64 {
        if !self.duty.adopted {
            return self.duty.retry_ms;
        }
        let load = self.ahead.wanted.map_or(u64::MAX, |_| self.duty.read_retry_ms);
        let write = self.spill_at().unwrap_or(u64::MAX).min(self.save_at());
        load.min(write.max(self.duty.retry_ms))
    }

    /// Takes the result of a job.
    pub fn done(&mut self, job: Job, result: std::io::Result<Done>, now: &Now) {
        match (job, result) {
            (Job::Load { segment, offset, len }, Ok(Done::Read(bytes))) => {
                self.loaded(segment, offset, &bytes, bytes.len() < len);
            }
            (Job::Load { segment, .. }, Ok(Done::Written)) => self.unread(segment, now),
            (Job::Load { segment, .. }, Err(error)) => {
                self.fault = Some(Fault::new("read", &error));
                self.unread(segment, now);
            }
            (Job::Spill { segment, offset, chunks, .. }, Ok(_)) => {
                self.spilled(segment, offset, &chunks);
                self.recovered();
            }
            (Job::Spill { segment, .. }, Err(error)) => {
                // After a failed sync nobody knows what is on disk: the next attempt takes a new file.
                self.shelf.writing = None;
                if self.shelf.get(segment).is_none() {
                    self.shelf.stray.push(segment);
                }
                self.fail("write", &error, now.ms);
            }
            (Job::Save { remove, .. }, Ok(_)) => {
                self.saved(&remove);
                self.recovered();
            }
            (Job::Save { .. }, Err(error)) => {
                // The next attempt goes over the same copy: the other one is whole.
                self.duty.generation -= 1;
                self.duty.unsaved = true;
                self.fail("write", &error, now.ms);
            }
        }
    }

    fn recovered(&mut self) {
        self.fault = None;
        self.duty.failures = 0;
        self.duty.retry_ms = 0;
    }

    // ── Writing ──────────────────────────────────────────────────────────────────────────────────

    fn spill_at(&self) -> Option<u64> {
        let oldest = self.ring.front()?;
        let at_once = self.duty.finishing || self.ring.len() >= self.limits.spill_readings;
        Some(if at_once { 0 } else { oldest.since_ms.saturating_add(self.limits.spill_ms) })
    }

    /// Everything in RAM, up to a bound. `None` where the oldest segment has to make room first.
    fn spill(&mut self) -> Option<Job> {
        let (mut bytes, mut chunks) = (Vec::new(), Vec::new());
        let mut at = 0;
        while (bytes.len() as u64) < self.limits.spill_bytes {
            let before = bytes.len();
            let entries = self.ring.range(at..).map(|slot| &slot.entry);
            let count = chunk::put(&mut bytes, self.running.id(), self.running.cursor(), entries);
            let Some(first) = self.ring.get(at).filter(|_| count > 0) else { break };
            let first = first.entry.reading.seq;
            chunks.push((first, first + count as u64 - 1, (bytes.len() - before) as u64));
            at += count;
        }
        let size = bytes.len() as u64;
        let open = self.shelf.open(size, self.limits.segment_bytes);
        let (segment, offset, header) = match open {
            Some(open) => (open.number, open.scan.len, None),
            None => {
                let header = Header { run: self.running.run(), first: self.running.first()? };
                (self.shelf.next, HEADER as u64, Some(header.encode()))
            }
        };
        let needed = size + if header.is_some() { HEADER as u64 } else { 0 };
        if self.shelf.bytes() + needed + TABLES > self.limits.max_bytes && self.shelf.oldest().is_some() {
            return None;
        }
        if header.is_some() {
            self.shelf.next = self.shelf.next.wrapping_add(1);
        }
        Some(Job::Spill { segment, header, offset, bytes, chunks })
    }

    fn spilled(&mut self, segment: u32, offset: u64, chunks: &[(u64, u64, u64)]) {
        let mut at = offset;
        let stream = self.running.id();
        for &(first, last, size) in chunks {
            self.shelf.written(segment, stream, at, (first, last), size);
            at += size;
            while self.ring.front().is_some_and(|slot| slot.entry.reading.seq <= last) {
                self.ring.pop_front();
            }
        }
    }

    fn save_at(&self) -> u64 {
        let duty = &self.duty;
        if duty.finishing {
            return if duty.finished { u64::MAX } else { 0 };
        }
        if duty.learnt {
            return duty.saved_ms;
        }
        let idle = !duty.unsaved && self.shelf.stray.is_empty();
        let every_ms = if idle { MARK_EVERY_MS } else { self.limits.spill_ms };
        duty.saved_ms.saturating_add(every_ms)
    }

    /// The table as it is without the segments that are not needed, or whose turn it is to make room.
    fn save(&mut self, now: &Now, full: bool) -> Job {
        let mut remove: Vec<u32> = self.shelf.stray.clone();
        let needless = self.shelf.segments.iter().filter(|segment| !segment.left && !self.needs(segment));
        let before = remove.len();
        remove.extend(needless.map(|segment| segment.number));
        if full && remove.len() == before {
            remove.extend(self.lose_oldest());
        }
        let remains = |stream: &&Stream| {
            let of = self.shelf.segments.iter().filter(|segment| segment.stream == stream.id());
            of.into_iter().any(|segment| !remove.contains(&segment.number))
        };
        let rows = self.streams().filter(remains).map(|stream| Row {
            stream: stream.id(),
            cursor: stream.cursor(),
            last: (stream.fate() == Fate::Stopped).then_some(stream.measured()),
            offset_ms: stream.offset_ms(),
        });
        let mark = Mark {
            boot: self.running.run().boot,
            stamp: now.stamp,
            synchronised: self.running.offset_ms().is_some() || now.stamp.clock != Clock::Unsynchronised,
        };
        let table = Table { mark: Some(mark), streams: rows.collect() };
        self.duty.generation += 1;
        let copy = self.duty.copies[usize::from(self.duty.generation % 2 == 1)];
        // An acknowledgement that comes while this is written is for the next.
        self.duty.unsaved = false;
        self.duty.learnt = false;
        self.duty.saved_ms = now.ms;
        Job::Save { copy, bytes: table.encode(self.duty.generation), remove }
    }

    fn saved(&mut self, removed: &[u32]) {
        let shelf = &mut self.shelf;
        shelf.segments.retain(|segment| !removed.contains(&segment.number));
        shelf.stray.retain(|number| !removed.contains(number));
        shelf.writing.take_if(|number| removed.contains(number));
        self.duty.finished |= self.duty.finishing && self.ring.is_empty();
    }

    /// Whether a segment has a reading that is still held.
    fn needs(&self, segment: &Segment) -> bool {
        let held = self.stream(segment.stream).map(Stream::held);
        held.is_some_and(|held| segment.scan.held.iter().any(|(first, last)| held.any(first, last)))
    }

    /// The oldest segment's readings are lost. Gives its number.
    fn lose_oldest(&mut self) -> Option<u32> {
        let number = self.shelf.oldest()?.number;
        self.lose_from(number, 0);
        Some(number)
    }

    /// Counts the readings of a segment from `from` on as lost.
    fn lose_from(&mut self, number: u32, from: u64) {
        let Some(segment) = self.shelf.get(number) else { return };
        let runs: Vec<_> = segment.scan.held.iter().collect();
        let stream = segment.stream;
        if let Some(found) = self.stream_mut(stream) {
            for (first, last) in runs {
                found.lose(first.max(from), last);
            }
        }
        self.forget();
    }

    // ── Reading back ─────────────────────────────────────────────────────────────────────────────

    fn load(&mut self) -> Option<Job> {
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
        Some(Job::Load { segment: segment.number, offset, len })
    }

    fn loaded(&mut self, number: u32, offset: u64, bytes: &[u8], is_short: bool) {
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
    fn unread(&mut self, number: u32, now: &Now) {
        self.ahead.failures += 1;
        self.duty.read_retry_ms = now.ms.saturating_add(BACK_OFF_MS.0);
        if self.ahead.failures < MAX_FAILURES {
            return;
        }
        if let Some(segment) = self.shelf.get_mut(number) {
            segment.left = true;
            self.left = Some(Name::Segment(number));
            self.damaged += 1;
        }
        let from = self.ahead.wanted.map_or(0, |(_, seq)| seq);
        self.lose_from(number, from);
        self.ahead.clear();
    }
}
