//! Where files go: a folder, or a bucket by its URL.
//!
//! Credentials that the configuration does not give come from the environment, as the vendor's own tools
//! name it (`AWS_ACCESS_KEY_ID`, web identity, container and instance roles; `GOOGLE_APPLICATION_CREDENTIALS`;
//! `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY`). Profiles in `~/.aws` are not read.

mod probe;

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    Attribute, Attributes, BackoffConfig, ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions, PutResult, RetryConfig,
};

pub use self::probe::Unusable;
use crate::config::LakeConfig;

/// A server that does not answer to a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// One request, the upload of the largest batch over a slow line included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
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

/// What became of a create-only upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The file is there, durably.
    New,
    /// A file was there already, and still is.
    Existed,
}

/// The configured place, below its prefix.
#[derive(Clone, Debug)]
pub struct Remote {
    files: Arc<dyn ObjectStore>,
    /// What each file is put with.
    attributes: Attributes,
    /// Some S3 servers (Garage 2.5) ignore `If-None-Match` and overwrite: there a look goes before.
    looks_first: bool,
    #[cfg(test)]
    overwrites: bool,
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
                    .with_client_options(options())
                    .with_retry(retries())
                    .build()
                    .map_err(client)?,
            ),
            "az" => Arc::new(
                MicrosoftAzureBuilder::from_env()
                    .with_container_name(bucket)
                    .with_client_options(options())
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

    fn plain(files: Arc<dyn ObjectStore>) -> Self {
        Self {
            files,
            attributes: Attributes::default(),
            looks_first: false,
            #[cfg(test)]
            overwrites: false,
        }
    }

    /// Puts a file where none is: exactly one of all who try at once wins. A server that ignores
    /// create-only puts keeps what was there before, and the last of those who try at the same moment.
    pub async fn create(&self, key: &str, bytes: Bytes) -> object_store::Result<Created> {
        if self.looks_first && self.is_there(key).await? {
            return Ok(Created::Existed);
        }
        match self.put(key, bytes, PutMode::Create).await {
            Ok(_) => Ok(Created::New),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Created::Existed),
            Err(error) => Err(error),
        }
    }

    /// A whole file.
    pub async fn fetch(&self, key: &str) -> object_store::Result<Bytes> {
        self.files.get(&Path::parse(key)?).await?.bytes().await
    }

    /// A whole file, if it is there.
    pub async fn find(&self, key: &str) -> object_store::Result<Option<Bytes>> {
        match self.fetch(key).await {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            fetched => fetched.map(Some),
        }
    }

    /// Puts a file in the place of one that is known to be wrong.
    pub async fn replace(&self, key: &str, bytes: Bytes) -> object_store::Result<()> {
        self.put(key, bytes, PutMode::Overwrite).await.map(|_| ())
    }

    async fn is_there(&self, key: &str) -> object_store::Result<bool> {
        match self.files.head(&Path::parse(key)?).await {
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            answer => answer.map(|_| true),
        }
    }

    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> object_store::Result<PutResult> {
        #[cfg(test)]
        let mode = if self.overwrites { PutMode::Overwrite } else { mode };
        let options = PutOptions { mode, attributes: self.attributes.clone(), ..PutOptions::default() };
        self.files.put_opts(&Path::parse(key)?, bytes.into(), options).await
    }

    /// All files in a folder and its folders.
    pub fn list(&self, folder: &str) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.files.list(Some(&Path::from(folder)))
    }

    /// A lake that lives as long as its test.
    #[cfg(test)]
    pub fn of(files: Arc<dyn ObjectStore>) -> Self {
        Self::plain(files)
    }

    /// As [`Remote::of`], as a server is that ignores create-only puts.
    #[cfg(test)]
    pub fn that_overwrites(files: Arc<dyn ObjectStore>) -> Self {
        Self { looks_first: true, overwrites: true, ..Self::plain(files) }
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
    let mut options = options();
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
    builder.with_client_options(options).build()
}

fn options() -> ClientOptions {
    ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT).with_timeout(REQUEST_TIMEOUT)
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn config(url: &str) -> LakeConfig {
        LakeConfig { url: url.to_owned(), ..LakeConfig::default() }
    }

    #[tokio::test]
    async fn a_folder_is_made_and_a_file_is_created_once() {
        let folder = tempfile::tempdir().unwrap();
        let remote = Remote::open(&config(&format!("file://{}/a/lake", folder.path().display()))).unwrap();
        let first = remote.create("readings/x.parquet", Bytes::from_static(b"one")).await.unwrap();
        let second = remote.create("readings/x.parquet", Bytes::from_static(b"two")).await.unwrap();
        assert_eq!((first, second), (Created::New, Created::Existed));
        assert_eq!(std::fs::read(folder.path().join("a/lake/readings/x.parquet")).unwrap(), b"one");
    }

    #[test]
    fn a_place_that_cannot_be_is_named() {
        for (url, what) in [
            ("file://lake", "takes an absolute path"),
            ("s3://", "names no bucket"),
            ("ftp://host/x", "takes file://"),
            ("file:///proc/version/lake", "takes a folder that can be written"),
        ] {
            let said = Remote::open(&config(url)).unwrap_err().to_string();
            assert!(said.contains(what), "{said}");
        }
    }

    #[tokio::test]
    async fn storage_class_and_encryption_go_with_each_file() {
        use std::io::{Read, Write};

        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", server.local_addr().unwrap());
        let heard = std::thread::spawn(move || {
            let (mut connection, _) = server.accept().unwrap();
            let (mut request, mut part) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"rows") {
                let length = connection.read(&mut part).unwrap();
                request.extend_from_slice(&part[..length]);
                if request.starts_with(b"HEAD ") && request.ends_with(b"\r\n\r\n") {
                    connection.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").unwrap();
                    request.clear();
                }
            }
            connection.write_all(b"HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: 0\r\n\r\n").unwrap();
            String::from_utf8(request).unwrap().to_lowercase()
        });
        let remote = Remote::open(&LakeConfig {
            url: "s3://weather/home".to_owned(),
            endpoint: Some(endpoint),
            region: Some("garage".to_owned()),
            access_key_id: Some("id".to_owned()),
            secret_access_key: serde_json::from_str("\"secret\"").ok(),
            storage_class: Some("STANDARD_IA".to_owned()),
            encryption: Some("aws:kms".to_owned()),
            encryption_key_id: Some("our-key".to_owned()),
            ..LakeConfig::default()
        })
        .unwrap();
        let created = remote.create("readings/x.parquet", Bytes::from_static(b"rows")).await.unwrap();
        assert_eq!(created, Created::New);
        let request = heard.join().unwrap();
        for line in [
            "put /weather/home/readings/x.parquet ",
            "if-none-match: *",
            "x-amz-storage-class: standard_ia",
            "x-amz-server-side-encryption: aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id: our-key",
        ] {
            assert!(request.contains(line), "{line} in {request}");
        }
    }

    #[tokio::test]
    async fn a_dead_server_fails_in_seconds() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let remote = Remote::open(&LakeConfig {
            url: "s3://weather/home".to_owned(),
            endpoint: Some(format!("http://{closed}")),
            region: Some("garage".to_owned()),
            access_key_id: Some("id".to_owned()),
            secret_access_key: serde_json::from_str("\"secret\"").ok(),
            ..LakeConfig::default()
        })
        .unwrap();
        let begun = Instant::now();
        remote.create("readings/x.parquet", Bytes::new()).await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    }
}
