//! The segments on disk, as they are known in memory.

use minuano_telemetry::StreamId;

use super::format::scan::Scan;
use super::format::segment::HEADER;
use super::format::table::MAX_TABLE;

/// What both copies of the table may take.
pub(super) const TABLES: u64 = 2 * MAX_TABLE as u64;

/// The segments, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    pub segments: Vec<Segment>,
    /// The number of the next new one.
    pub next: u32,
    /// The one that is written to.
    pub writing: Option<u32>,
    /// Files that were begun by this process and hold nothing: they go with the next that go.
    pub stray: Vec<u32>,
}

/// A file of readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub number: u32,
    pub stream: StreamId,
    pub scan: Scan,
    /// It could not be read: it stays where it is, and nothing more is asked of it.
    pub left: bool,
}

impl Shelf {
    /// What the log takes on disk.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().filter(|segment| !segment.left).map(|segment| segment.scan.len).sum()
    }

    /// The one that makes room first.
    pub fn oldest(&self) -> Option<&Segment> {
        self.segments.iter().find(|segment| !segment.left)
    }

    /// The segment that is written to, if so many bytes more fit into it.
    pub fn open(&self, bytes: u64, most: u64) -> Option<&Segment> {
        let open = self.get(self.writing?)?;
        (open.scan.len + bytes <= most).then_some(open)
    }

    pub fn get(&self, number: u32) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.number == number)
    }

    pub fn get_mut(&mut self, number: u32) -> Option<&mut Segment> {
        self.segments.iter_mut().find(|segment| segment.number == number)
    }

    /// Where to begin to read for this reading.
    pub fn place(&self, stream: StreamId, seq: u64) -> Option<(u32, u64)> {
        let holds =
            |segment: &&Segment| !segment.left && segment.stream == stream && segment.scan.held.contains(seq);
        let segment = self.segments.iter().find(holds)?;
        let places = segment.scan.places.iter().rev();
        let offset = places.map(|(first, offset)| (*first, *offset)).find(|(first, _)| *first <= seq);
        Some((segment.number, offset.map_or(HEADER as u64, |(_, offset)| offset)))
    }

    /// Whether a stream has anything on disk.
    pub fn has(&self, stream: StreamId) -> bool {
        self.segments.iter().any(|segment| segment.stream == stream)
    }

    /// A chunk was written.
    pub fn written(
        &mut self,
        number: u32,
        stream: StreamId,
        offset: u64,
        (first, last): (u64, u64),
        size: u64,
    ) {
        if self.get(number).is_none() {
            let scan = Scan { len: HEADER as u64, ..Scan::default() };
            self.segments.push(Segment { number, stream, scan, left: false });
        }
        if let Some(segment) = self.get_mut(number) {
            segment.scan.add(offset, first, last, size);
        }
        self.writing = Some(number);
    }
}
