//! The commands of the alerts.

use anyhow::bail;
use clap::Subcommand;

use super::{ConfigArg, say};
use crate::alert::{Alert, Envelope};
use crate::clock::now;
use crate::config::Config;

/// Works with the gateway running or stopped.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sends one alert to a destination, or to each, and says what became of it. Exit code 1 if one failed.
    #[command(after_help = "Example: minuano-gateway alert test phone")]
    Test {
        /// Its name in the configuration; all where not given.
        destination: Option<String>,
        #[command(flatten)]
        config: ConfigArg,
    },
}

/// Gives whether all is well.
pub async fn execute(command: Command) -> anyhow::Result<bool> {
    let Command::Test { destination, config } = command;
    let config = Config::load(config.config)?;
    let names: Vec<&str> = config.alerts.iter().map(|alert| alert.name.as_str()).collect();
    if names.is_empty() {
        bail!("the configuration has no destination; it takes [[alert]] sections (docs/alerts.md)");
    }
    if let Some(name) = destination.as_deref().filter(|name| !names.contains(name)) {
        bail!("there is no destination {name}; there is {}", names.join(", "));
    }
    let mut all = true;
    let at = now();
    for one in config.alerts.iter().filter(|one| destination.as_ref().is_none_or(|name| *name == one.name)) {
        let alert = Alert::test(config.gateway.as_str(), at);
        let envelope = Envelope { id: format!("test-{}", at.get()), alert };
        match one.send(&envelope).await {
            Ok(()) => say(&format!("{}: sent", one.name))?,
            Err(error) => {
                all = false;
                say(&format!("{}: failed: {error}", one.name))?;
            }
        }
    }
    Ok(all)
}
