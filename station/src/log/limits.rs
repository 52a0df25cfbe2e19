//! The log's bounds, all in one place.

/// The most readings in RAM: what a station without a disk keeps. 22 hours at 10 s, in a megabyte.
pub const RAM_READINGS: usize = 8192;
/// So many readings in RAM are written to disk whatever their age: a history is lived through quickly.
const SPILL_READINGS: usize = 1024;
const SEGMENT_BYTES: (u64, u64) = (16 * 1024, 1024 * 1024);
const SPILL_BYTES: u64 = 64 * 1024;

/// The log's bounds.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a reading waits in RAM for its acknowledgement.
    pub spill_ms: u64,
    /// The most readings in RAM.
    pub ram_readings: usize,
    /// So many are written to disk at once.
    pub spill_readings: usize,
    /// The most bytes on disk.
    pub max_bytes: u64,
    /// The most bytes of one segment.
    pub segment_bytes: u64,
    /// About the most bytes that are written and synced at once.
    pub spill_bytes: u64,
}

impl Limits {
    /// The bounds of a log with this configuration.
    pub fn of(max_bytes: u64, spill_ms: u64) -> Self {
        let segment_bytes = (max_bytes / 16).clamp(SEGMENT_BYTES.0, SEGMENT_BYTES.1);
        Self {
            spill_ms,
            ram_readings: RAM_READINGS,
            spill_readings: SPILL_READINGS,
            max_bytes,
            segment_bytes,
            spill_bytes: SPILL_BYTES.min(segment_bytes / 2),
        }
    }
}
