//! Values that must not be seen.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::Problems;

/// A password or key. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Takes the secret from `inline` or from `file` (systemd credentials, container secrets), whose
    /// last line break does not count. Both at once, or a file that cannot be read, is a problem.
    pub fn either(
        inline: Option<Self>,
        file: Option<&Path>,
        key: &str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let Some(file) = file else { return inline };
        let file_key = format!("{key}_file");
        if inline.is_some() {
            problems.add(file_key, format_args!("{key} is given as well; give one of the two"));
            return None;
        }
        match std::fs::read_to_string(file) {
            Ok(text) => Some(Self(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => {
                problems.add(file_key, format_args!("{}: {error}; it takes a readable file", file.display()));
                None
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
