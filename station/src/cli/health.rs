//! `health`: asks the running station what a container's health check wants to know.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::watch::{WELL, place};

/// A station that takes longer is not well.
const WITHIN: Duration = Duration::from_secs(5);
/// Its answer is one line.
const LONGEST: u64 = 4_096;

/// Gives 0 where the station that has this folder is well; says what it says.
pub(super) fn ask(folder: &Path) -> ExitCode {
    let place = place(folder);
    let answer = match answer(&place) {
        Ok(answer) => answer,
        Err(error) => {
            eprintln!("minuano-station: no station answers at {}: {error}", place.display());
            return ExitCode::FAILURE;
        }
    };
    match answer.trim_end().split_once(' ') {
        Some((WELL, text)) => {
            // A reader that went away is no error of ours.
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("minuano-station: {}", answer.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn answer(place: &Path) -> std::io::Result<String> {
    let station = UnixStream::connect(place)?;
    station.set_read_timeout(Some(WITHIN))?;
    let mut answer = String::new();
    station.take(LONGEST).read_to_string(&mut answer)?;
    Ok(answer)
}
