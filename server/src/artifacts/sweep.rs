//! What goes by itself: artifacts that are over their time, and bytes that no row names.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use futures_util::TryStreamExt;
use slipway_pipelines::ids::BuildId;
use uuid::Uuid;

use super::{bytes, bytes::PREFIX};
use crate::{app::App, clock, storage::StorageError, store::StoreError};

/// How often it is looked for those that are over their time.
const OFTEN: Duration = Duration::from_secs(60);
/// The same for bytes without a row, in turns of the above: once a day.
const TURNS: u32 = 24 * 60;
/// Most artifacts that go in one transaction.
const AT_ONCE: u32 = 500;
/// Bytes that are younger than this may still get their row.
const YOUNG: Duration = Duration::from_secs(2 * 3600);

#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Runs until the server stops.
pub(crate) async fn sweep(app: App) {
    let mut turn = 0;
    loop {
        let swept = async {
            expire(&app).await?;
            if turn % TURNS == 0 { orphans(&app, SystemTime::now() - YOUNG).await } else { Ok(()) }
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "artifacts could not be swept");
        }
        turn += 1;
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(OFTEN) => {}
        }
    }
}

/// Removes what is over its time.
async fn expire(app: &App) -> Result<(), SweepError> {
    loop {
        let gone = app.store.expire_artifacts(clock::now(), AT_ONCE).await?;
        if gone.is_empty() {
            return Ok(());
        }
        tracing::info!(count = gone.len(), "artifacts are over their time");
        bytes::remove(app, gone).await;
    }
}

/// Removes bytes of before a moment that no row names: the server died between the two, or could not remove them then.
async fn orphans(app: &App, before: SystemTime) -> Result<(), SweepError> {
    let mut builds: HashMap<BuildId, Vec<Uuid>> = HashMap::new();
    let mut entries = app.storage.list(PREFIX)?;
    while let Some(entry) = entries.try_next().await? {
        let named = entry.key.strip_prefix(PREFIX).and_then(|rest| rest.trim_start_matches('/').split_once('/'));
        if let Some((build, id)) = named
            && entry.modified < before
            && let (Ok(build), Ok(id)) = (build.parse(), id.parse())
        {
            builds.entry(build).or_default().push(id);
        }
    }
    for (build, ids) in builds {
        let known = app.store.artifact_ids(build).await?;
        let gone: Vec<_> = ids.into_iter().filter(|id| !known.contains(id)).map(|id| (build, id)).collect();
        if !gone.is_empty() {
            tracing::warn!(count = gone.len(), build.id = %build, "bytes of artifacts that nobody knows are removed");
            bytes::remove(app, gone).await;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Server;

    #[tokio::test]
    async fn bytes_that_no_row_names_are_removed_when_they_are_old_enough() {
        let server = Server::start().await;
        let app = server.app();
        let key = bytes::key(BuildId(Uuid::now_v7()), Uuid::now_v7());
        app.storage.put_bytes(&key, "left".into()).await.unwrap();
        app.storage.put_bytes("caches/x", "not ours".into()).await.unwrap();
        orphans(app, SystemTime::now() - YOUNG).await.unwrap();
        assert_eq!(app.storage.size(&key).await.unwrap(), Some(4), "its row may still come");
        orphans(app, SystemTime::now() + YOUNG).await.unwrap();
        assert_eq!(app.storage.size(&key).await.unwrap(), None);
        assert_eq!(app.storage.size("caches/x").await.unwrap(), Some(8));
    }
}
