//! A device that may go away and come back while the station runs: a USB adapter's `/dev/i2c-N`.
//!
//! The kernel keeps an adapter that was unplugged, and the hub that it was in waits, for as long as anybody has its
//! device open. So it is let go of as soon as its name is no longer that of the device which is open, and what the
//! name stands for is opened again when there is something: the same number or, behind udev's link, another.

use std::fs;
use std::os::unix::fs::MetadataExt;

use tracing::{info, warn};

use super::OpenError;

type Open<D> = fn(&str) -> Result<D, OpenError>;

pub(super) struct Node<D> {
    path: String,
    open: Open<D>,
    device: Option<(D, Identity)>,
}

/// Which device a name stands for: the file that it is, and the device that this file stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    file: (u64, u64),
    device: u64,
}

impl<D> Node<D> {
    pub(super) fn open(path: &str, open: Open<D>) -> Result<Self, OpenError> {
        let mut node = Self { path: path.to_owned(), open, device: None };
        node.open_again()?;
        Ok(node)
    }

    /// What is open, or can be.
    pub(super) fn device(&mut self) -> Option<&mut D> {
        if self.device.is_none() && self.open_again().is_ok() {
            info!("{}: the bus is back", self.path);
        }
        self.device.as_mut().map(|(device, _)| device)
    }

    /// To be called after each failure: whether the name still stands for what is open. If not, that is closed.
    pub(super) fn is_still_there(&mut self) -> bool {
        let Some((_, opened)) = &self.device else { return false };
        if Identity::of(&self.path).as_ref() == Some(opened) {
            return true;
        }
        warn!("{}: the bus is gone; it is opened again when it comes back", self.path);
        self.device = None;
        false
    }

    fn open_again(&mut self) -> Result<(), OpenError> {
        // Asked before, so that a device that takes its place in between is seen to be another.
        let identity = Identity::of(&self.path);
        let device = (self.open)(&self.path)?;
        self.device = identity.map(|identity| (device, identity));
        Ok(())
    }
}

impl Identity {
    fn of(path: &str) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self { file: (found.dev(), found.ino()), device: found.rdev() })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;

    use super::*;

    /// A file stands for the device: what is read from it says which.
    fn node(path: &std::path::Path) -> Node<File> {
        let open: Open<File> =
            |path| File::open(path).map_err(|source| OpenError::Other { device: path.to_owned(), source });
        Node::open(path.to_str().unwrap(), open).unwrap()
    }

    fn content(node: &mut Node<File>) -> Option<String> {
        let mut text = String::new();
        node.device()?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn a_device_that_goes_is_let_go_of_and_opened_when_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        fs::write(&path, "first").unwrap();
        let mut node = node(&path);
        assert_eq!(content(&mut node).unwrap(), "first");
        assert!(node.is_still_there(), "a part that does not answer is no reason to close the bus");
        assert_eq!(content(&mut node).unwrap(), "", "the same as before, read to its end");
        fs::remove_file(&path).unwrap();
        assert!(!node.is_still_there());
        assert!(node.device.is_none(), "the kernel waits for it to be closed");
        assert!(content(&mut node).is_none());
        fs::write(&path, "second").unwrap();
        assert_eq!(content(&mut node).unwrap(), "second");
        assert!(node.is_still_there());
    }

    #[test]
    fn a_link_that_names_another_device_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (link, one, two) = (folder.path().join("bus"), folder.path().join("1"), folder.path().join("2"));
        fs::write(&one, "one").unwrap();
        fs::write(&two, "two").unwrap();
        std::os::unix::fs::symlink(&one, &link).unwrap();
        let mut node = node(&link);
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&two, &link).unwrap();
        assert!(!node.is_still_there());
        assert_eq!(content(&mut node).unwrap(), "two");
    }
}
