//! The bytes of entries, in the storage.

use std::error::Error;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream::BoxStream};
use sha2::{Digest, Sha256};
use slipway_pipelines::ids::RepositoryId;
use uuid::Uuid;

use crate::{
    app::App,
    storage::{Expected, StorageError},
    store::{
        StoreError,
        model::{Cached, NewCached},
    },
};

/// Below this all entries are.
pub(super) const PREFIX: &str = "caches";

/// Where an entry's bytes are.
pub(crate) fn key(repository: RepositoryId, id: Uuid) -> String {
    format!("{PREFIX}/{repository}/{id}")
}

/// Why an entry was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes an entry; one of its key that is there already stays. What goes for it, or half-way, leaves nothing behind.
pub(crate) async fn take<E>(
    app: &App,
    new: NewCached,
    body: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<(), TakeError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let (repository, id) = (new.repository, new.id);
    let mut sha256 = [0; 32];
    if hex::decode_to_slice(&new.sha256, &mut sha256).is_err() {
        return Err(StorageError::Mismatch { what: "SHA-256" }.into());
    }
    let most = super::most_of_one(app.config.cache_limit);
    let expected = Expected { most: Some(most), size: Some(new.bytes), sha256: Some(sha256) };
    app.storage.put(&key(repository, id), body, expected).await?;
    match app.store.put_cache(new, app.config.cache_limit).await {
        Ok(gone) => {
            for id in gone {
                remove(app, repository, id).await;
            }
            Ok(())
        }
        Err(error) => {
            remove(app, repository, id).await;
            Err(error.into())
        }
    }
}

/// Takes the row of an entry away, and then its bytes.
pub(crate) async fn forget(app: &App, repository: RepositoryId, id: Uuid) -> Result<(), StoreError> {
    app.store.delete_cache(repository, id).await?;
    remove(app, repository, id).await;
    Ok(())
}

async fn remove(app: &App, repository: RepositoryId, id: Uuid) {
    if let Err(error) = app.storage.delete(&key(repository, id)).await {
        tracing::warn!(%error, cache.id = %id, "the bytes of a cache entry cannot be removed now; the next sweep will");
    }
}

/// The bytes of an entry. They are compared with what is known of them on their way: one that is damaged is dropped.
pub(crate) async fn open(
    app: &App,
    repository: RepositoryId,
    cached: &Cached,
) -> Result<BoxStream<'static, Result<Bytes, StorageError>>, StorageError> {
    let entry = cached.entry.clone();
    let object = match app.storage.get(&key(repository, entry.id), None).await {
        Err(error @ StorageError::NotFound(_)) => {
            damaged(app, repository, cached).await;
            return Err(error);
        }
        object => object?,
    };
    let (app, cached) = (app.clone(), cached.clone());
    let begun = (object.bytes, Sha256::new(), 0u64);
    let checked = futures_util::stream::unfold(Some(begun), move |state| {
        let (app, cached) = (app.clone(), cached.clone());
        async move {
            let (mut bytes, mut hash, mut length) = state?;
            match bytes.next().await {
                Some(Ok(piece)) => {
                    hash.update(&piece);
                    length += piece.len() as u64;
                    Some((Ok(piece), Some((bytes, hash, length))))
                }
                Some(Err(error)) => Some((Err(error), None)),
                None => {
                    let is_whole = length == cached.entry.bytes && hex::encode(hash.finalize()) == cached.entry.sha256;
                    if !is_whole {
                        damaged(&app, repository, &cached).await;
                    }
                    None
                }
            }
        }
    });
    Ok(checked.boxed())
}

async fn damaged(app: &App, repository: RepositoryId, cached: &Cached) {
    let (id, key) = (cached.entry.id, &cached.entry.key);
    tracing::error!(cache.id = %id, key, "a cache entry is not what was saved, and is dropped");
    match forget(app, repository, id).await {
        Ok(()) | Err(StoreError::NotFound) => {}
        Err(error) => tracing::error!(%error, cache.id = %id, "a damaged cache entry cannot be dropped"),
    }
}
