//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::apply::{self, Machine};
use crate::card;

const BAD_USAGE: u8 = 64;
const BAD_CONFIGURATION: u8 = 78;

const EXAMPLES: &str = "\
Examples:
  minuano-setup check minuano.toml     name every mistake in a minuano.toml, before it goes onto the card
  minuano-setup apply                  what the image does at each boot

Exit codes: 0 done, 64 bad usage, 78 a mistake in the file (check), 1 anything else.";

/// Makes this machine what minuano.toml on its boot partition says.
#[derive(Debug, Parser)]
#[command(name = "minuano-setup", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is wrong with a minuano.toml, one line each
    Check {
        /// The file
        file: PathBuf,
    },
    /// Configure this machine; a mistake in the file is told and passed over
    Apply {
        /// Where the boot partition is mounted
        #[arg(long, value_name = "FOLDER", default_value = "/boot/firmware")]
        boot: PathBuf,
        /// Where what outlives a boot is kept
        #[arg(long, value_name = "FOLDER", default_value = "/data")]
        data: PathBuf,
        /// Write the files below this folder and leave the running machine alone
        #[arg(long, value_name = "FOLDER")]
        root: Option<PathBuf>,
    },
}

/// Does what the arguments ask for.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Nothing is left to say it to if this fails.
            let _ = error.print();
            return if asked_for { ExitCode::SUCCESS } else { ExitCode::from(BAD_USAGE) };
        }
    };
    let result = match cli.command {
        Command::Check { file } => check(&file),
        Command::Apply { boot, data, root } => {
            let is_live = root.is_none();
            let root = root.unwrap_or_else(|| PathBuf::from("/"));
            apply::apply(&Machine { boot, data, root, is_live }).map(|()| ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn check(file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let bytes = card::read(file)?;
    let (_, problems) = crate::read(&bytes, |zone| apply::has_zone(std::path::Path::new("/"), zone));
    if problems.0.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{problems}");
    Ok(ExitCode::from(BAD_CONFIGURATION))
}
