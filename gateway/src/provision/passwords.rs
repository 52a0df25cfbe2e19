//! mosquitto's password file: `user:$7$<rounds>$<salt>$<hash>`, PBKDF2 with HMAC-SHA-512, both in base64.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::pbkdf2;

use super::ProvisionError;
use super::account::Account;

/// What `mosquitto_passwd` takes. More would slow down a guess at a weak password; ours are 256 random bits, and
/// each connection costs the broker these rounds.
const ROUNDS: u32 = 101;
/// mosquitto 2.0 takes no other length.
const SALT: usize = 12;
const HASH: usize = 64;
const PASSWORD: usize = 32;

/// The lines of the file. Those of others stay as they are.
#[derive(Debug)]
pub struct Passwords {
    file: PathBuf,
    lines: Vec<String>,
}

impl Passwords {
    /// Reads it; one that is not there is empty.
    pub fn read(file: &Path) -> Result<Self, ProvisionError> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(cause) => return Err(ProvisionError::File { file: file.to_owned(), cause }),
        };
        Ok(Self { file: file.to_owned(), lines: text.lines().map(str::to_owned).collect() })
    }

    /// Whether the user is in it.
    pub fn has(&self, user: &str) -> bool {
        self.position(user).is_some()
    }

    /// Lets the user in with this password. What fits already stays.
    pub fn set(&mut self, user: &str, password: &str) -> Result<(), ProvisionError> {
        match self.position(user) {
            Some(index) if fits(&self.lines[index], password) => {}
            Some(index) => self.lines[index] = line(user, password)?,
            None => self.lines.push(line(user, password)?),
        }
        Ok(())
    }

    /// Lets the user in no more; whether it was.
    pub fn remove(&mut self, user: &str) -> bool {
        let position = self.position(user);
        position.map(|index| self.lines.remove(index)).is_some()
    }

    /// Those of its users that are accounts of ours.
    pub fn accounts(&self) -> Vec<Account> {
        self.lines.iter().filter_map(|line| Account::of_user(line.split_once(':')?.0)).collect()
    }

    /// The file's text.
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Where it is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    fn position(&self, user: &str) -> Option<usize> {
        self.lines.iter().position(|line| line.split_once(':').is_some_and(|(name, _)| name == user))
    }
}

/// One that nobody guesses.
pub fn random() -> Result<String, ProvisionError> {
    let mut bytes = [0; PASSWORD];
    fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn line(user: &str, password: &str) -> Result<String, ProvisionError> {
    let mut salt = [0; SALT];
    fill(&mut salt)?;
    let mut hash = [0; HASH];
    let rounds = NonZeroU32::new(ROUNDS).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, rounds, &salt, password.as_bytes(), &mut hash);
    Ok(format!("{user}:$7${ROUNDS}${}${}", STANDARD.encode(salt), STANDARD.encode(hash)))
}

fn fits(line: &str, password: &str) -> bool {
    let parts = || {
        let mut parts = line.split_once(":$7$")?.1.split('$');
        let rounds: NonZeroU32 = parts.next()?.parse().ok()?;
        let salt = STANDARD.decode(parts.next()?).ok()?;
        Some((rounds, salt, STANDARD.decode(parts.next()?).ok()?))
    };
    parts().is_some_and(|(rounds, salt, hash)| {
        pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA512, rounds, &salt, password.as_bytes(), &hash).is_ok()
    })
}

fn fill(bytes: &mut [u8]) -> Result<(), ProvisionError> {
    getrandom::fill(bytes).map_err(|error| ProvisionError::Random(error.to_string()))
}
