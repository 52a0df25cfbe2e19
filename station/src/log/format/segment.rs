//! A segment: a file of one stream.
//!
//! ```text
//! 0  "minuano" 1    the form and its version
//! 8  stream         64 bits
//! ```
//!    16  boot           16 bytes
//!    32  first reading  of the stream: time, time since the boot, clock
//!    60  CRC-32         of what stands before it
//!    64  chunks         to the end of the file

use minuano_telemetry::{Clock, Millis, StreamId};

use super::bytes::{Bytes, is_begun};
use crate::log::entry::{BootId, Run, Stamp};

/// The length of the header, which is written and synced before the first chunk.
pub const HEADER: usize = 64;
const MAGIC: [u8; 8] = *b"minuano\x01";
const CRC_AT: usize = HEADER - 4;

/// Whose readings a segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The run that wrote it.
    pub run: Run,
    /// The first reading of its stream, which may stand in an earlier segment or have been acknowledged.
    pub first: Stamp,
}

impl Header {
    /// As it is written.
    pub fn encode(&self) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[..8].copy_from_slice(&MAGIC);
        out[8..16].copy_from_slice(&self.run.stream.0.to_le_bytes());
        out[16..32].copy_from_slice(&self.run.boot.0);
        out[32..40].copy_from_slice(&self.first.at.get().to_le_bytes());
        out[40..48].copy_from_slice(&self.first.mono_ms.to_le_bytes());
        out[48] = clock_code(self.first.clock);
        let crc = crc32fast::hash(&out[..CRC_AT]);
        out[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Whether these bytes are all of a file whose header was begun and not written whole.
    pub fn is_begun(bytes: &[u8]) -> bool {
        bytes.len() <= HEADER && is_begun(bytes, &MAGIC) && Self::decode(bytes).is_none()
    }

    /// The header that a file begins with; `None` if it is none that this version wrote.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER)?;
        let (said, crc) = header.split_at_checked(CRC_AT)?;
        if crc32fast::hash(said).to_le_bytes() != crc {
            return None;
        }
        let mut said = Bytes(said);
        if said.array()? != MAGIC {
            return None;
        }
        let stream = StreamId(said.u64()?);
        let boot = BootId(said.array()?);
        let at = Millis::new(said.i64()?)?;
        let mono_ms = said.u64()?;
        let clock = clock_of(said.u8()?)?;
        Some(Self { run: Run { stream, boot }, first: Stamp { at, clock, mono_ms } })
    }
}

pub(super) fn clock_code(clock: Clock) -> u8 {
    match clock {
        Clock::Synchronised => 0,
        Clock::Holdover => 1,
        Clock::Unsynchronised => 2,
    }
}

pub(super) fn clock_of(code: u8) -> Option<Clock> {
    match code {
        0 => Some(Clock::Synchronised),
        1 => Some(Clock::Holdover),
        2 => Some(Clock::Unsynchronised),
        _ => None,
    }
}
