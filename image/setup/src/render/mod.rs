//! The files that follow from what is wanted.

mod gateway;
mod host;
mod station;
mod wireless;

use crate::Wanted;

/// A file to be.
#[derive(Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Below the root, without a leading slash.
    pub path: String,
    pub text: String,
    pub mode: u32,
}

/// For everybody to read.
const OPEN: u32 = 0o644;
/// For root alone.
const CLOSED: u32 = 0o600;

fn rendered(path: &str, mode: u32, text: impl Into<String>) -> Rendered {
    Rendered { path: path.to_owned(), text: text.into(), mode }
}

/// Every file that this machine needs to be what is wanted.
pub fn files(wanted: &Wanted) -> Vec<Rendered> {
    let mut files = host::files(wanted);
    files.push(station::file(wanted));
    files.extend(station::password(wanted));
    files.extend(gateway::files(wanted));
    files.extend(wanted.wifi.as_ref().map(wireless::file));
    files
}

/// Files that only some configurations have: an earlier one's must not stay.
pub const SOMETIMES: [&str; 5] =
    [station::PASSWORD, gateway::WANTED, wireless::FILE, host::KEYS, host::TIME_SERVER];
