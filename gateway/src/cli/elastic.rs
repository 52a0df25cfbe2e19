//! The commands of Elasticsearch.

use std::sync::Arc;

use anyhow::Context;
use clap::Subcommand;
use minuano_settings::Problems;

use super::{Common, ConfigArg, say, tell};
use crate::clock::now;
use crate::config::{Config, ElasticConfig};
use crate::elastic::client::Client;
use crate::elastic::{resend, status, template};
use crate::store::Store;

/// Each works with the gateway running or stopped.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints the index template, or puts it.
    Template {
        /// Puts it into the configured cluster, over the one that is there.
        #[arg(long)]
        put: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// How far the cluster is, and which documents it would not take.
    Status(Common),
    /// Sends what was set aside once more, after the cause is mended. Exit code 1 if any is refused again.
    Resend(Common),
}

/// Gives whether all is well.
pub async fn execute(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Template { put: false, .. } => {
            say(&serde_json::to_string_pretty(&template::template())?)?;
            Ok(true)
        }
        Command::Template { put: true, config } => {
            let (_, elastic) = configured(config)?;
            let client = Client::new(&elastic)?;
            let place = || elastic.url.to_string();
            let cluster = client.cluster().await.with_context(place)?;
            client.put_template().await.with_context(place)?;
            say(&format!("{} is put into {} at {}", template::NAME, cluster.version, elastic.url))?;
            Ok(true)
        }
        Command::Status(Common { config, json }) => {
            let (config, _) = configured(config)?;
            let store = Store::open(&config.store.file, now())?;
            let status = store.read(|connection| status::status(connection, now()))?;
            tell(&status, json)?;
            Ok(true)
        }
        Command::Resend(Common { config, json }) => {
            let (config, elastic) = configured(config)?;
            let store = Arc::new(Store::open(&config.store.file, now())?);
            let resent = resend::resend(&store, &Client::new(&elastic)?, &config.gateway)
                .await
                .with_context(|| elastic.url.to_string())?;
            tell(&resent, json)?;
            Ok(resent.refused == 0)
        }
    }
}

fn configured(arg: ConfigArg) -> anyhow::Result<(Config, ElasticConfig)> {
    let config = Config::load(arg.config)?;
    match config.elastic.clone() {
        Some(elastic) => Ok((config, elastic)),
        None => {
            let what =
                "is not configured; it takes [elastic] with url = \"https://host:9200\" (docs/elastic.md)";
            Err(Problems::one("elastic", what).into())
        }
    }
}
