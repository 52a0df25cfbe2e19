//! Where files go: a folder, or a bucket by its URL.
//!
//! # Layout
//!
//! - [`Remote`]: what is done with files
//! - [`place`]: which client the configured URL takes
//! - `connect`: the HTTP client under it
//! - `probe`: whether it can be used

mod connect;
pub mod place;
mod probe;

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{Attributes, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutResult};

pub use place::RemoteError;
pub use probe::Unusable;

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

    /// Removes a file, if it is there.
    pub async fn remove(&self, key: &str) -> object_store::Result<()> {
        match self.files.delete(&Path::parse(key)?).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            removed => removed,
        }
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

#[cfg(test)]
mod tests;
