//! Why the log is in RAM alone, in words for `health` and the journal.

use std::fmt::Write;
use std::io::{Error, ErrorKind};

use super::disk::Name;

/// A disk that does not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What was to be done.
    pub doing: &'static str,
    /// Why it was not.
    pub why: String,
}

impl Fault {
    /// Names the error.
    pub fn new(doing: &'static str, error: &Error) -> Self {
        let why = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "no space left".to_owned(),
            ErrorKind::ReadOnlyFilesystem => "read-only".to_owned(),
            ErrorKind::PermissionDenied => "no permission".to_owned(),
            ErrorKind::NotFound => "folder or file missing".to_owned(),
            ErrorKind::NotADirectory => "not a folder".to_owned(),
            ErrorKind::ResourceBusy => "in use by another process".to_owned(),
            _ => error.to_string(),
        };
        Self { doing, why }
    }

    /// At most 64 bytes of it.
    pub fn text(&self) -> heapless::String<64> {
        cut(format_args!("{}: {}", self.doing, self.why))
    }
}

/// What is said of a file that is not understood.
pub(super) fn left_alone(name: Name) -> heapless::String<64> {
    cut(format_args!("left alone, not understood: {name}"))
}

/// As much as fits.
fn cut(words: std::fmt::Arguments<'_>) -> heapless::String<64> {
    let mut text = heapless::String::new();
    for character in words.to_string().chars() {
        if text.write_char(character).is_err() {
            break;
        }
    }
    text
}
