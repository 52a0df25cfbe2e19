//! Whether SQLite's write-ahead log beside a store lost what was committed.
//!
//! SQLite reads the log up to the first frame whose checksum is wrong and forgets the rest, because a power cut can tear
//! the last commit. But each commit is on the disk before the next begins: behind a torn one nothing follows. A
//! wrong frame before the end of a commit that others follow is damage, and what it hides was acknowledged.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::set_aside::beside;

const HEADER: usize = 32;
const FRAME: usize = 24;
const MAGIC: u32 = 0x377f_0682;
/// Of SQLite's page sizes the largest.
const LARGEST_PAGE: u32 = 65_536;
const PAGE: u32 = 4096;

/// What is wrong with the log of the store at `file`.
pub fn look(file: &Path) -> io::Result<Option<String>> {
    let log = match File::open(beside(file, "-wal")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        log => BufReader::with_capacity(1 << 18, log?),
    };
    read(log)
}

fn read(mut log: impl Read) -> io::Result<Option<String>> {
    let mut header = [0; HEADER];
    if !fill(&mut log, &mut header)? {
        return Ok(None);
    }
    let big = word(&header, 0) & 1 == 1;
    let sound = word(&header, 0) & !1 == MAGIC
        && sum((0, 0), &header[..24], big) == (word(&header, 24), word(&header, 28));
    let page = if sound { word(&header, 8) } else { PAGE };
    if !(512..=LARGEST_PAGE).contains(&page) {
        return Ok(None);
    }
    // Where the header is wrong, the first frame says which log it was.
    let mut salt = sound.then(|| salt(&header, 16));
    let mut before = (word(&header, 24), word(&header, 28));
    let mut frame = vec![0; FRAME + page as usize];
    let (mut number, mut wrong, mut ended) = (0u64, (!sound).then_some(0), false);
    while fill(&mut log, &mut frame)? {
        number += 1;
        let of_this_log = *salt.get_or_insert_with(|| self::salt(&frame, 8)) == self::salt(&frame, 8);
        match wrong {
            None => {
                let found = sum(sum(before, &frame[..8], big), &frame[FRAME..], big);
                before = (word(&frame, 16), word(&frame, 20));
                if !of_this_log || found != before {
                    wrong = Some(number);
                    ended = of_this_log && is_commit(&frame);
                }
            }
            Some(at) if of_this_log && ended => {
                return Ok(Some(format!("its log is damaged at frame {at}, and commits follow it")));
            }
            Some(_) => ended |= of_this_log && is_commit(&frame),
        }
    }
    Ok(None)
}

/// False where less is left.
fn fill(log: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_be_bytes(*word))
}

fn salt(bytes: &[u8], at: usize) -> (u32, u32) {
    (word(bytes, at), word(bytes, at + 4))
}

fn is_commit(frame: &[u8]) -> bool {
    word(frame, 4) != 0
}

/// SQLite's checksum of the log, gone on from `before`.
fn sum(before: (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    let take = |word: [u8; 4]| if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) };
    bytes.as_chunks::<8>().0.iter().fold(before, |(one, two), &[a, b, c, d, e, f, g, h]| {
        let one = one.wrapping_add(take([a, b, c, d])).wrapping_add(two);
        (one, two.wrapping_add(take([e, f, g, h])).wrapping_add(one))
    })
}
