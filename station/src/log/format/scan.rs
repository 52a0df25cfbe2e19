//! What of a segment survived: whole chunks, over damage in the middle, up to a torn tail.

use minuano_telemetry::{Clock, Millis, StreamId};

use super::chunk::{self, Chunk};
use super::segment::HEADER;
use crate::log::ranges::Ranges;

/// How many bytes lie between two places of [`Scan::places`], at least.
const APART: u64 = 32 * 1024;

/// What a segment holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The readings in it.
    pub held: Ranges,
    /// The highest cursor that a chunk names.
    pub cursor: u64,
    /// Where some chunks begin, each with its first `seq`: where to begin to read.
    pub places: Vec<(u64, u64)>,
    /// Up to where the file is whole, but for what is damaged in the middle.
    pub len: u64,
    /// How many times something in the middle had to be skipped.
    pub damaged: u64,
    /// The last time in it that is worth something.
    pub known: Option<Millis>,
}

impl Scan {
    /// Notes a chunk at `offset`.
    pub fn add(&mut self, offset: u64, first: u64, last: u64, size: u64) {
        self.held.insert(first, last);
        if self.places.last().is_none_or(|(_, at)| offset >= at + APART) {
            self.places.push((first, offset));
        }
        self.len = offset + size;
    }
}

/// Whole chunks in `bytes`, each with its offset. What is damaged is skipped and counted if a chunk follows.
pub fn chunks(bytes: &[u8], stream: StreamId) -> impl Iterator<Item = (usize, bool, Chunk)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let mut skipped = false;
        loop {
            let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
            if let Some(chunk) = chunk::take(rest, stream) {
                let offset = at;
                at += chunk.size;
                return Some((offset, skipped, chunk));
            }
            skipped = true;
            at += chunk::next_sync(rest)?;
        }
    })
}

/// Looks through a whole segment, of which `bytes` is all.
pub fn segment(bytes: &[u8], stream: StreamId) -> Scan {
    let mut scan = Scan { len: HEADER as u64, ..Scan::default() };
    for (offset, skipped, chunk) in chunks(bytes.get(HEADER..).unwrap_or_default(), stream) {
        let (Some(first), Some(last)) = (chunk.entries.first(), chunk.entries.last()) else { continue };
        scan.damaged += u64::from(skipped);
        scan.cursor = scan.cursor.max(chunk.cursor);
        let known = chunk.entries.iter().filter(|entry| entry.reading.clock != Clock::Unsynchronised);
        scan.known = scan.known.max(known.map(|entry| entry.reading.at).max());
        let (first, last) = (first.reading.seq, last.reading.seq);
        scan.add((HEADER + offset) as u64, first, last, chunk.size as u64);
    }
    scan
}
