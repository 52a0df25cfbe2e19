//! Bytes in and out: variable-length numbers, and reads that give `None` instead of running over the end.

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// Seven bits a byte, the lowest first.
    pub fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// Small numbers of either sign are short.
    pub fn signed(&mut self) -> Option<i64> {
        self.varint().map(|bits| (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed())
    }
}

/// Whether a file that begins like this may have been begun with `magic` when the power went: each byte is
/// there, or is not there yet.
pub(super) fn is_begun(bytes: &[u8], magic: &[u8]) -> bool {
    magic.iter().zip(bytes).all(|(magic, byte)| byte == magic || *byte == 0)
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_small_ones_are_short() {
        for value in [0, 1, -1, 63, -64, 64, 10_000, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            put_signed(&mut out, value);
            put_varint(&mut out, value.cast_unsigned());
            let mut bytes = Bytes(&out);
            assert_eq!((bytes.signed(), bytes.varint()), (Some(value), Some(value.cast_unsigned())));
            assert!(bytes.0.is_empty());
        }
        let mut out = Vec::new();
        put_signed(&mut out, -64);
        assert_eq!(out.len(), 1);
    }

    #[test]
    fn what_is_cut_off_or_too_large_is_none() {
        assert_eq!(Bytes(&[0x80]).varint(), None);
        assert_eq!(Bytes(&[0xFF; 10]).varint(), None);
        assert_eq!(Bytes(&[1, 2, 3]).u32(), None);
    }
}
