//! What is the same for all accounts, remembered in the folder so that it is said once.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{Folder, PUBLIC};
use super::{ProvisionError, Said};

const FILE: &str = "provision.toml";

/// The broker, and where files will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Names and addresses of the broker. Stations dial the first; its certificate has them all.
    pub hosts: Vec<String>,
    /// Where it listens with TLS.
    pub port: u16,
    /// Home Assistant's discovery prefix.
    pub discovery_prefix: String,
    /// Where a station or gateway has its files after they were copied.
    pub copied_to: PathBuf,
    /// Where mosquitto sees its folder; absent: where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_folder: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            port: 8883,
            discovery_prefix: "homeassistant".to_owned(),
            copied_to: PathBuf::from("/etc/minuano"),
            broker_folder: None,
        }
    }
}

impl Settings {
    /// What the folder remembers, with `change`, which it remembers from now on.
    pub(super) fn remembered(
        folder: &Path,
        change: impl FnOnce(&mut Self),
        said: &mut Said,
    ) -> Result<Self, ProvisionError> {
        let folder = Folder::open(folder, PUBLIC)?;
        let mut settings = match folder.read(FILE)? {
            Some(text) => toml::from_str(&text).map_err(|error| ProvisionError::Content {
                file: folder.file(FILE),
                what: format!("{}; it is written by this command alone", error.message()),
            })?,
            None => Self::default(),
        };
        change(&mut settings);
        if settings.hosts.is_empty() {
            let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
            let host = host.trim();
            let host = if is_host(host) { host } else { "localhost" };
            said.notes.push(format!("stations will dial {host}; --host names the broker otherwise"));
            settings.hosts.push(host.to_owned());
        }
        let text = toml::to_string(&settings)
            .map_err(|error| ProvisionError::Content { file: folder.file(FILE), what: error.to_string() })?;
        folder.keep(FILE, &text, PUBLIC, said)?;
        Ok(settings)
    }
}

/// Whether it can be dialled: a DNS name or an address, without a port.
pub fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
    };
    text.parse::<std::net::IpAddr>().is_ok() || (text.len() <= 253 && text.split('.').all(label))
}
