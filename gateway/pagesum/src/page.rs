//! The checksum of a page, and what the first page says of all.

/// The only page size that carries checksums: SQLite's own.
pub const PAGE: usize = 4096;
/// Bytes at the end of each page.
pub const RESERVED: usize = 8;
/// Of a database, at its beginning.
pub const HEADER: usize = 100;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Where the header says how many bytes are reserved.
const RESERVED_AT: usize = 20;
const WORD: [u8; 4] = *b"Minu";
const DATA: usize = PAGE - RESERVED;

/// What the end of a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The page is as it was written.
    Sound,
    /// It was written without a checksum.
    Unsummed,
    /// It is not as it was written.
    Damaged,
}

fn tail(data: &[u8], number: u64) -> [u8; RESERVED] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&number.to_le_bytes());
    crc.update(data);
    let [a, b, c, d] = crc.finalize().to_le_bytes();
    [a, b, c, d, WORD[0], WORD[1], WORD[2], WORD[3]]
}

/// Puts the checksum at the end of the page `number`, which counts from 0.
pub fn seal(page: &mut [u8; PAGE], number: u64) {
    let tail = tail(&page[..DATA], number);
    page[DATA..].copy_from_slice(&tail);
}

/// Compares a page with its checksum, and leaves 0 in its place.
pub fn verify(page: &mut [u8; PAGE], number: u64) -> Verdict {
    let found = &page[DATA..];
    if found == [0; RESERVED] {
        return Verdict::Unsummed;
    }
    if found != tail(&page[..DATA], number) {
        return Verdict::Damaged;
    }
    page[DATA..].fill(0);
    Verdict::Sound
}

/// Whether a database that begins so has room for checksums.
pub fn reserves(beginning: &[u8]) -> bool {
    beginning.starts_with(MAGIC)
        && beginning.get(RESERVED_AT).is_some_and(|bytes| usize::from(*bytes) == RESERVED)
}

/// Whether a first page that reserves nothing once did: then its header is damaged.
pub fn reserved_once(first: &[u8; PAGE]) -> bool {
    let mut as_it_was = *first;
    as_it_was[RESERVED_AT] = RESERVED as u8;
    as_it_was[..MAGIC.len()].copy_from_slice(MAGIC);
    verify(&mut as_it_was, 0) == Verdict::Sound
}
