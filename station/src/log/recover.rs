//! What earlier runs left in the folder.
//!
//! A torn tail is cut off, damage in the middle is skipped and counted, and a file that is not understood
//! stays where it is: it is named, and nothing is written over it.

use std::io;

use minuano_telemetry::Millis;

use super::disk::{Disk, MAX_COPIES, Name, read_around};
use super::format::scan::{self, Scan};
use super::format::segment::Header;
use super::format::table::{Found, MAX_TABLE, Mark, Table};
use super::ranges::Ranges;
use super::shelf::Segment;
use super::stream::Stream;

/// A longer file was not written by any configuration of this program.
const MAX_SEGMENT: u64 = 4 * 1024 * 1024;

/// What there is.
#[derive(Debug, Default)]
pub struct Recovery {
    pub(super) segments: Vec<Segment>,
    pub(super) streams: Vec<Stream>,
    pub(super) next: u32,
    pub(super) generation: u64,
    pub(super) copies: [u8; 2],
    pub(super) damaged: u64,
    pub(super) left: Option<Name>,
    /// The last time that was written down.
    pub mark: Option<Mark>,
    /// A later time that a reading was taken at, by a clock that was worth something.
    pub known: Option<Millis>,
}

impl Recovery {
    /// Streams of earlier runs, and readings in them.
    pub fn counts(&self) -> (usize, u64) {
        (self.streams.len(), self.streams.iter().map(|stream| stream.counts().held).sum())
    }

    /// How many places were damaged, and one file that is left alone.
    pub fn trouble(&self) -> (u64, Option<Name>) {
        (self.damaged, self.left)
    }
}

/// Looks through the folder.
pub fn recover(disk: &mut impl Disk) -> io::Result<Recovery> {
    let mut found = Recovery::default();
    let files = disk.list()?;
    let table = tables(disk, &files, &mut found)?;
    let mut groups: Vec<Group> = Vec::new();
    for (name, len) in files {
        let Name::Segment(number) = name else { continue };
        found.next = found.next.max(number.saturating_add(1));
        let Some((header, scan)) = segment(disk, number, len, &mut found) else { continue };
        found.known = found.known.max(scan.known);
        found.damaged += scan.damaged;
        let place = groups.iter().position(|group| group.header.run == header.run);
        let at = place.unwrap_or(groups.len());
        if place.is_none() {
            groups.push(Group { header, cursor: 0, held: Ranges::default() });
        }
        if let Some(group) = groups.get_mut(at) {
            group.cursor = group.cursor.max(scan.cursor);
            // What two segments hold, because a write was thought to have failed, is held once.
            scan.held.iter().for_each(|(first, last)| group.held.insert(first, last));
        }
        found.segments.push(Segment { number, stream: header.run.stream, scan, left: false });
    }
    // A killed process may have written what it had no time to sync. Where that fails nothing is worse than before.
    for segment in &found.segments {
        let _ = disk.sync(Name::Segment(segment.number));
    }
    let _ = disk.sync_folder();
    found.streams = groups.into_iter().filter_map(|group| group.stream(&table)).collect();
    found.mark = table.mark;
    Ok(found)
}

/// The segments of one run, together.
struct Group {
    header: Header,
    cursor: u64,
    held: Ranges,
}

impl Group {
    /// Its stream, if anything of it is left to be sent.
    fn stream(self, table: &Table) -> Option<Stream> {
        let row = table.streams.iter().find(|row| row.stream == self.header.run.stream);
        let cursor = row.map_or(0, |row| row.cursor).max(self.cursor);
        let last = row.and_then(|row| row.last);
        let mut stream = Stream::earlier(self.header.run, self.header.first, cursor, last, self.held);
        if let Some(offset_ms) = row.and_then(|row| row.offset_ms) {
            stream.learn(offset_ms);
        }
        (stream.counts().held > 0).then_some(stream)
    }
}

/// The newest whole table, and which copies the next ones go to.
fn tables(disk: &mut impl Disk, files: &[(Name, u64)], found: &mut Recovery) -> io::Result<Table> {
    let mut newest = Table::default();
    let mut foreign = Vec::new();
    for (name, _) in files {
        let Name::Table(copy) = *name else { continue };
        // What cannot be read stays as it is, too.
        let read = disk.read(*name, 0, MAX_TABLE);
        match read.map_or(Found::Foreign, |bytes| Table::decode(&bytes)) {
            Found::Table(generation, table) if generation > found.generation => {
                found.generation = generation;
                newest = table;
            }
            Found::Table(..) | Found::Torn => {}
            Found::Foreign => {
                foreign.push(copy);
                found.left = Some(*name);
            }
        }
    }
    let mut free = (0..MAX_COPIES).filter(|copy| !foreign.contains(copy));
    found.copies = match (free.next(), free.next()) {
        (Some(even), Some(odd)) => [even, odd],
        _ => return Err(io::Error::other("no name is free for the table of cursors")),
    };
    Ok(newest)
}

/// What a segment holds; `None` where it is not understood, or was empty and is gone.
fn segment(disk: &mut impl Disk, number: u32, len: u64, found: &mut Recovery) -> Option<(Header, Scan)> {
    let name = Name::Segment(number);
    let whole = usize::try_from(len).ok().filter(|_| len <= MAX_SEGMENT);
    let read = whole.and_then(|len| read_around(disk, name, 0, len).ok());
    if read.as_ref().is_some_and(|(bytes, whole)| *whole && Header::is_begun(bytes)) {
        // The power went before its header was synced: it never held a reading. If it stays, it comes up again.
        let _ = disk.remove(name);
        return None;
    }
    let decoded = read.and_then(|read| Header::decode(&read.0).map(|header| (read, header)));
    let Some(((bytes, whole), header)) = decoded else {
        found.left = Some(name);
        return None;
    };
    let scan = scan::segment(&bytes, header.run.stream);
    if !whole {
        // The next attempt may get more of it, so nothing is cut off.
        found.damaged += 1;
    } else if scan.len < bytes.len() as u64 && disk.truncate(name, scan.len).is_err() {
        // What stays of the tail is skipped again the next time.
        found.damaged += 1;
    }
    Some((header, scan))
}
