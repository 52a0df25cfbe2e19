//! Opens and migrates the file, hands out connections.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use minuano_telemetry::Millis;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::sync::Semaphore;

use super::schema::{self, VERSION};
use super::set_aside::{beside, sync_folder};

/// `PRAGMA application_id`: "Minu".
pub(super) const APPLICATION: i64 = 0x4d69_6e75;
/// Idle connections kept for reading; more are opened when needed and closed after use.
const IDLE_READERS: usize = 4;
/// Queries from async code that run at once; others wait their turn.
const ASKED_AT_ONCE: usize = 8;
/// Pages that a writing connection keeps: with a thousand stations a commit touches as many places in the index.
const CACHE_KIB: i64 = 16_384;
/// Pages in the log before they are brought into the file. By itself SQLite does so at 1,000, which is each commit of a thousand
/// stations; pages that were changed again meanwhile are then written once.
const LOG_PAGES: i64 = 4_000;
/// How long a connection waits for another process's lock.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// What stops the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("store {file}: {cause}")]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// Why.
        cause: rusqlite::Error,
    },
    /// The folder is not there and cannot be made.
    #[error("store {file}: {cause}; it takes a folder that can be written")]
    Folder {
        /// The file.
        file: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file belongs to another program or a later release.
    #[error("store {file}: {what}")]
    Foreign {
        /// The file.
        file: PathBuf,
        /// What it is instead.
        what: String,
    },
}

/// The identity of a store file, in lake keys and SSE ids: 8 random hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreId(u32);

impl fmt::Display for StoreId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}", self.0)
    }
}

impl FromStr for StoreId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u32::from_str_radix(text, 16).map(Self)
    }
}

fn random_id() -> rusqlite::Result<StoreId> {
    getrandom::u32()
        .map(StoreId)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(format!("no random bits: {error}").into()))
}

/// A store file, opened.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    id: AtomicU32,
    idle: Mutex<Vec<Connection>>,
    asking: Semaphore,
}

impl Store {
    /// Opens `file`, or makes it at `now`.
    pub fn open(file: &Path, now: Millis) -> Result<Self, StoreError> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|cause| StoreError::Folder { file: file.to_owned(), cause })?;
        }
        if std::fs::metadata(file).map_or(0, |is| is.len()) == 0 {
            make(file, now)?;
        }
        let mut store = Self {
            file: file.to_owned(),
            id: AtomicU32::new(0),
            idle: Mutex::default(),
            asking: Semaphore::new(ASKED_AT_ONCE),
        };
        let mut connection = store.writer()?;
        store.id = AtomicU32::new(store.prepare(&mut connection)?.0);
        Ok(store)
    }

    /// This file's identity.
    pub fn id(&self) -> StoreId {
        StoreId(self.id.load(Ordering::Relaxed))
    }

    /// Gives the file another identity than `old`, since it turned out to be an old copy: what its
    /// original numbered must not be taken for what this one will number.
    pub fn take_new_id(&self, old: StoreId) -> Result<StoreId, StoreError> {
        let new = random_id().map_err(self.refused())?;
        let connection = self.writer()?;
        connection
            .execute("UPDATE identity SET store = ?1 WHERE store = ?2", (new.to_string(), old.to_string()))
            .map_err(self.refused())?;
        // Another process may have been first.
        let id: StoreId = connection
            .query_row("SELECT store FROM identity", [], |row| super::row::parsed(row, 0))
            .map_err(self.refused())?;
        self.id.store(id.0, Ordering::Relaxed);
        Ok(id)
    }

    /// Where it is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A connection for writing. SQLite lets one write at a time; others wait.
    pub fn writer(&self) -> Result<Connection, StoreError> {
        let connection = minuano_pagesum::open(&self.file, OpenFlags::default()).map_err(self.refused())?;
        self.configure(&connection).map_err(self.refused())?;
        Ok(connection)
    }

    /// Runs `query` on a connection that cannot write. Blocks: from async code use [`Store::ask`].
    pub fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open_reader().map_err(self.refused())?,
        };
        let answer = query(&connection).map_err(self.refused())?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        Ok(answer)
    }

    /// [`Store::read`] for async code.
    pub async fn ask<T: Send + 'static>(
        self: &std::sync::Arc<Self>,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Never closed, so this only waits; a query that nobody awaits any more gives its place to the next.
        let _place = self.asking.acquire().await;
        let store = std::sync::Arc::clone(self);
        let file = self.file.clone();
        tokio::task::spawn_blocking(move || store.read(query)).await.unwrap_or_else(|stopped| {
            Err(StoreError::Foreign { file, what: format!("the query was stopped: {stopped}") })
        })
    }

    fn open_reader(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = minuano_pagesum::open(&self.file, flags)?;
        connection.busy_timeout(BUSY)?;
        Ok(connection)
    }

    fn configure(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(())
    }

    fn prepare(&self, connection: &mut Connection) -> Result<StoreId, StoreError> {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(self.refused())?;
        let number = |name: &str| {
            transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(self.refused())
        };
        let (application, version) = (number("application_id")?, number("user_version")?);
        let version = usize::try_from(version).unwrap_or(usize::MAX);
        if application != APPLICATION {
            return Err(self.foreign("is another program's database; it takes an unused path"));
        } else if version > VERSION {
            return Err(self.foreign("was written by a later release of minuano-gateway; install that"));
        } else if version < VERSION {
            tracing::info!(store = %self.file.display(), "the store goes from version {version} to {VERSION}");
            schema::migrate(&transaction, version).map_err(self.refused())?;
        }
        let id = transaction
            .query_row("SELECT store FROM identity", [], |row| super::row::parsed(row, 0))
            .map_err(self.refused())?;
        transaction.commit().map_err(self.refused())?;
        Ok(id)
    }

    fn foreign(&self, what: &str) -> StoreError {
        StoreError::Foreign { file: self.file.clone(), what: what.to_owned() }
    }

    fn refused(&self) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        |cause| StoreError::Sqlite { file: self.file.clone(), cause }
    }
}

/// Makes a store where none is: whole, under another name, and then in its place. It has room for the checksum of
/// each page, and gives back what it no longer needs.
fn make(file: &Path, now: Millis) -> Result<(), StoreError> {
    let folder = |cause| StoreError::Folder { file: file.to_owned(), cause };
    let fresh = beside(file, &format!(".making-{}", std::process::id()));
    let _ = std::fs::remove_file(&fresh);
    let written = (|| {
        let memory = minuano_pagesum::open(":memory:", OpenFlags::default())?;
        memory.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        // Synced once, below.
        memory.pragma_update(None, "synchronous", "OFF")?;
        schema::migrate(&memory, 0)?;
        let id = random_id()?;
        memory.execute(
            "INSERT INTO identity (store, created_at) VALUES (?1, ?2)",
            (id.to_string(), now.get()),
        )?;
        memory.pragma_update(None, "application_id", APPLICATION)?;
        memory.execute("VACUUM INTO ?1", [minuano_pagesum::uri(&fresh)])
    })();
    if let Err(cause) = written {
        let _ = std::fs::remove_file(&fresh);
        return Err(StoreError::Sqlite { file: file.to_owned(), cause });
    }
    std::fs::File::open(&fresh).and_then(|made| made.sync_all()).map_err(folder)?;
    // Another process may have been first: then its store stays.
    let placed = match std::fs::hard_link(&fresh, file) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let is_empty = std::fs::metadata(file).is_ok_and(|is| is.len() == 0);
            if is_empty { std::fs::rename(&fresh, file) } else { Ok(()) }
        }
        // Not every file system has links.
        Err(_) => std::fs::rename(&fresh, file),
        Ok(()) => Ok(()),
    };
    let _ = std::fs::remove_file(&fresh);
    placed.and_then(|()| sync_folder(file)).map_err(folder)
}
