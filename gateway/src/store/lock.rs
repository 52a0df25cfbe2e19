//! One gateway at a time runs on a store; what replaces or rewrites the store waits until none does.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;

use super::set_aside::beside;
use super::{StoreError, StoreId};

/// Held as long as this lives, by the operating system: a process that dies lets go.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of the store at `file`, or says that a gateway has it.
    pub fn take(file: &Path) -> Result<Self, StoreError> {
        let folder = |cause| StoreError::Folder { file: file.to_owned(), cause };
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).map_err(folder)?;
        }
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(beside(file, ".lock"))
            .map_err(folder)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { file: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Foreign {
                file: file.to_owned(),
                what: "is in use by a running gateway; stop that first".to_owned(),
            }),
            Err(TryLockError::Error(cause)) => Err(folder(cause)),
        }
    }

    /// Notes that the file is a store, for [`was_used`].
    pub fn note(&self, store: StoreId) -> std::io::Result<()> {
        self.file.set_len(0)?;
        (&self.file).write_all(format!("{store}\n").as_bytes())
    }
}

/// Whether a gateway ever ran on the store at `file`.
pub fn was_used(file: &Path) -> bool {
    std::fs::metadata(beside(file, ".lock")).is_ok_and(|lock| lock.len() > 0)
}
