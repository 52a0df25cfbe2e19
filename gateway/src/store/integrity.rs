//! Whether a store file is sound, looked at before the gateway trusts it.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use minuano_telemetry::Millis;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::compact;
use super::file::{APPLICATION, BUSY};
use super::lock::{Lock, was_used};
use super::set_aside::{beside, set_aside};
use super::{Store, StoreError, StoreId, wal};

/// How long the check at the start may take; a large store is not looked through to its end.
const WITHIN: Duration = Duration::from_secs(10);
/// Small tables whose indexes are checked too: everything hangs on them.
const SMALL: [&str; 4] = ["identity", "stations", "streams", "ranges"];
/// Bytes before anything else in an SQLite file.
const HEADER: u64 = 100;
/// Findings that are named.
const NAMED: usize = 3;
/// Beside the store: it was found damaged while the gateway ran.
const CONDEMNED: &str = ".damaged";

/// A store for the gateway to run on.
#[derive(Debug)]
pub struct Opened {
    /// Sound, as far as was looked.
    pub store: Store,
    /// Nobody else runs on it.
    pub lock: Lock,
    /// What happened to the one that was there, if it was damaged.
    pub replaced: Option<Replaced>,
}

/// A damaged store that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// Where it is now.
    pub aside: PathBuf,
    /// What was wrong with it.
    pub why: String,
}

/// Opens the store at `file` for running. A damaged one is set aside and a fresh one takes its place.
pub fn open(file: &Path, now: Millis) -> Result<Opened, StoreError> {
    open_within(file, now, WITHIN)
}

/// [`open`] with a check of at most this length.
pub fn open_within(file: &Path, now: Millis, within: Duration) -> Result<Opened, StoreError> {
    let used = was_used(file);
    let lock = Lock::take(file)?;
    let why = match std::fs::read_to_string(beside(file, CONDEMNED)) {
        Ok(why) => Some(why),
        Err(_) => find_damage(file, used, within)?,
    };
    let replaced = match why {
        None => None,
        Some(why) => {
            let moved = |cause| StoreError::Folder { file: file.to_owned(), cause };
            let aside = set_aside(file, now).map_err(moved)?;
            let _ = std::fs::remove_file(beside(file, CONDEMNED));
            tracing::error!(
                store = %file.display(), aside = %aside.display(),
                "THE STORE IS DAMAGED: {why}. It is set aside, nothing of it is deleted, and a new one begins. \
                 Stop the gateway and run: minuano-gateway store salvage {}",
                aside.display()
            );
            Some(Replaced { aside, why })
        }
    };
    let mut store = Store::open(file, now)?;
    if compact::is_due(&store)? {
        drop(store);
        compact::at_start(file);
        store = Store::open(file, now)?;
    }
    lock.note(store.id()).map_err(|cause| StoreError::Folder { file: file.to_owned(), cause })?;
    Ok(Opened { store, lock, replaced })
}

/// Notes that the store at `file` turned out to be damaged, so that the next start sets it aside.
pub fn condemn(file: &Path, why: &str) {
    if let Err(error) = std::fs::write(beside(file, CONDEMNED), why) {
        tracing::error!(store = %file.display(), "its damage could not be noted: {error}");
    }
}

/// Whether SQLite says that the file itself is wrong, not the disk or what was asked.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    minuano_pagesum::is_damage(error)
        || matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// What is wrong with the store at `file`; `None` where it is sound, not there, or another program's.
fn find_damage(file: &Path, used: bool, within: Duration) -> Result<Option<String>, StoreError> {
    match std::fs::metadata(file) {
        Err(_) => return Ok(None),
        Ok(is) if is.len() == 0 => return Ok(used.then(|| "the file is empty".to_owned())),
        // SQLite takes it for a database of nobody.
        Ok(is) if used && is.len() < HEADER => {
            return Ok(Some(format!("the file ends within its header, after {} bytes", is.len())));
        }
        Ok(_) => {}
    }
    let log = wal::look(file).map_err(|cause| StoreError::Folder { file: file.to_owned(), cause })?;
    if let Some(what) = log
        && (used || is_named_ours(file))
    {
        return Ok(Some(what));
    }
    match check(file, within) {
        Ok(found) => Ok(found),
        // A first page that cannot be read is damage to a store, but only a store is the gateway's to move.
        Err(error) if is_damage(&error) && (used || is_named_ours(file)) => Ok(Some(error.to_string())),
        Err(cause) => Err(StoreError::Sqlite { file: file.to_owned(), cause }),
    }
}

/// Whether the header names the gateway, wherever else it is wrong.
fn is_named_ours(file: &Path) -> bool {
    use std::io::Read;
    let mut header = [0; 72];
    let read = std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[68..] == u32::try_from(APPLICATION).unwrap_or_default().to_be_bytes()
}

/// Looks through a store file, for at most `within`, and says what is wrong.
pub fn check(file: &Path, within: Duration) -> rusqlite::Result<Option<String>> {
    // A connection that can write would empty the log into a damaged file.
    let connection = minuano_pagesum::open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY)?;
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if number("application_id")? != APPLICATION {
        return Ok(None);
    }
    let identity =
        connection.query_row("SELECT store FROM identity", [], |row| super::row::parsed::<StoreId>(row, 0));
    match identity {
        Ok(_) => {}
        Err(error) if is_of_the_machine(&error) && !is_damage(&error) => return Err(error),
        Err(error) => return Ok(Some(format!("it does not say which store it is: {error}"))),
    }
    let stop = connection.get_interrupt_handle();
    let (done, wait) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if wait.recv_timeout(within) == Err(mpsc::RecvTimeoutError::Timeout) {
            stop.interrupt();
        }
    });
    let found = look(&connection);
    drop(done);
    let _ = watch.join();
    match found {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            tracing::info!(
                store = %file.display(),
                "the store was checked for {} s, not to its end", within.as_secs()
            );
            Ok(None)
        }
        Err(error) if is_damage(&error) => Ok(Some(error.to_string())),
        other => other,
    }
}

fn look(connection: &Connection) -> rusqlite::Result<Option<String>> {
    for table in SMALL {
        if let Some(found) = findings(connection, &format!("PRAGMA integrity_check({table})"))? {
            return Ok(Some(found));
        }
    }
    findings(connection, "PRAGMA quick_check")
}

fn findings(connection: &Connection, pragma: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare(pragma)?;
    let found: Vec<String> =
        statement.query_map([], |row| row.get(0))?.take(NAMED).collect::<rusqlite::Result<_>>()?;
    Ok(if found == ["ok"] { None } else { Some(found.join("; ").replace('\n', " ")) })
}

fn is_of_the_machine(error: &rusqlite::Error) -> bool {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed, OutOfMemory,
        PermissionDenied, ReadOnly, SystemIoFailure,
    };
    matches!(
        error.sqlite_error_code(),
        Some(
            CannotOpen
                | DatabaseBusy
                | DatabaseLocked
                | DiskFull
                | FileLockingProtocolFailed
                | OutOfMemory
                | PermissionDenied
                | ReadOnly
                | SystemIoFailure
        )
    )
}

#[cfg(test)]
mod tests;
