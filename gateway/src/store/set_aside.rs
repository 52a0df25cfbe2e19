//! A damaged store is set aside under another name, whole, and never deleted.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use minuano_telemetry::Millis;

const ASIDE: &str = ".set-aside-";
/// SQLite's own files beside a store.
const COMPANIONS: [&str; 3] = ["", "-wal", "-shm"];

/// The path with something after it.
pub fn beside(file: &Path, after: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(after);
    name.into()
}

/// Gives the store at `file`, with its companions, a name that says when it was set aside.
pub fn set_aside(file: &Path, now: Millis) -> io::Result<PathBuf> {
    rename_with_time(file, ASIDE, now)
}

/// Renames the store at `file` to `<file><word><time>` and gives the new name, which nothing had.
pub fn rename_with_time(file: &Path, word: &str, now: Millis) -> io::Result<PathBuf> {
    let time: String = now.to_string().chars().filter(|c| !matches!(c, '-' | ':' | '.')).collect();
    let mut to = beside(file, &format!("{word}{time}"));
    for again in 2.. {
        if !COMPANIONS.iter().any(|companion| beside(&to, companion).exists()) {
            break;
        }
        to = beside(file, &format!("{word}{time}-{again}"));
    }
    rename(file, &to)?;
    Ok(to)
}

/// Renames a store and its companions, for good.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    // The companions first: a store without its log would be older than it is, a log without its store is nothing.
    for companion in COMPANIONS.iter().rev() {
        match std::fs::rename(beside(from, companion), beside(to, companion)) {
            Err(error) if companion.is_empty() || error.kind() != io::ErrorKind::NotFound => {
                return Err(error);
            }
            _ => {}
        }
    }
    sync_folder(to)
}

/// Names in the folder of `file` are on the disk when this returns.
pub fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The stores that were set aside from `file` and are still there, the oldest first.
pub fn list(file: &Path) -> Vec<PathBuf> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = file.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let prefix = format!("{name}{ASIDE}");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with(&prefix) && !name.ends_with("-wal") && !name.ends_with("-shm")
        })
        .collect();
    found.sort();
    found
}
