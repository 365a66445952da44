//! The bytes of artifacts, in the storage.

use std::error::Error;

use bytes::Bytes;
use futures_util::Stream;
use sha2::{Digest, Sha256};
use slipway_pipelines::{ids::BuildId, lease::Claim, wire::KeptFile};
use uuid::Uuid;

use crate::{
    app::App,
    clock,
    storage::{Expected, StorageError},
    store::{
        ArtifactGround, StoreError,
        model::{ArtifactLimits, Gone, NewArtifact},
    },
};

/// Below this all objects are.
pub(super) const PREFIX: &str = "artifacts";
/// Most files of one build.
pub(crate) const MOST_FILES: u64 = 50_000;

/// Where the bytes of an artifact are.
pub(super) fn key(build: BuildId, id: Uuid) -> String {
    format!("{PREFIX}/{build}/{id}")
}

/// Why a file was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The build has too much.
    #[error("the build keeps more than the server takes of one build")]
    TooMuch,
}

/// Keeps a file; one of its path is replaced. What goes for it, or half-way, leaves nothing behind.
pub(crate) async fn keep<E>(
    app: &App,
    claim: Claim,
    step: usize,
    ground: &ArtifactGround,
    file: KeptFile,
    size: u64,
    body: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<(), KeepError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let id = Uuid::now_v7();
    let sha256 = if file.link.is_some() {
        hex::encode(Sha256::digest([]))
    } else {
        let expected = Expected { most: Some(app.config.artifact_limit), size: Some(size), sha256: None };
        app.storage.put(&key(ground.build, id), body, expected).await?.sha256_hex()
    };
    let seconds = ground.files.artifacts.as_ref().and_then(|artifacts| artifacts.expire_seconds);
    let seconds = seconds.unwrap_or(app.config.artifact_retention.as_secs());
    let lasts = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
    let KeptFile { path, executable, link, .. } = file;
    let expires = clock::now().saturating_add(lasts);
    let size = if link.is_some() { 0 } else { size };
    let new = NewArtifact { id, step, path, size, sha256, executable, link, expires };
    match app.store.put_artifact(claim, new, limits(app)).await {
        Ok((kept, gone)) => {
            remove(app, gone).await;
            if kept { Ok(()) } else { Err(KeepError::TooMuch) }
        }
        Err(error) => {
            remove(app, vec![(ground.build, id)]).await;
            Err(error.into())
        }
    }
}

/// What a build may keep.
pub(crate) fn limits(app: &App) -> ArtifactLimits {
    ArtifactLimits { build_bytes: app.config.artifact_build_limit, build_files: MOST_FILES }
}

/// Removes bytes that no row needs any more. What cannot be removed now is found by the sweep.
pub(crate) async fn remove(app: &App, gone: Vec<Gone>) {
    for (build, id) in gone {
        if let Err(error) = app.storage.delete(&key(build, id)).await {
            tracing::warn!(%error, artifact.id = %id, "the bytes of an artifact cannot be removed now; a sweep will");
        }
    }
}
