//! `store …` and `station …`.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Subcommand;
use minuano_telemetry::StationName;

use super::{ConfigArg, say};
use crate::clock::now;
use crate::config::Config;
use crate::store::{Store, backup, compact, forget, salvage};

#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Copies the store as it is at one moment to a new file, while the gateway runs or not.
    Backup {
        /// The copy; it must not be there yet.
        file: PathBuf,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Puts a copy in the place of the store, under a new identity; the gateway is stopped. The store that was
    /// there is renamed.
    Restore {
        /// The copy.
        file: PathBuf,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Writes the store anew; the gateway is stopped. A store from before page checksums gets them, and can shrink
    /// from then on. Needs room for a second copy.
    Compact {
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Reads what can be read of a damaged store into this one; the gateway is stopped. What is there already is
    /// left out, and what is in the lake is not uploaded again.
    Salvage {
        /// The damaged store, as it was set aside.
        file: PathBuf,
        #[command(flatten)]
        config: ConfigArg,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum StationCommand {
    /// Deletes everything that the store knows of a station; the gateway is stopped. What is in the lake stays.
    Forget {
        /// The station.
        name: StationName,
        /// Yes, delete it.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Gives a station another name, with all that is known of it; the gateway is stopped. What is in the lake
    /// keeps the old name.
    Rename {
        /// Its name now.
        old: StationName,
        /// Its name from now on; the station's own configuration has to say the same.
        new: StationName,
        #[command(flatten)]
        config: ConfigArg,
    },
}

pub(super) fn store(command: StoreCommand) -> anyhow::Result<bool> {
    match command {
        StoreCommand::Backup { file, config } => {
            let bytes = backup::backup(&open(config)?, &file)?;
            say(&format!("{} holds the store as it was just now: {bytes} bytes", file.display()))?;
        }
        StoreCommand::Restore { file, config } => {
            let config = Config::load(config.config)?;
            let restored = backup::restore(&config.store.file, &file, now())?;
            say(&format!("{} is restored; its identity is {}", config.store.file.display(), restored.store))?;
            if let Some(before) = restored.before {
                say(&format!("the store that was there is {} now", before.display()))?;
            }
        }
        StoreCommand::Compact { config } => {
            let store = open(config)?;
            let file = store.file().to_owned();
            // Migrated by now, and closed.
            drop(store);
            let compact::Compacted { before, after } = compact::compact(&file)?;
            say(&format!("{} had {before} bytes and has {after}", file.display()))?;
        }
        StoreCommand::Salvage { file, config } => {
            say(&salvage::salvage(&open(config)?, &file, now())?.to_string())?;
        }
    }
    Ok(true)
}

pub(super) fn station(command: StationCommand) -> anyhow::Result<bool> {
    match command {
        StationCommand::Forget { name, yes, config } => {
            ensure!(yes, "this deletes all readings of {name} from the store for good; if so, add --yes");
            let readings = forget::forget(&open(config)?, &name)?;
            say(&format!(
                "{name} is forgotten, with {readings} readings. What is in the lake stays, and what the broker \
                 retains of it would make it known again"
            ))?;
        }
        StationCommand::Rename { old, new, config } => {
            forget::rename(&open(config)?, &old, &new)?;
            say(&format!("{old} is {new} from now on; the station's configuration has to say the same"))?;
        }
    }
    Ok(true)
}

/// The store, which is not made where it is missing.
fn open(arg: ConfigArg) -> anyhow::Result<Store> {
    let config = Config::load(arg.config)?;
    ensure!(config.store.file.exists(), "there is no store {}", config.store.file.display());
    Ok(Store::open(&config.store.file, now())?)
}
