//! The command line, and what each command ends with.

mod alert;
mod broker;
mod elastic;
mod health;
mod lake;
mod online;
mod quality;

mod store;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use minuano_settings::Problems;
use minuano_settings::log::{self, LogFormat, Service};
use minuano_telemetry::StationName;
use serde::Serialize;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::Config;
use crate::{http, run, shutdown, take_over};

const DONE: u8 = 0;
const ANYTHING_ELSE: u8 = 1;
const BAD_USAGE: u8 = 64;
const BAD_CONFIGURATION: u8 = 78;

const EXAMPLES: &str = "\
Examples:
  minuano-gateway run --config gateway.toml
  MINUANO_GATEWAY__BROKER__EMBEDDED=true MINUANO_GATEWAY__STORE__FILE=home.db minuano-gateway run
  minuano-gateway check-config --online
  minuano-gateway health
  minuano-gateway lake verify --json
  minuano-gateway quality check --station roof series.csv
  minuano-gateway broker provision --host broker.example roof
  minuano-gateway openapi > openapi.json

Exit codes: 0 done, 64 bad usage, 78 bad configuration, 1 anything else.
RUST_LOG sets what is logged, such as info or minuano_gateway=debug.";

/// Stores, checks, shows and forwards what weather stations measure, and loses none of it.
#[derive(Debug, Parser)]
#[command(name = "minuano-gateway", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct ConfigArg {
    /// Configuration file; /etc/minuano/gateway.toml where not given.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What a command takes that tells what it found or did.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    config: ConfigArg,
    /// Prints one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The service.
    #[command(after_help = "Examples:\n  minuano-gateway run --config gateway.toml\n  \
        MINUANO_GATEWAY__BROKER__EMBEDDED=true MINUANO_GATEWAY__STORE__FILE=home.db minuano-gateway run")]
    Run(ConfigArg),
    /// Names every mistake in the configuration, one a line; exit code 78 if there is any.
    #[command(after_help = "Examples:\n  minuano-gateway check-config --config gateway.toml\n  \
        sudo -u minuano-gateway minuano-gateway check-config --online   as the user who will run it")]
    CheckConfig {
        /// Also tries what it names: brokers, lake, store, ports; exit code 1 if any of them fails.
        #[arg(long)]
        online: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Asks the running gateway whether it is ready; exit code 0 if so, else 1, with the reason.
    #[command(after_help = "Examples:\n  minuano-gateway health\n  \
        HEALTHCHECK CMD [\"minuano-gateway\", \"health\"]   in a container file")]
    Health(ConfigArg),
    /// Prints the OpenAPI 3.1 document of the routes.
    #[command(after_help = "Example:\n  minuano-gateway openapi > openapi.json")]
    Openapi,
    /// What went to the lake.
    #[command(
        subcommand,
        after_help = "Examples:\n  minuano-gateway lake verify --json\n  \
        minuano-gateway lake flush\n  minuano-gateway lake backfill --replace"
    )]
    Lake(lake::Command),
    /// What went to Elasticsearch or OpenSearch.
    #[command(
        subcommand,
        after_help = "Examples:\n  minuano-gateway elastic template > template.json\n  \
        minuano-gateway elastic template --put\n  minuano-gateway elastic status --json"
    )]
    Elastic(elastic::Command),
    /// Copies of the store.
    #[command(
        subcommand,
        after_help = "Examples:\n  minuano-gateway store backup /srv/backup/gateway-2026-11-21.db\n  \
        systemctl stop minuano-gateway && minuano-gateway store restore /srv/backup/gateway-2026-11-21.db"
    )]
    Store(store::StoreCommand),
    /// What the store knows of a station.
    #[command(
        subcommand,
        after_help = "Examples:\n  minuano-gateway station rename roof loft\n  \
        minuano-gateway station forget shed --yes"
    )]
    Station(store::StationCommand),
    /// The checks of readings.
    #[command(subcommand)]
    Quality(quality::Command),
    /// What tells people.
    #[command(subcommand)]
    Alert(alert::Command),
    /// Accounts at a mosquitto broker.
    #[command(subcommand)]
    Broker(broker::Command),
    /// Becomes the gateway that acknowledges a station, or all that another gateway owned.
    #[command(after_help = "Examples:\n  minuano-gateway take-over roof\n  minuano-gateway take-over")]
    TakeOver {
        /// The station; all of them where not given.
        station: Option<StationName>,
        #[command(flatten)]
        config: ConfigArg,
    },
}

/// The command line as clap knows it, for the man pages and the shells' completions.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs the command and gives the process's exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing is left to tell it to when standard output is gone.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { BAD_USAGE } else { DONE });
        }
    };
    match execute(cli.command) {
        Ok(true) => ExitCode::from(DONE),
        Ok(false) => ExitCode::from(ANYTHING_ELSE),
        Err(error) => {
            let mut stderr = std::io::stderr().lock();
            match error.downcast_ref::<Problems>() {
                Some(problems) => {
                    let _ = writeln!(stderr, "{problems}");
                    ExitCode::from(BAD_CONFIGURATION)
                }
                None => {
                    let _ = writeln!(stderr, "minuano-gateway: {}", in_one_line(&error));
                    ExitCode::from(ANYTHING_ELSE)
                }
            }
        }
    }
}

/// Says on standard error what happens from here on.
fn log_to_stderr(format: LogFormat, gateway: &str) {
    // rumqttd logs every client that leaves as an error; what matters of it shows in our own session.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,rumqttd=off"));
    let service =
        Service { name: "minuano-gateway", version: env!("CARGO_PKG_VERSION"), node: gateway.to_owned() };
    tracing_subscriber::registry().with(log::to_stderr(format, service).with_filter(filter)).init();
}

/// The error and its causes, each said once: many libraries say the cause in the error too.
fn in_one_line(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.contains(&cause) {
        true => said,
        false if said.is_empty() => cause,
        false => format!("{said}: {cause}"),
    })
}

/// Runs the service. Whoever reads its log as JSON reads in it, too, why it ended.
fn serve(arg: ConfigArg) -> anyhow::Result<bool> {
    let config = Config::load(arg.config)?;
    let format = config.log.format;
    log_to_stderr(format, config.gateway.as_str());
    match in_runtime(async { run::run(config, shutdown::on_signal()?).await }) {
        Err(error) if format == LogFormat::Json => {
            tracing::error!(error = in_one_line(&error), "the gateway ends");
            Ok(false)
        }
        ended => ended.map(|()| true),
    }
}

/// Gives whether all is well.
fn execute(command: Command) -> anyhow::Result<bool> {
    if !matches!(command, Command::Run(_)) {
        // What a command says of itself is for the person who called it.
        log_to_stderr(LogFormat::Text, "");
    }
    match command {
        Command::Run(arg) => serve(arg),
        Command::Health(arg) => {
            let config = Config::load(arg.config)?;
            in_runtime(health::ask(&config))
        }
        Command::CheckConfig { online, config } => {
            let config = Config::load(config.config)?;
            if online {
                return in_runtime(online::check(&config));
            }
            say("the configuration is right")?;
            Ok(true)
        }
        Command::Openapi => {
            say(&http::openapi())?;
            Ok(true)
        }
        Command::Lake(command) => in_runtime(lake::execute(command)),
        Command::Elastic(command) => in_runtime(elastic::execute(command)),
        Command::Store(command) => store::store(command),
        Command::Station(command) => store::station(command),
        Command::Quality(command) => quality::execute(command),
        Command::Alert(command) => in_runtime(alert::execute(command)),
        Command::Broker(command) => broker::execute(command),
        Command::TakeOver { station, config } => {
            let config = Config::load(config.config)?;
            let taken = in_runtime(take_over::take_over(&config, station))?;
            if taken.is_empty() {
                say("no station is owned by another gateway, as far as this store knows")?;
            }
            for station in taken {
                say(&format!("{station} is acknowledged by {} from now on", config.gateway))?;
            }
            Ok(true)
        }
    }
}

fn in_runtime<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime did not start")?
        .block_on(future)
}

/// As one line of JSON, or in words.
fn tell<T: Serialize + ToString>(outcome: &T, json: bool) -> anyhow::Result<()> {
    say(&if json { serde_json::to_string(outcome)? } else { outcome.to_string() })
}

/// A reader that went away, as `head` does, is no error of ours.
fn say(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
