//! The table of cursors: written whole, two copies in turn, so that a write that a power cut tears leaves
//! the other copy. The one with the higher generation counts.

use minuano_telemetry::{MAX_SEQ, MAX_STREAMS, Millis, StreamId};

use super::bytes::{Bytes, is_begun};
use super::segment::{clock_code, clock_of};
use crate::log::entry::{BootId, Stamp};

/// The longest table, and a reader's bound.
pub const MAX_TABLE: usize = 4096;
const MAGIC: [u8; 8] = *b"minutab\x01";
const SYNCHRONISED: u8 = 1;
const HAS_LAST: u8 = 1;
const HAS_OFFSET: u8 = 2;

/// What is so beside the segments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The last time that was known, and in which boot.
    pub mark: Option<Mark>,
    /// At most [`MAX_STREAMS`].
    pub streams: Vec<Row>,
}

/// The time at the moment at which the table was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// In this boot.
    pub boot: BootId,
    /// At this moment.
    pub stamp: Stamp,
    /// Whether the clock was synchronised at any time of the boot.
    pub synchronised: bool,
}

/// What a stream's segments do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which stream.
    pub stream: StreamId,
    /// The highest `through` obeyed.
    pub cursor: u64,
    /// The highest `seq`, when the run ended as it should.
    pub last: Option<u64>,
    /// How far the time of day was ahead of the time since the boot, once the clock was synchronised.
    pub offset_ms: Option<i64>,
}

/// What a file that should hold a table holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A whole table.
    Table(u64, Table),
    /// One that was being written when the power went, or nothing.
    Torn,
    /// Something else.
    Foreign,
}

impl Table {
    /// As it is written, with its generation.
    pub fn encode(&self, generation: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_TABLE);
        out.extend(MAGIC);
        out.extend([0; 4]);
        out.extend(generation.to_le_bytes());
        out.push(self.mark.is_some().into());
        if let Some(Mark { boot, stamp, synchronised }) = self.mark {
            out.extend(boot.0);
            out.extend(stamp.at.get().to_le_bytes());
            out.extend(stamp.mono_ms.to_le_bytes());
            out.push(clock_code(stamp.clock));
            out.push(if synchronised { SYNCHRONISED } else { 0 });
        }
        let rows = self.streams.iter().take(MAX_STREAMS);
        out.push(u8::try_from(rows.len()).unwrap_or_default());
        for row in rows {
            out.extend(row.stream.0.to_le_bytes());
            out.extend(row.cursor.to_le_bytes());
            let has = |is: bool, flag: u8| if is { flag } else { 0 };
            out.push(has(row.last.is_some(), HAS_LAST) | has(row.offset_ms.is_some(), HAS_OFFSET));
            out.extend(row.last.unwrap_or_default().to_le_bytes());
            out.extend(row.offset_ms.unwrap_or_default().to_le_bytes());
        }
        let crc = crc32fast::hash(out.get(MAGIC.len() + 4..).unwrap_or_default());
        if let Some(place) = out.get_mut(MAGIC.len()..MAGIC.len() + 4) {
            place.copy_from_slice(&crc.to_le_bytes());
        }
        // A shorter table leaves the end of the longer one before it, so the length is part of the file.
        let length = u32::try_from(out.len()).unwrap_or_default();
        out.extend((length ^ crc).to_le_bytes());
        out
    }

    /// What these bytes are.
    pub fn decode(bytes: &[u8]) -> Found {
        match decode(bytes) {
            Some((generation, table)) => Found::Table(generation, table),
            None if is_begun(bytes, &MAGIC) => Found::Torn,
            None => Found::Foreign,
        }
    }
}

fn decode(bytes: &[u8]) -> Option<(u64, Table)> {
    let mut rest = Bytes(bytes);
    if rest.array()? != MAGIC {
        return None;
    }
    let crc = rest.u32()?;
    let said = rest.0;
    let generation = rest.u64()?;
    let mark = match rest.u8()? {
        0 => None,
        _ => {
            let boot = BootId(rest.array()?);
            let at = Millis::new(rest.i64()?)?;
            let mono_ms = rest.u64()?;
            let clock = clock_of(rest.u8()?)?;
            Some(Mark { boot, stamp: Stamp { at, clock, mono_ms }, synchronised: rest.u8()? != 0 })
        }
    };
    let count = usize::from(rest.u8()?);
    let mut streams = Vec::with_capacity(count.min(MAX_STREAMS));
    for _ in 0..count {
        let stream = StreamId(rest.u64()?);
        let cursor = rest.u64().filter(|cursor| *cursor <= MAX_SEQ)?;
        let has = rest.u8()?;
        let (last, offset_ms) = (rest.u64()?, rest.i64()?);
        streams.push(Row {
            stream,
            cursor,
            last: (has & HAS_LAST != 0).then_some(last).filter(|last| *last <= MAX_SEQ),
            offset_ms: (has & HAS_OFFSET != 0).then_some(offset_ms),
        });
    }
    let said = said.get(..said.len() - rest.0.len())?;
    let length = u32::try_from(MAGIC.len() + 4 + said.len()).ok()?;
    let right = crc32fast::hash(said) == crc && rest.u32()? == length ^ crc;
    right.then_some((generation, Table { mark, streams }))
}
