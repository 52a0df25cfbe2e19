//! What is due on disk, and what follows from its result.

use minuano_telemetry::MAX_STREAMS;

use super::entry::{BootId, Stamp};
use super::fault::Fault;
use super::format::segment::HEADER;
use super::recover::Recovery;
use super::{Counts, Log};

/// The first and the longest wait after a disk has failed.
const BACK_OFF_MS: (u64, u64) = (5_000, 15 * 60 * 1000);

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
        /// Over what cannot be read: it failed too often.
        around: bool,
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
    pub generation: u64,
    pub copies: [u8; 2],
    pub saved_ms: u64,
    pub failures: u32,
    pub retry_ms: u64,
    pub read_retry_ms: u64,
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
        let boot = self.running.run().boot;
        if let Some(offset_ms) = self.running.offset_ms().filter(|_| boot != BootId::default()) {
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
            (Job::Load { segment, offset, len, .. }, Ok(Done::Read(bytes))) => {
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
}
