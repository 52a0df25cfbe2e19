//! Whether the place can be used: a small file goes there, comes back and is deleted.

use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::Remote;
use crate::cause::chain;

const WORDS: &[u8] = b"minuano-gateway check-config --online wrote this; it can be deleted\n";

/// What the place does not do.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It takes no file.
    #[error("cannot be written: {}", chain(.0))]
    Write(object_store::Error),
    /// It does not give it back.
    #[error("cannot be read: {}", chain(.0))]
    Read(object_store::Error),
    /// It gives back something else.
    #[error("gave back something else than was written")]
    Other,
    /// It keeps what is to go: only `lake compact` needs that.
    #[error("{key} cannot be deleted: {}", chain(cause))]
    Delete {
        /// What is left there.
        key: Path,
        /// Why.
        cause: object_store::Error,
    },
}

impl Remote {
    /// Tries it out.
    pub async fn try_out(&self) -> Result<(), Unusable> {
        let key = Path::from(format!("check/{:016x}", getrandom::u64().unwrap_or_default()));
        let words = Bytes::from_static(WORDS);
        let options = object_store::PutOptions { attributes: self.attributes.clone(), ..Default::default() };
        self.files.put_opts(&key, words.clone().into(), options).await.map_err(Unusable::Write)?;
        let back = self.files.get(&key).await.map_err(Unusable::Read)?;
        let same = back.bytes().await.map_err(Unusable::Read)? == words;
        self.files.delete(&key).await.map_err(|cause| Unusable::Delete { key, cause })?;
        if same { Ok(()) } else { Err(Unusable::Other) }
    }
}
