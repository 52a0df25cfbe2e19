//! Files are written whole or not at all, secrets are readable by their owner alone, and who owns a folder owns what is
//! written into it: a folder that was given to mosquitto's user once stays its own.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use super::{ProvisionError, Said};

/// Of a secret, and of what is told to nobody.
pub const PRIVATE: u32 = 0o600;
/// Of what everybody may see.
pub const PUBLIC: u32 = 0o644;

/// A folder to write into.
pub struct Folder(PathBuf);

impl Folder {
    /// Opens it, or makes it so that those may enter it who may read a file of `mode`.
    pub fn open(path: &Path, mode: u32) -> Result<Self, ProvisionError> {
        let enter = mode | ((mode & 0o444) >> 2);
        DirBuilder::new()
            .recursive(true)
            .mode(enter)
            .create(path)
            .map_err(|cause| ProvisionError::File { file: path.to_owned(), cause })?;
        Ok(Self(path.to_owned()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What a file says, if it is there.
    pub fn read(&self, name: &str) -> Result<Option<String>, ProvisionError> {
        let file = self.file(name);
        match std::fs::read_to_string(&file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(ProvisionError::File { file, cause }),
        }
    }

    /// Sees to it that the file says this.
    pub fn keep(&self, name: &str, text: &str, mode: u32, said: &mut Said) -> Result<(), ProvisionError> {
        if self.read(name)?.as_deref() == Some(text) {
            return Ok(());
        }
        let file = self.file(name);
        self.write(&file, text, mode).map_err(|cause| ProvisionError::File { file: file.clone(), cause })?;
        said.changes.push(format!("wrote {}", file.display()));
        Ok(())
    }

    /// The same for a file that people change: what is there stays.
    pub fn offer(&self, name: &str, text: &str, said: &mut Said) -> Result<(), ProvisionError> {
        match self.read(name)? {
            None => self.keep(name, text, PUBLIC, said),
            Some(there) if there == text => Ok(()),
            Some(_) => {
                let shown = self.file(name);
                said.notes.push(format!(
                    "{} was changed and stays so; delete it to have it written anew",
                    shown.display()
                ));
                Ok(())
            }
        }
    }

    fn write(&self, file: &Path, text: &str, mode: u32) -> std::io::Result<()> {
        let mut beside = file.as_os_str().to_owned();
        beside.push(".new");
        // One that a power cut left behind may be open to others.
        if let Err(error) = std::fs::remove_file(&beside)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut written = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        let (folder, own) = (std::fs::metadata(&self.0)?, written.metadata()?);
        if (folder.uid(), folder.gid()) != (own.uid(), own.gid()) {
            // Root alone can do this; for others the file is theirs, as they are who will copy it.
            let _ = fchown(&written, Some(folder.uid()), Some(folder.gid()));
        }
        written.write_all(text.as_bytes())?;
        written.sync_all()?;
        std::fs::rename(&beside, file)?;
        std::fs::File::open(&self.0)?.sync_all()
    }
}
