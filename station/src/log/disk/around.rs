//! Reading over places that the card does not give any more.

use std::io;

use super::{Disk, Name};

/// What a failure is narrowed down to: a page, below which Linux asks nothing of a card.
pub const BLOCK: u64 = 4096;

/// What a file has from `offset` on, with zeros where it cannot be read, and whether all of it could be. An error if
/// nothing of it can be.
pub fn read_around(disk: &mut impl Disk, name: Name, offset: u64, len: usize) -> io::Result<(Vec<u8>, bool)> {
    let mut failure = match disk.read(name, offset, len) {
        Ok(bytes) => return Ok((bytes, true)),
        Err(error) => error,
    };
    let end = offset.saturating_add(len as u64);
    let (mut bytes, mut at, mut any) = (Vec::with_capacity(len), offset, false);
    while at < end {
        let next = (at / BLOCK + 1).saturating_mul(BLOCK).min(end);
        let wanted = usize::try_from(next - at).unwrap_or(len);
        match disk.read(name, at, wanted) {
            Ok(block) => {
                any |= !block.is_empty();
                let is_last = block.len() < wanted;
                bytes.extend_from_slice(&block);
                if is_last {
                    break;
                }
            }
            Err(error) => {
                failure = error;
                bytes.resize(bytes.len() + wanted, 0);
            }
        }
        at = next;
    }
    if any { Ok((bytes, false)) } else { Err(failure) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::disk::simulated::Simulated;
    use crate::random::Random;

    #[test]
    fn what_cannot_be_read_is_zeros_and_the_rest_is_there() {
        let mut disk = Simulated::new(Random::seeded(1));
        let (name, len) = (Name::Segment(0), 10_000);
        disk.write(name, 0, &vec![7; len]).unwrap();
        assert_eq!(read_around(&mut disk, name, 100, len).unwrap(), (vec![7; len - 100], true));
        disk.spoil(name, 1);
        let (bytes, whole) = read_around(&mut disk, name, 100, len).unwrap();
        assert!(!whole && bytes.len() == len - 100);
        let good = |at: usize| !(4096..8192).contains(&(at + 100));
        assert!(bytes.iter().enumerate().all(|(at, byte)| *byte == if good(at) { 7 } else { 0 }));
        assert!(read_around(&mut disk, name, 5_000, 1_000).is_err(), "nothing of it");
        assert!(read_around(&mut disk, Name::Segment(9), 0, 10).is_err());
    }
}
