//! The commands of the lake.

use std::sync::Arc;

use clap::Subcommand;
use minuano_settings::Problems;

use super::{Common, ConfigArg, tell};
use crate::clock::now;
use crate::config::Config;
use crate::lake::Lake;
use crate::store::Store;

/// Each works with the gateway running or stopped.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reads every batch back; counts rows, duplicates and gaps. Exit code 1 if anything is wrong.
    Verify(Common),
    /// Uploads all that is stored now, without waiting for batches to close.
    Flush(Common),
    /// Uploads again what the lake misses or holds damaged. Exit code 1 if anything is left.
    Backfill {
        #[command(flatten)]
        common: Common,
        /// Also overwrites files that hold other rows than this store uploaded.
        #[arg(long)]
        replace: bool,
    },
    /// Joins the files of each past hour into one. Each new file is read back before the old ones are deleted; until
    /// then, about a second an hour of data, readers see its rows twice. Exit code 1 if anything is left.
    #[command(after_help = "Example, once a day: minuano-gateway lake compact --json")]
    Compact {
        #[command(flatten)]
        common: Common,
        /// Says what would be joined, and does nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Gives whether all is well.
pub async fn execute(command: Command) -> anyhow::Result<bool> {
    let progress = |line: &str| tracing::info!("{line}");
    match command {
        Command::Verify(Common { config, json }) => {
            let report = open(config)?.verify().await?;
            tell(&report, json)?;
            Ok(report.ok)
        }
        Command::Flush(Common { config, json }) => {
            tell(&open(config)?.flush(progress).await?, json)?;
            Ok(true)
        }
        Command::Backfill { common: Common { config, json }, replace } => {
            let backfilled = open(config)?.backfill(replace, progress).await?;
            tell(&backfilled, json)?;
            Ok(backfilled.ok)
        }
        Command::Compact { common: Common { config, json }, dry_run } => {
            let compacted = open(config)?.compact(dry_run, progress).await?;
            tell(&compacted, json)?;
            Ok(compacted.ok)
        }
    }
}

fn open(arg: ConfigArg) -> anyhow::Result<Lake> {
    let config = Config::load(arg.config)?;
    let Some(lake) = &config.lake else {
        let what = "is not configured; it takes [lake] with url = \"file:///folder\" or s3://bucket/prefix";
        return Err(Problems::one("lake", what).into());
    };
    let store = Arc::new(Store::open(&config.store.file, now())?);
    Ok(Lake::open(lake, config.quality.settle_after, &config.gateway, store)?)
}
