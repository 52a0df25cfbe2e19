//! The commands of the broker's accounts.

use std::path::PathBuf;

use anyhow::Context;
use clap::{ArgGroup, Args, Subcommand};
use minuano_telemetry::{GatewayName, StationName};

use super::say;
use crate::clock::now;
use crate::config::host_as_gateway;
use crate::provision::account::Account;
use crate::provision::settings::is_host;
use crate::provision::{Provision, Wish};

const EXAMPLES: &str = "\
Examples:
  minuano-gateway broker provision --host broker.example roof shed    the first time
  minuano-gateway broker provision --gateway=home                     the gateway's own account
  minuano-gateway broker provision --home-assistant
  minuano-gateway broker provision gate                               one more station
  minuano-gateway broker provision roof --rotate                      a new password and key
  minuano-gateway broker provision roof --revoke                      a stolen station

Written are, below the folder:
  mosquitto/       passwords, topics, certificates and mosquitto.conf: for the broker
  stations/roof/   station.toml, certificate, key, password: copy them to the station
  gateways/home/   the same for a gateway
  authority/       who signs: keep ca.key where nobody else comes

What is there stays: the same command once more changes nothing. docs/security.md tells the rest.";

/// Accounts at a mosquitto broker.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes accounts at a mosquitto broker: a password, a client certificate, the topics that each may use, and the
    /// files to copy.
    #[command(after_help = EXAMPLES)]
    Provision(Box<Wanted>),
}

/// For whom, and what.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("who").required(true).multiple(true).args(["stations", "gateway", "home_assistant"])))]
pub struct Wanted {
    /// Stations.
    #[arg(value_name = "STATION")]
    stations: Vec<StationName>,
    /// A gateway; without a name the one that this host's gateway has by default.
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true)]
    gateway: Option<Option<GatewayName>>,
    /// Home Assistant, which hears every station.
    #[arg(long)]
    home_assistant: bool,
    /// Where all of it is kept.
    #[arg(long, value_name = "FOLDER", default_value = "/etc/minuano/broker")]
    folder: PathBuf,
    /// The broker's name or address, for its certificate; stations dial the first. Remembered; at first this host's.
    #[arg(long = "host", value_name = "HOST", value_parser = host)]
    hosts: Vec<String>,
    /// Where the broker listens with TLS. Remembered; at first 8883.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Where stations and gateways have their files after copying. Remembered; at first /etc/minuano.
    #[arg(long, value_name = "FOLDER")]
    copied_to: Option<PathBuf>,
    /// Where mosquitto sees the folder mosquitto/, as in a container. Remembered; at first where it is.
    #[arg(long, value_name = "FOLDER")]
    broker_folder: Option<PathBuf>,
    /// Home Assistant's discovery prefix. Remembered; at first homeassistant.
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    discovery_prefix: Option<String>,
    /// Makes a new password and key for each; the old password opens nothing any more.
    #[arg(long)]
    rotate: bool,
    /// Lets each in no more, and deletes its files.
    #[arg(long, conflicts_with = "rotate")]
    revoke: bool,
}

/// Gives whether all is well.
pub fn execute(command: Command) -> anyhow::Result<bool> {
    let Command::Provision(wanted) = command;
    let Wanted { stations, gateway, home_assistant, folder, hosts, port, copied_to, .. } = *wanted;
    let (broker_folder, discovery_prefix) = (wanted.broker_folder, wanted.discovery_prefix);
    let mut accounts: Vec<Account> = stations.into_iter().map(Account::Station).collect();
    if let Some(name) = gateway {
        let name = match name {
            Some(name) => name,
            None => host_as_gateway().parse().context("this host's name; --gateway=NAME takes another")?,
        };
        accounts.extend([Account::Gateway(name.clone()), Account::Alerts(name)]);
    }
    if home_assistant {
        accounts.push(Account::HomeAssistant);
    }
    let wish = match (wanted.rotate, wanted.revoke) {
        (true, _) => Wish::Renewed,
        (_, true) => Wish::Gone,
        (false, false) => Wish::There,
    };
    let provision = Provision::open(&folder, now(), |settings| {
        if !hosts.is_empty() {
            settings.hosts = hosts;
        }
        settings.port = port.unwrap_or(settings.port);
        if let Some(folder) = copied_to {
            settings.copied_to = folder;
        }
        if broker_folder.is_some() {
            settings.broker_folder = broker_folder;
        }
        if let Some(prefix) = discovery_prefix {
            settings.discovery_prefix = prefix;
        }
    });
    let provision = provision.context("--folder takes a folder that this user can write")?;
    let said = provision.make(&accounts, wish)?;
    for line in said.changes.iter().chain(&said.notes) {
        say(line)?;
    }
    if said.changes.is_empty() {
        say("nothing had to be changed")?;
    } else {
        say("mosquitto reads passwords and topics anew on SIGHUP: systemctl reload mosquitto")?;
    }
    Ok(true)
}

fn host(text: &str) -> Result<String, &'static str> {
    if is_host(text) {
        Ok(text.to_owned())
    } else {
        Err("it takes a host name or an address, without a port")
    }
}

fn prefix(text: &str) -> Result<String, String> {
    let most = minuano_telemetry::MAX_PREFIX;
    let fits =
        !text.is_empty() && text.len() <= most && !text.contains(['+', '#', ' ', '\n', '\0', '"', '\\']);
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!("it takes 1 to {most} characters without + # and spaces"))
    }
}
