//! A chunk: consecutive readings under one checksum.
//!
//! ```text
//! 0  A5 4D          so that a search for the next whole chunk has something to look for
//! 2  length         of the body, 16 bits
//! 4  CRC-32         of the stream, the length and the body: a chunk of another stream is none
//! 8  body           first seq, cursor, then records to its end
//! ```

use minuano_telemetry::{MAX_SEQ, StreamId};

use super::bytes::{Bytes, put_varint};
use super::record::{self, Before, MAX_RECORD};
use crate::log::entry::Entry;

/// The longest chunk. A read of so many bytes at the beginning of a chunk holds all of it.
pub const MAX_CHUNK: usize = 8 * 1024;
const HEAD: usize = 8;
const SYNC: [u8; 2] = [0xA5, 0x4D];

/// A whole chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// The cursor of its stream when it was written.
    pub cursor: u64,
    /// At least one, each by one after the other.
    pub entries: Vec<Entry>,
    /// How many bytes it takes.
    pub size: usize,
}

/// Appends a chunk of the first of these entries to `out`, as many as it holds. Gives how many; 0 for none.
/// Where the numbers have a gap the chunk ends.
pub fn put<'a>(
    out: &mut Vec<u8>,
    stream: StreamId,
    cursor: u64,
    entries: impl Iterator<Item = &'a Entry>,
) -> usize {
    let start = out.len();
    let mut count = 0;
    let mut next = None;
    let mut before = Before::default();
    for entry in entries {
        if next.is_some_and(|next| next != entry.reading.seq) {
            break;
        }
        if next.is_none() {
            out.extend([0; HEAD]);
            put_varint(out, entry.reading.seq);
            put_varint(out, cursor);
        }
        record::put(out, entry, &mut before);
        next = Some(entry.reading.seq + 1);
        count += 1;
        if out.len() - start > MAX_CHUNK - MAX_RECORD {
            break;
        }
    }
    if count > 0 {
        seal(out, start, stream);
    }
    count
}

fn seal(out: &mut [u8], start: usize, stream: StreamId) {
    let Some(chunk) = out.get_mut(start..) else { return };
    let Some((head, body)) = chunk.split_at_mut_checked(HEAD) else { return };
    // Never beyond MAX_CHUNK.
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_le_bytes();
    head[..2].copy_from_slice(&SYNC);
    head[2..4].copy_from_slice(&length);
    head[4..].copy_from_slice(&checksum(stream, length, body).to_le_bytes());
}

fn checksum(stream: StreamId, length: [u8; 2], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&stream.0.to_le_bytes());
    hasher.update(&length);
    hasher.update(body);
    hasher.finalize()
}

/// The chunk that begins here, if it is whole.
pub fn take(bytes: &[u8], stream: StreamId) -> Option<Chunk> {
    let mut head = Bytes(bytes);
    if head.array()? != SYNC {
        return None;
    }
    let length = head.array()?;
    let crc = head.u32()?;
    let body = head.0.get(..usize::from(u16::from_le_bytes(length)))?;
    if checksum(stream, length, body) != crc {
        return None;
    }
    let mut rest = Bytes(body);
    let first = rest.varint()?;
    let cursor = rest.varint().filter(|cursor| *cursor <= MAX_SEQ)?;
    let mut entries = Vec::new();
    let mut before = Before::default();
    while !rest.0.is_empty() {
        let seq = first.checked_add(entries.len() as u64)?;
        entries.push(record::take(&mut rest, seq, &mut before)?);
    }
    (!entries.is_empty()).then_some(Chunk { cursor, entries, size: HEAD + body.len() })
}

/// Where the next chunk could begin, after the first byte.
pub(super) fn next_sync(bytes: &[u8]) -> Option<usize> {
    bytes.get(1..)?.windows(SYNC.len()).position(|pair| pair == SYNC).map(|place| place + 1)
}
