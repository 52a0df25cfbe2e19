//! A copy of the store while the gateway runs, and the store from a copy.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use minuano_telemetry::Millis;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::integrity::check;
use super::lock::Lock;
use super::set_aside::{beside, rename, rename_with_time, sync_folder};
use super::{Store, StoreId};

/// Pages copied in one go.
const PAGES: i32 = 1024;
/// A copy is checked to its end, however long that takes.
pub(super) const NO_LIMIT: Duration = Duration::from_secs(86_400);

/// Copies the store as it is at one moment to `to`, which must not be there. The gateway may run.
pub fn backup(store: &Store, to: &Path) -> anyhow::Result<u64> {
    ensure!(!to.exists(), "{} is there already; a backup takes a new name", to.display());
    let partial = beside(to, ".partial");
    remove_if_there(&partial)?;
    store.read(|from| {
        // One moment: a copy that begins again with every commit would never end.
        let moment = from.unchecked_transaction()?;
        moment.query_row("SELECT store FROM identity", [], |_| Ok(()))?;
        copy(&moment, &partial)
    })?;
    if let Some(wrong) = check(&partial, NO_LIMIT)? {
        bail!("the copy is damaged, and so the store may be: {wrong}");
    }
    std::fs::File::open(&partial)?.sync_all()?;
    std::fs::rename(&partial, to).with_context(|| to.display().to_string())?;
    sync_folder(to)?;
    Ok(std::fs::metadata(to)?.len())
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The store's new identity.
    pub store: StoreId,
    /// Where the one that was there is now.
    pub before: Option<PathBuf>,
}

/// Puts a copy of `from` in the place of the store at `file`, under a new identity: what its original goes on
/// to number must not be taken for what this one will. The store that was there is renamed.
pub fn restore(file: &Path, from: &Path, now: Millis) -> anyhow::Result<Restored> {
    let _lock = Lock::take(file)?;
    ensure!(from.exists(), "{}: there is no such file", from.display());
    if let Some(wrong) = check(from, NO_LIMIT).with_context(|| from.display().to_string())? {
        bail!("{} is damaged: {wrong}; minuano-gateway store salvage reads what it can", from.display());
    }
    let fresh = beside(file, ".restoring");
    for companion in ["", "-wal", "-shm"] {
        remove_if_there(&beside(&fresh, companion))?;
    }
    let source = minuano_pagesum::open(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let application: i64 = source.pragma_query_value(None, "application_id", |row| row.get(0))?;
    ensure!(application == super::file::APPLICATION, "{} is no store of minuano-gateway", from.display());
    copy(&source, &fresh)?;
    let id = {
        let restored = Store::open(&fresh, now)?;
        let id = restored.take_new_id(restored.id())?;
        // Everything into the one file that is renamed.
        restored.writer()?.pragma_update(None, "journal_mode", "DELETE")?;
        id
    };
    std::fs::File::open(&fresh)?.sync_all()?;
    let before = if file.exists() { Some(rename_with_time(file, ".before-restore-", now)?) } else { None };
    rename(&fresh, file)?;
    Ok(Restored { store: id, before })
}

fn copy(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    // With room for checksums from the first page on, if what is copied has it.
    let room: String = match from.path().map(Path::new).map(minuano_pagesum::is_summed) {
        Some(Ok(true)) => minuano_pagesum::uri(to),
        _ => to.display().to_string(),
    };
    let mut copy = minuano_pagesum::open(room, OpenFlags::default())?;
    {
        let backup = Backup::new(from, &mut copy)?;
        loop {
            match backup.step(PAGES)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
    // One file, without a log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")
}

pub(super) fn remove_if_there(file: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
