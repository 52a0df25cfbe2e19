//! The folder on the card.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};

use super::{Disk, Name};

/// A folder that is this process's alone while it holds the lock in it.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    handle: File,
    /// The file that was written last, which is the next to be written as a rule.
    open: Option<(Name, File)>,
    _lock: File,
}

impl Files {
    /// Opens the folder, and makes it where only its last part is missing.
    pub fn open(folder: &Path) -> io::Result<Self> {
        match fs::DirBuilder::new().mode(0o750).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, "in use by another process"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let handle = File::open(folder)?;
        Ok(Self { folder: folder.to_owned(), handle, open: None, _lock: lock })
    }

    fn path(&self, name: Name) -> PathBuf {
        self.folder.join(name.to_string())
    }

    fn writable(&mut self, name: Name) -> io::Result<&File> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != name) {
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(self.path(name))?;
            self.open = Some((name, file));
        }
        match &self.open {
            Some((_, file)) => Ok(file),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Disk for Files {
    fn list(&mut self) -> io::Result<Vec<(Name, u64)>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // What is not the log's may come and go meanwhile: the health socket does at each start.
            let Some(name) = entry.file_name().to_str().and_then(|text| text.parse().ok()) else { continue };
            let metadata = entry.metadata()?;
            if metadata.is_file() {
                names.push((name, metadata.len()));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn read(&mut self, name: Name, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let file = File::open(self.path(name))?;
        let mut bytes = vec![0; len];
        let mut read = 0;
        while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(read);
        Ok(bytes)
    }

    fn write(&mut self, name: Name, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.writable(name)?.write_all_at(bytes, offset)
    }

    fn sync(&mut self, name: Name) -> io::Result<()> {
        self.writable(name)?.sync_data()?;
        // A file that somebody took away takes what is written as if nothing had happened.
        self.path(name).metadata().map(|_| ())
    }

    fn truncate(&mut self, name: Name, len: u64) -> io::Result<()> {
        let file = self.writable(name)?;
        file.set_len(len)?;
        file.sync_all()
    }

    fn remove(&mut self, name: Name) -> io::Result<()> {
        self.open.take_if(|(open, _)| *open == name);
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        self.handle.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_socket_that_comes_and_goes_does_not_keep_the_folder_from_being_listed() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::open(folder.path()).unwrap();
        files.write(Name::Segment(1), 0, b"log").unwrap();
        let (socket, is_over) = (folder.path().join("health.sock"), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    drop(UnixListener::bind(&socket));
                    let _ = fs::remove_file(&socket);
                }
            });
            let listed = (0..2_000).map(|_| files.list()).find(|listed| {
                listed.as_ref().map_or(true, |names| names.as_slice() != [(Name::Segment(1), 3)])
            });
            is_over.store(true, Ordering::Relaxed);
            assert!(listed.is_none(), "{listed:?}");
        });
    }
}
