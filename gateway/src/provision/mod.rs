//! Accounts at a mosquitto broker: for each a user with a password, a client certificate, exactly its own topics, and the
//! files to copy to where it runs.
//!
//! # Layout
//!
//! - [`account`]: who, and what each may publish and read
//! - [`settings`]: what is the same for all: the broker's name and port; remembered in the folder
//! - [`passwords`]: mosquitto's password file
//! - [`topics`]: mosquitto's list of who may what
//! - [`authority`]: who signs certificates
//! - [`texts`]: the configuration files that are written
//! - [`files`]: how files are written

pub mod account;
pub mod authority;
pub mod files;
pub mod passwords;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod texts;
pub mod topics;

use std::fs::File;
use std::path::{Path, PathBuf};

use minuano_telemetry::Millis;

use account::Account;
use authority::{Authority, Identity};
use files::{Folder, PRIVATE, PUBLIC};
use passwords::Passwords;
use settings::Settings;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A file or folder.
    #[error("{}: {cause}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file that says something else than it should.
    #[error("{}: {what}", file.display())]
    Content {
        /// Which.
        file: PathBuf,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
}

/// What shall become of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is there: what is missing is made, what is there stays.
    There,
    /// It gets a new password and a new key.
    Renewed,
    /// It is let in no more, and its files are deleted.
    Gone,
}

/// What was done, for people: one line each.
#[derive(Debug, Default)]
pub struct Said {
    /// What changed. Empty: all was there already.
    pub changes: Vec<String>,
    /// What is to be known besides.
    pub notes: Vec<String>,
}

/// A folder of accounts, held against others who would change it at the same time.
pub struct Provision {
    folder: PathBuf,
    settings: Settings,
    said: Said,
    now: Millis,
    // Let go by the operating system with its handle.
    _lock: File,
}

impl Provision {
    /// Opens the folder, or makes it; `change` is applied to the settings that are remembered there.
    pub fn open(
        folder: &Path,
        now: Millis,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Self, ProvisionError> {
        let at = |cause| ProvisionError::File { file: folder.to_owned(), cause };
        std::fs::create_dir_all(folder).map_err(at)?;
        // What mosquitto and the configuration files name has to be a whole path.
        let folder = folder.canonicalize().map_err(at)?;
        let lock = folder.join(".lock");
        let held = File::create(&lock).and_then(|file| file.lock().map(|()| file));
        let held = held.map_err(|cause| ProvisionError::File { file: lock, cause })?;
        let mut said = Said::default();
        let settings = Settings::remembered(&folder, change, &mut said)?;
        Ok(Self { folder, settings, said, now, _lock: held })
    }

    /// Makes all accounts as wished, and what mosquitto needs.
    pub fn make(mut self, accounts: &[Account], wish: Wish) -> Result<Said, ProvisionError> {
        let mosquitto = Folder::open(&self.folder.join("mosquitto"), PUBLIC)?;
        let authority = self.authority(&mosquitto)?;
        let mut passwords = Passwords::read(&mosquitto.file("passwords"))?;
        for account in accounts {
            match wish {
                Wish::Gone => self.revoke(account, &mut passwords)?,
                Wish::There | Wish::Renewed => {
                    self.provide(account, wish == Wish::Renewed, &authority, &mut passwords)?;
                }
            }
        }
        let topics = topics::text(
            &mosquitto.read("topics")?.unwrap_or_default(),
            &passwords.accounts(),
            &self.settings.discovery_prefix,
        );
        // The rules first: a user without topics can do nothing.
        mosquitto.keep("topics", &topics, PRIVATE, &mut self.said)?;
        mosquitto.keep("passwords", &passwords.text(), PRIVATE, &mut self.said)?;
        let sees = self.settings.broker_folder.clone().unwrap_or_else(|| mosquitto.path().to_owned());
        mosquitto.offer("mosquitto.conf", &texts::mosquitto(&self.settings, &sees), &mut self.said)?;
        Ok(self.said)
    }

    fn authority(&mut self, mosquitto: &Folder) -> Result<Authority, ProvisionError> {
        let folder = Folder::open(&self.folder.join("authority"), PRIVATE)?;
        let authority = Authority::open(&folder, self.now, &mut self.said)?;
        mosquitto.keep("ca.pem", authority.pem(), PUBLIC, &mut self.said)?;
        let there = mosquitto.read("server.pem")?;
        if !there.is_some_and(|pem| authority.is_servers(&pem, &self.settings.hosts, self.now)) {
            let Identity { certificate, key } = authority.server(&self.settings.hosts, self.now)?;
            mosquitto.keep("server.key", &key, PRIVATE, &mut self.said)?;
            mosquitto.keep("server.pem", &certificate, PUBLIC, &mut self.said)?;
            self.said.notes.push("the broker's certificate is new: mosquitto has to be restarted".to_owned());
        }
        Ok(authority)
    }

    fn provide(
        &mut self,
        account: &Account,
        renew: bool,
        authority: &Authority,
        passwords: &mut Passwords,
    ) -> Result<(), ProvisionError> {
        let (user, stem, path) = (account.user(), account.stem(), self.folder.join(account.folder()));
        let [pem, key, word] = ["pem", "key", "password"].map(|end| format!("{stem}.{end}"));
        if passwords.has(&user) && !path.join(&word).exists() && !renew {
            self.said.notes.push(format!(
                "{user} has an account already, and its files are no longer here; --rotate makes new ones"
            ));
            return Ok(());
        }
        let folder = Folder::open(&path, PRIVATE)?;
        let password = match folder.read(&word)?.map(|text| text.trim_end().to_owned()) {
            Some(there) if !renew && !there.is_empty() => there,
            _ => passwords::random()?,
        };
        passwords.set(&user, &password)?;
        folder.keep(&word, &format!("{password}\n"), PRIVATE, &mut self.said)?;
        if !account.has_certificate() {
            return Ok(());
        }
        let current = folder.read(&pem)?.is_some_and(|pem| authority.is_clients(&pem, &user, self.now));
        if renew || !current || folder.read(&key)?.is_none() {
            let identity = authority.client(&user, self.now)?;
            folder.keep(&key, &identity.key, PRIVATE, &mut self.said)?;
            folder.keep(&pem, &identity.certificate, PUBLIC, &mut self.said)?;
        }
        folder.keep(texts::CA, authority.pem(), PUBLIC, &mut self.said)?;
        for (name, text) in texts::of(account, &self.settings) {
            folder.offer(name, &text, &mut self.said)?;
        }
        Ok(())
    }

    fn revoke(&mut self, account: &Account, passwords: &mut Passwords) -> Result<(), ProvisionError> {
        let user = account.user();
        let path = self.folder.join(account.folder());
        let had = passwords.remove(&user);
        if path.exists() {
            std::fs::remove_dir_all(&path)
                .map_err(|cause| ProvisionError::File { file: path.clone(), cause })?;
            self.said.changes.push(format!("deleted {}", path.display()));
        }
        if had {
            self.said.changes.push(format!("{user} is let in no more"));
        } else {
            self.said.notes.push(format!("{user} had no account"));
        }
        Ok(())
    }
}
