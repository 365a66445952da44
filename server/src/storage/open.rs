//! Opening a storage.

use std::{error::Error, fs::DirBuilder, io, os::unix::fs::DirBuilderExt, path::Path, sync::Arc, time::Duration};

use futures_util::TryStreamExt;
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem,
    prefix::PrefixStore,
};

use super::{Location, Storage, StorageError, crypto::Hashes, leftovers};

/// How long a bucket may say nothing in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a request that failed is tried again.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a storage was not opened.
#[derive(Debug, thiserror::Error)]
pub enum StorageOpenError {
    /// The folder cannot be made or used.
    #[error("the storage `{folder}` cannot be used: {cause}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        cause: io::Error,
    },
    /// The bucket's settings make no sense together.
    #[error("the storage `{location}` cannot be used: {cause}")]
    Bucket {
        /// Which, without credentials.
        location: String,
        /// Why.
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl Storage {
    /// Opens a storage; a folder is made if it is missing. Credentials of a bucket are taken from the environment.
    pub fn open(location: Location) -> Result<Self, StorageOpenError> {
        Self::open_as(location, AmazonS3Builder::from_env())
    }

    #[cfg(test)]
    pub(super) fn open_with_keys(location: Location, id: &str, secret: &str) -> Result<Self, StorageOpenError> {
        let account = AmazonS3Builder::new().with_access_key_id(id).with_secret_access_key(secret);
        Self::open_as(location, account)
    }

    fn open_as(location: Location, account: AmazonS3Builder) -> Result<Self, StorageOpenError> {
        let store: Arc<dyn ObjectStore> = match &location {
            Location::Folder(path) => {
                let failed = |cause| StorageOpenError::Folder { folder: path.display().to_string(), cause };
                Arc::new(folder(path).map_err(failed)?)
            }
            Location::Bucket { bucket, prefix, endpoint, region } => {
                let failed =
                    |cause| StorageOpenError::Bucket { location: location.to_string(), cause: Box::new(cause) };
                let mut builder = settings(account).with_bucket_name(bucket);
                if let Some(endpoint) = endpoint {
                    builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
                }
                if let Some(region) = region {
                    builder = builder.with_region(region);
                }
                let bucket = builder.build().map_err(failed)?;
                Arc::new(PrefixStore::new(bucket, prefix.as_str()))
            }
        };
        Ok(Self { store, location: Arc::new(location) })
    }

    /// Asks the storage whether it lets us in.
    pub async fn check(&self) -> Result<(), StorageError> {
        self.store.list(None).try_next().await?;
        Ok(())
    }
}

fn settings(account: AmazonS3Builder) -> AmazonS3Builder {
    let client = ClientOptions::new()
        // A body may take long, but not stand still.
        .with_timeout_disabled()
        .with_read_timeout(SILENCE)
        .with_connect_timeout(Duration::from_secs(5));
    let backoff = BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() };
    account.with_client_options(client).with_crypto_provider(Arc::new(Hashes)).with_retry(RetryConfig {
        backoff,
        max_retries: 5,
        retry_timeout: PATIENCE,
    })
}

fn folder(path: &Path) -> io::Result<LocalFileSystem> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let path = std::fs::canonicalize(path)?;
    let start = std::time::SystemTime::now();
    let store = LocalFileSystem::new_with_prefix(&path).map_err(io::Error::other)?;
    std::thread::spawn(move || match leftovers::remove(&path, start) {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "removed {count} objects that were half written"),
        Err(error) => tracing::warn!(%error, "the storage could not be searched for half written objects"),
    });
    Ok(store.with_fsync(true).with_automatic_cleanup(true))
}
