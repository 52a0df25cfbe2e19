//! The command line.

mod health;
mod journal;
mod sensors;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::run::run;
use crate::shutdown::Shutdown;

const BAD_USAGE: u8 = 64;
const BAD_CONFIGURATION: u8 = 78;

const EXAMPLES: &str = "\
Examples:
  minuano-station check-config --config station.toml   name every mistake in a configuration
  minuano-station health                               is the one that runs here well
  minuano-station sensors --bus /dev/i2c-1             which sensors are there, and what do they say
  MINUANO_STATION__MQTT__HOST=broker minuano-station run

Exit codes: 0 done, 64 bad usage, 78 bad configuration, 1 anything else.";

/// A weather station: reads sensors over I²C and publishes what it measured until a gateway has it.
#[derive(Debug, Parser)]
#[command(name = "minuano-station", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service until SIGTERM or Ctrl-C; a second signal stops it at once
    Run {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Ask the running station whether it measures and keeps: exit code 0 if so, else 1, with the reason
    #[command(after_help = "Examples:\n  minuano-station health\n  \
        HEALTHCHECK CMD [\"minuano-station\", \"health\"]   in a container file\n\n\
        A broker or gateway out of reach is told and is no reason: a restart of the station mends neither.")]
    Health {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Scan the bus, identify the sensors, read each once
    Sensors {
        /// The bus; without it, that of the configuration, or /dev/i2c-1
        #[arg(long, value_name = "DEVICE")]
        bus: Option<String>,
        /// One JSON document instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Say what is wrong with the configuration, one line each, and exit with 78, or with 0 if nothing is
    CheckConfig {
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The configuration [default: /etc/minuano/station.toml, which may be absent]
    #[arg(long = "config", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// The command line as clap knows it, for the man pages and the shells' completions.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
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
    match cli.command {
        Command::Run { config } => with_config(config, serve),
        Command::Health { config } => with_config(config, |config| health::ask(&config.log.folder)),
        Command::CheckConfig { config } => with_config(config, |_| ExitCode::SUCCESS),
        Command::Sensors { bus: Some(device), json, .. } => {
            sensors::look(&sensors::Place::Device(device), json)
        }
        Command::Sensors { bus: None, json, config } => match sensors::Place::of(config.file) {
            Ok(place) => sensors::look(&place, json),
            Err(problems) => refuse(&problems),
        },
    }
}

fn with_config(config: ConfigFile, then: impl FnOnce(Config) -> ExitCode) -> ExitCode {
    match Config::load(config.file) {
        Ok(config) => then(config),
        Err(problems) => refuse(&problems),
    }
}

fn refuse(problems: &minuano_settings::Problems) -> ExitCode {
    eprintln!("{problems}");
    ExitCode::from(BAD_CONFIGURATION)
}

fn serve(config: Config) -> ExitCode {
    journal::listen(&config.run, config.station.as_str());
    match try_to_serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn try_to_serve(config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result =
        runtime.block_on(async { run(config, Shutdown::listen()?).await.map_err(anyhow::Error::from) });
    // A name that is being looked up must not hold up the end.
    runtime.shutdown_background();
    result.map(|_| ())
}
