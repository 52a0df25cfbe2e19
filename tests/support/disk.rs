//! A file system of its own for the store, small enough to be filled.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const BLOCK: usize = 1 << 20;
const LAST_BLOCK: usize = 512;

/// A tmpfs, unmounted with its handle.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// One of this size, such as `64m`. None where this process may not mount; then it says so.
    pub fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "minuano-tests"])
            .arg(folder.path())
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(Self { folder }),
            Ok(output) => {
                println!("   disk full: skipped ({})", String::from_utf8_lossy(&output.stderr).trim());
                None
            }
            Err(error) => {
                println!("   disk full: skipped (mount: {error})");
                None
            }
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all that is free.
    pub fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        for size in [BLOCK, LAST_BLOCK] {
            let block = vec![0x55; size];
            while filler.write_all(&block).is_ok() {}
        }
    }

    /// Gives it back.
    pub fn relieve(&self) {
        let _ = fs::remove_file(self.filler());
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a gateway that still runs ends after it.
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}
