//! Reads `minuano.toml` from the card's boot partition at each boot, and makes the machine what it says.
//!
//! The root is read-only with RAM over it, so everything here is done again at each boot, and the file on the card is
//! the only truth. A mistake in it never keeps the station from measuring: what is wrong is named in
//! `minuano-error.txt` beside it and on the console, and then treated as if it were not there.
//!
//! # Layout, in the order of the file's way
//!
//! - [`card`]: bytes of any kind become text
//! - [`lines`]: text becomes a table, line by line where it is not TOML
//! - [`file`]: the keys as they are written
//! - [`check`]: what they mean, and which are wrong
//! - [`render`]: the files that follow from that
//! - [`explain`]: what the person who wrote it is told
//! - [`apply`]: all of it, onto the machine

pub mod apply;
pub mod card;
pub mod check;
pub mod cli;
pub mod explain;
pub mod file;
pub mod keep;
pub mod lines;
pub mod render;

pub use check::Wanted;

use minuano_settings::Problems;

/// What the file's bytes ask for, and what is wrong with them. `has_zone` knows the time zones of this machine.
pub fn read(bytes: &[u8], has_zone: impl Fn(&str) -> bool) -> (Wanted, Problems) {
    let mut problems = Problems::default();
    let text = card::text(bytes, &mut problems);
    let table = lines::table(&text, &mut problems);
    let written = match minuano_settings::fit::<file::File>(table, card::NAME) {
        Ok((written, mut found)) => {
            problems.0.append(&mut found.0);
            written
        }
        Err(mut found) => {
            problems.0.append(&mut found.0);
            file::File::default()
        }
    };
    for problem in problems.0.iter_mut().filter(|problem| SECRETS.contains(&problem.key.as_str())) {
        // What serde says of a value shows it.
        "takes a text in quotation marks".clone_into(&mut problem.what);
    }
    let wanted = check::checked(written, &has_zone, &mut problems);
    problems.0.truncate(MAX_TOLD);
    (wanted, problems)
}

/// What nobody should read on a console.
const SECRETS: [&str; 2] = ["wifi.passphrase", "broker.password"];
/// Nobody reads more mistakes than this at once.
const MAX_TOLD: usize = 100;

#[cfg(test)]
mod tests;
