//! Commands that count on the lake's files staying where they are, and the one that moves them.

use std::fs::{File, TryLockError};

use super::LakeError;
use crate::store::Store;
use crate::store::set_aside::beside;

/// Held as long as this lives, by the operating system: a process that dies lets go.
#[derive(Debug)]
pub struct Busy(#[expect(dead_code, reason = "held, not read")] File);

/// Whether files are joined and removed, or must stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// One at a time, and nothing beside it.
    Compacting,
    /// Any number at once.
    Reading,
}

impl Busy {
    /// Says that a command begins, or that another one must end first. A running gateway's uploads go on beside.
    pub fn begin(store: &Store, doing: Doing) -> Result<Self, LakeError> {
        let path = beside(store.file(), ".lake-lock");
        let refused = |error: &dyn std::fmt::Display| LakeError::Busy(format!("{}: {error}", path.display()));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| refused(&error))?;
        let taken = match doing {
            Doing::Compacting => file.try_lock(),
            Doing::Reading => file.try_lock_shared(),
        };
        match taken {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(LakeError::Busy(match doing {
                Doing::Compacting => "another lake command runs; try again when it has ended".to_owned(),
                Doing::Reading => "lake compact runs; try again when it has ended".to_owned(),
            })),
            Err(TryLockError::Error(error)) => Err(refused(&error)),
        }
    }
}
