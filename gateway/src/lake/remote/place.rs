//! Which client the configured URL takes, and with what.
//!
//! Credentials that the configuration does not give come from the environment, as the vendor's own tools
//! name it (`AWS_ACCESS_KEY_ID`, web identity, container and instance roles; `GOOGLE_APPLICATION_CREDENTIALS`;
//! `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY`). Profiles in `~/.aws` are not read.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Attribute, Attributes, BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use super::Remote;
use super::connect::Ring;
use crate::config::LakeConfig;

/// Within one request; between requests the lake's own back-off waits.
const RETRIES: usize = 2;
/// No retry begins later than this.
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the configured place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The URL names no place.
    #[error("lake.url {url:?}: {what}")]
    Url {
        /// As configured.
        url: String,
        /// What it takes.
        what: &'static str,
    },
    /// The folder cannot be made.
    #[error("lake folder {folder}: {source}; it takes a folder that can be written")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The client cannot be made of this configuration.
    #[error("lake.url {url:?}: {source}")]
    Client {
        /// As configured.
        url: String,
        /// Why.
        source: object_store::Error,
    },
}

impl Remote {
    /// Prepares the place that `config` names. Only `file://` touches it: the folder is made.
    pub fn open(config: &LakeConfig) -> Result<Self, RemoteError> {
        let refused = |what| RemoteError::Url { url: config.url.clone(), what };
        let (scheme, rest) =
            config.url.split_once("://").ok_or_else(|| refused("takes file://, s3://, gs:// or az://"))?;
        if scheme == "file" {
            return folder(rest, config);
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(refused("names no bucket"));
        }
        let client = |source| RemoteError::Client { url: config.url.clone(), source };
        let files: Arc<dyn ObjectStore> = match scheme {
            "s3" => Arc::new(s3(config, bucket).map_err(client)?),
            "gs" => Arc::new(
                GoogleCloudStorageBuilder::from_env()
                    .with_bucket_name(bucket)
                    .with_http_connector(Ring)
                    .with_retry(retries())
                    .build()
                    .map_err(client)?,
            ),
            "az" => Arc::new(
                MicrosoftAzureBuilder::from_env()
                    .with_container_name(bucket)
                    .with_http_connector(Ring)
                    .with_retry(retries())
                    .build()
                    .map_err(client)?,
            ),
            _ => return Err(refused("takes file://, s3://, gs:// or az://")),
        };
        let mut attributes = Attributes::new();
        if let Some(class) = &config.storage_class {
            attributes.insert(Attribute::StorageClass, class.clone().into());
        }
        let looks_first = scheme == "s3" && config.endpoint.is_some();
        let prefix = prefix.trim_matches('/');
        if prefix.is_empty() {
            return Ok(Self { attributes, looks_first, ..Self::plain(files) });
        }
        let prefix = Path::parse(prefix).map_err(|error| client(error.into()))?;
        let files = Arc::new(PrefixStore::new(files, prefix));
        Ok(Self { attributes, looks_first, ..Self::plain(files) })
    }
}

fn folder(path: &str, config: &LakeConfig) -> Result<Remote, RemoteError> {
    let path = path.strip_prefix("localhost").unwrap_or(path);
    if !path.starts_with('/') {
        let what = "takes an absolute path after file://, such as file:///var/lib/minuano/lake";
        return Err(RemoteError::Url { url: config.url.clone(), what });
    }
    let folder = FilePath::new(path);
    std::fs::create_dir_all(folder)
        .map_err(|source| RemoteError::Folder { folder: folder.to_owned(), source })?;
    let files = LocalFileSystem::new_with_prefix(folder)
        .map_err(|source| RemoteError::Client { url: config.url.clone(), source })?
        // Rows that are in the lake may be pruned from the store.
        .with_fsync(true);
    Ok(Remote::plain(Arc::new(files)))
}

fn s3(config: &LakeConfig, bucket: &str) -> object_store::Result<object_store::aws::AmazonS3> {
    // Create-only puts are If-None-Match, the builder's default.
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retries());
    let mut options = ClientOptions::new();
    if let Some(endpoint) = &config.endpoint {
        options = options.with_allow_http(endpoint.starts_with("http://"));
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &config.region {
        builder = builder.with_region(region);
    }
    if let (Some(id), Some(secret)) = (&config.access_key_id, &config.secret_access_key) {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret.reveal());
    }
    if let Some(how) = &config.encryption {
        builder = builder.with_config("aws_server_side_encryption".parse()?, how);
    }
    if let Some(id) = &config.encryption_key_id {
        builder = builder.with_config("aws_sse_kms_key_id".parse()?, id);
    }
    builder.with_client_options(options).with_http_connector(Ring).build()
}

fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: RETRIES,
        retry_timeout: RETRY_TIMEOUT,
    }
}
