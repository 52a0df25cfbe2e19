//! A checksum in every page of an SQLite file, verified whenever a page is read from it.
//!
//! SQLite keeps no checksums of its pages: a bit that flips on the disk turns one valid value into another, and
//! the answer is wrong without a word. SQLite leaves room for them, though: the header says how many bytes at the end of
//! each page are not its own. Here these are 8: a CRC-32 of the page and its number, and four letters.
//!
//! This crate is a file system for SQLite (a "VFS") that stands before the one of the machine. It writes the checksum
//! of each page that goes into a database whose header reserves 8 bytes, and refuses a page that does not match with
//! `SQLITE_IOERR_DATA`. Any other database passes as it is. The file stays one that every SQLite tool reads; what
//! another tool writes has no right checksum.
//!
//! In memory and in the write-ahead log (which has checksums of its own) the 8 bytes are 0. So a page that another tool
//! moved from the log to the file (it opened a store that was not closed) says that it has no checksum; it is let pass and
//! counted ([`unsummed`]).
//!
//! # Layout
//!
//! - [`open`], [`open_damaged`]: a connection through this file system; [`is_damage`]: what its refusals look like
//! - [`page`]: the checksum itself, and what the first page says
//! - `vfs`: the table of C functions

mod page;
#[cfg(test)]
mod tests;
mod vfs;

use std::path::Path;

use rusqlite::{Connection, OpenFlags, ffi};

pub use page::{PAGE, RESERVED};
pub use vfs::unsummed;

/// A connection whose database has its pages verified, if its header reserves room for checksums.
pub fn open(file: impl AsRef<Path>, flags: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags_and_vfs(file, flags, vfs::registered()?)
}

/// A connection that reads what can be read of a damaged database: of its first page, which every other hangs on, the
/// checksum may be wrong.
pub fn open_damaged(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    open(format!("{}?{}=1", path(file), vfs::LENIENT), flags)
}

/// The URI of a database that is to be made with room for checksums: for `VACUUM INTO`, and for [`open`].
pub fn uri(file: &Path) -> String {
    format!("{}?{}={RESERVED}", path(file), vfs::RESERVE)
}

fn path(file: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in file.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(*byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

/// Whether a file's header reserves room for checksums.
pub fn is_summed(file: &Path) -> std::io::Result<bool> {
    use std::io::Read;
    let mut header = Vec::with_capacity(page::HEADER);
    std::fs::File::open(file)?.take(page::HEADER as u64).read_to_end(&mut header)?;
    Ok(page::reserves(&header))
}

/// Whether a page was refused because its checksum is wrong.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::SqliteFailure(ffi::Error { extended_code: ffi::SQLITE_IOERR_DATA, .. }, _)
    )
}
