//! A disk that loses and tears what was not synced, for the simulation.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, Result};

use super::{BLOCK, Disk, Name};
use crate::random::Random;

const SECTOR: usize = 512;

/// The folder, as programs see it and as a power cut would leave it.
#[derive(Debug)]
pub(crate) struct Simulated {
    files: BTreeMap<Name, Copy>,
    /// Taken away, and not yet for good.
    ghosts: BTreeMap<Name, Copy>,
    random: Random,
    /// So many more operations change something before the machine, or the process, dies.
    pub fuse: Option<u64>,
    pub dead: bool,
    /// Writes fail for want of space, after a part of them.
    pub full: bool,
    /// A sync fails now and then, and then nobody ever writes what it should have.
    pub flaky: bool,
    /// Blocks of files that give nothing any more, until they are written.
    unreadable: BTreeSet<(Name, u64)>,
    /// Bytes written, for the figures.
    pub written: u64,
    pub syncs: u64,
}

#[derive(Clone, Debug, Default)]
struct Copy {
    seen: Vec<u8>,
    safe: Vec<u8>,
    /// What the next sync makes safe: from here, so many bytes.
    dirty: Vec<(usize, usize)>,
    /// Whether the folder knows of it.
    named: bool,
    /// A sync of it failed: whatever is written to it and synced from then on, the next power cut takes.
    spent: bool,
}

impl Simulated {
    pub fn new(random: Random) -> Self {
        Self {
            files: BTreeMap::new(),
            ghosts: BTreeMap::new(),
            random,
            fuse: None,
            dead: false,
            full: false,
            flaky: false,
            unreadable: BTreeSet::new(),
            written: 0,
            syncs: 0,
        }
    }

    /// The power goes, and comes back.
    pub fn power_cut(&mut self) {
        for (name, ghost) in std::mem::take(&mut self.ghosts) {
            if self.random.between(0, 1) == 0 {
                self.files.entry(name).or_insert(ghost);
            }
        }
        let names: Vec<Name> = self.files.keys().copied().collect();
        for name in names {
            let Some(file) = self.files.get_mut(&name) else { continue };
            if !file.named && self.random.between(0, 1) == 0 {
                self.files.remove(&name);
                continue;
            }
            file.named = true;
            if file.seen != file.safe {
                file.seen = torn(&file.safe, &file.seen, &mut self.random);
                file.safe.clone_from(&file.seen);
            }
            file.dirty.clear();
        }
        self.restart();
    }

    /// The process dies, and the machine does not: nothing that was written is lost.
    pub fn restart(&mut self) {
        self.dead = false;
        self.fuse = None;
    }

    pub fn content(&mut self, name: Name) -> Option<&mut Vec<u8>> {
        self.files.get_mut(&name).map(|file| &mut file.seen)
    }

    /// A block of a file cannot be read any more.
    pub fn spoil(&mut self, name: Name, block: u64) {
        self.unreadable.insert((name, block));
    }

    /// Whether any block cannot be read.
    pub fn is_spoiled(&self) -> bool {
        !self.unreadable.is_empty()
    }

    pub fn names(&self) -> Vec<Name> {
        self.files.keys().copied().collect()
    }

    /// Burns the fuse. Gives whether this operation still happens.
    fn burn(&mut self) -> bool {
        if let Some(left) = &mut self.fuse {
            *left = left.saturating_sub(1);
            self.dead |= *left == 0;
        }
        !self.dead
    }

    fn check(&mut self) -> Result<()> {
        if self.burn() { Ok(()) } else { Err(Error::other("dead")) }
    }
}

/// What a power cut leaves: each sector old or new, and as long as anything between.
fn torn(safe: &[u8], seen: &[u8], random: &mut Random) -> Vec<u8> {
    let (short, long) = (safe.len().min(seen.len()), safe.len().max(seen.len()));
    let len = usize::try_from(random.between(short as u64, long as u64)).unwrap_or(long);
    let mut left: Vec<u8> = safe.iter().copied().chain(std::iter::repeat(0)).take(len).collect();
    for (at, sector) in left.chunks_mut(SECTOR).enumerate() {
        let new = seen.get(at * SECTOR..).unwrap_or_default();
        if random.between(0, 1) == 0 {
            for (byte, new) in sector.iter_mut().zip(new) {
                *byte = *new;
            }
        }
    }
    left
}

impl Disk for Simulated {
    fn list(&mut self) -> Result<Vec<(Name, u64)>> {
        Ok(self.files.iter().map(|(name, file)| (*name, file.seen.len() as u64)).collect())
    }

    fn read(&mut self, name: Name, offset: u64, len: usize) -> Result<Vec<u8>> {
        let file = self.files.get(&name).ok_or(ErrorKind::NotFound)?;
        let end = offset.saturating_add(len as u64).min(file.seen.len() as u64);
        if self
            .unreadable
            .iter()
            .any(|&(of, block)| of == name && block * BLOCK < end && offset < (block + 1) * BLOCK)
        {
            return Err(Error::other("a sector that cannot be read"));
        }
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(file.seen.iter().skip(offset).take(len).copied().collect())
    }

    fn write(&mut self, name: Name, offset: u64, bytes: &[u8]) -> Result<()> {
        let happens = self.burn();
        let whole = happens && !self.full;
        let part = if whole { bytes.len() as u64 } else { self.random.between(0, bytes.len() as u64) };
        let part = bytes.get(..usize::try_from(part).unwrap_or(0)).unwrap_or_default();
        let blocks = offset / BLOCK..=(offset + part.len() as u64) / BLOCK;
        self.unreadable.retain(|(of, block)| *of != name || !blocks.contains(block));
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let file = self.files.entry(name).or_default();
        file.dirty.push((offset, part.len()));
        let seen = &mut file.seen;
        seen.resize(seen.len().max(offset + part.len()), 0);
        seen[offset..offset + part.len()].copy_from_slice(part);
        self.written += part.len() as u64;
        match (happens, self.full) {
            (false, _) => Err(Error::other("dead")),
            (true, true) => Err(ErrorKind::StorageFull.into()),
            (true, false) => Ok(()),
        }
    }

    fn sync(&mut self, name: Name) -> Result<()> {
        self.check()?;
        let fails = self.flaky && self.random.between(0, 2) == 0;
        let file = self.files.get_mut(&name).ok_or(ErrorKind::NotFound)?;
        let dirty = std::mem::take(&mut file.dirty);
        if fails {
            file.spent = true;
            return Err(Error::other("a sync that failed"));
        }
        for (offset, len) in dirty.into_iter().filter(|_| !file.spent) {
            file.safe.resize(file.safe.len().max(offset + len), 0);
            file.safe[offset..offset + len].copy_from_slice(&file.seen[offset..offset + len]);
        }
        self.syncs += 1;
        Ok(())
    }

    fn truncate(&mut self, name: Name, len: u64) -> Result<()> {
        self.check()?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let file = self.files.get_mut(&name).ok_or(ErrorKind::NotFound)?;
        file.seen.truncate(len);
        file.safe.clone_from(&file.seen);
        file.dirty.clear();
        Ok(())
    }

    fn remove(&mut self, name: Name) -> Result<()> {
        self.check()?;
        self.unreadable.retain(|(of, _)| *of != name);
        if let Some(file) = self.files.remove(&name) {
            self.ghosts.insert(name, file);
        }
        Ok(())
    }

    fn sync_folder(&mut self) -> Result<()> {
        self.check()?;
        self.ghosts.clear();
        self.files.values_mut().for_each(|file| file.named = true);
        Ok(())
    }
}
