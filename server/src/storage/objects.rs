//! The objects of a storage.

use std::{sync::Arc, time::SystemTime};

use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{Error, ObjectStore, ObjectStoreExt, path::Path};

use super::{Location, StorageError};

/// A storage. Cheap to clone.
///
/// A key is a path of names such as `logs/JOB/1/0.log.zst`. Names that come from outside (a file's, a user's) do not
/// belong into keys: they are longer than file systems take, and not every storage takes their characters.
#[derive(Clone, Debug)]
pub struct Storage {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) location: Arc<Location>,
}

/// An object as a list shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Length in bytes.
    pub size: u64,
    /// When it was put.
    pub modified: SystemTime,
}

impl Storage {
    /// Where it is, for people.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Length in bytes of an object; `None` if there is none.
    pub async fn size(&self, key: &str) -> Result<Option<u64>, StorageError> {
        match self.store.head(&path(key)?).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes an object, if there is one.
    pub async fn delete(&self, key: &str) -> Result<(), StorageError> {
        match self.store.delete(&path(key)?).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// All objects below a prefix of whole names: `logs/JOB` has `logs/JOB/1`, not `logs/JOB2`. In no order.
    pub fn list(&self, prefix: &str) -> Result<BoxStream<'static, Result<Entry, StorageError>>, StorageError> {
        let entries = self.store.list(Some(&path(prefix)?));
        Ok(entries
            .map_ok(|meta| Entry { key: meta.location.into(), size: meta.size, modified: meta.last_modified.into() })
            .map_err(StorageError::from)
            .boxed())
    }

    /// Removes all objects below a prefix of whole names.
    pub async fn delete_all(&self, prefix: &str) -> Result<(), StorageError> {
        let mut entries = self.list(prefix)?;
        while let Some(entry) = entries.try_next().await? {
            self.delete(&entry.key).await?;
        }
        Ok(())
    }
}

/// A key as the library wants it.
pub(super) fn path(key: &str) -> Result<Path, StorageError> {
    let wrong = || StorageError::Key(key.to_owned());
    // A file that is being written has this in its name.
    if key.is_empty() || key.contains('#') || key.starts_with('/') || key.ends_with('/') {
        return Err(wrong());
    }
    Path::parse(key).map_err(|_| wrong())
}
