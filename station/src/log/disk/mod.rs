//! Where the log's files are: the few things that are asked of a folder.
//!
//! Two implementations: [`Files`], and in tests a disk that loses and tears what was not synced.

mod around;
mod files;
#[cfg(test)]
pub(crate) mod simulated;

use std::fmt;
use std::io;
use std::str::FromStr;

pub use self::around::{BLOCK, read_around};
pub use self::files::Files;

/// How many copies of the table may lie in a folder. Two are used; more are there only if others are not ours.
pub const MAX_COPIES: u8 = 8;

/// A file of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// A copy of the table: `cursor-0`.
    Table(u8),
    /// A segment: `0000002a.log`.
    Segment(u32),
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(copy) => write!(formatter, "cursor-{copy}"),
            Self::Segment(number) => write!(formatter, "{number:08x}.log"),
        }
    }
}

/// A name that is not one of the log's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOurs;

impl FromStr for Name {
    type Err = NotOurs;

    fn from_str(text: &str) -> Result<Self, NotOurs> {
        let name = if let Some(copy) = text.strip_prefix("cursor-") {
            copy.parse().ok().filter(|copy| *copy < MAX_COPIES).map(Self::Table)
        } else {
            text.strip_suffix(".log").and_then(|hex| u32::from_str_radix(hex, 16).ok()).map(Self::Segment)
        };
        // Only as they are written: neither +1 nor 2A.
        name.filter(|name| name.to_string() == text).ok_or(NotOurs)
    }
}

/// A folder of files. What was written is safe from a power cut once it is synced; that a file exists, or is
/// gone, once the folder is.
pub trait Disk {
    /// The log's files with their lengths; what is not named like one is none of its business.
    fn list(&mut self) -> io::Result<Vec<(Name, u64)>>;
    /// Up to `len` bytes from `offset` on; fewer at the end of the file.
    fn read(&mut self, name: Name, offset: u64, len: usize) -> io::Result<Vec<u8>>;
    /// Writes at `offset`; makes the file where there is none.
    fn write(&mut self, name: Name, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// What was written to it is safe.
    fn sync(&mut self, name: Name) -> io::Result<()>;
    /// Cuts it off.
    fn truncate(&mut self, name: Name, len: u64) -> io::Result<()>;
    /// Takes it away.
    fn remove(&mut self, name: Name) -> io::Result<()>;
    /// Which files exist is safe.
    fn sync_folder(&mut self) -> io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_no_other() {
        for name in [Name::Table(0), Name::Table(7), Name::Segment(0), Name::Segment(u32::MAX)] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for text in ["cursor-8", "cursor-", "cursor-01", "2a.log", "0000002A.log", "gateway.db", "lock", ""] {
            assert_eq!(text.parse::<Name>(), Err(NotOurs), "{text}");
        }
    }
}
