//! Bytes of any kind become text: editors of three systems have been at them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use minuano_settings::Problems;

/// The file on the boot partition.
pub const NAME: &str = "minuano.toml";
/// Longer is no configuration.
pub const MAX_BYTES: usize = 64 * 1024;

const UTF8_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Reads as much of the file as anybody will look at.
pub fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    File::open(file)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of these bytes. A line that is no UTF-8 is left out and named.
pub fn text(bytes: &[u8], problems: &mut Problems) -> String {
    if bytes.len() > MAX_BYTES {
        let what =
            format_args!("is longer than {MAX_BYTES} bytes, so none of it was read; it takes a few lines");
        problems.add(NAME, what);
        return String::new();
    }
    // Notepad's "Unicode" is UTF-16, and says so by a mark.
    match bytes {
        [0xFF, 0xFE, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        _ => {}
    }
    let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    let mut text = String::with_capacity(bytes.len());
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            Err(_) => problems.add(
                format!("{NAME} line {}", index + 1),
                "is not UTF-8; let the editor save the file as UTF-8",
            ),
        }
    }
    text
}

fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|&c| c != '\r')
        .collect()
}
