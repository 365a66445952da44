//! Bytes that no entry has: left by a server that was killed between the two.

use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use uuid::Uuid;

use super::bytes::PREFIX;
use crate::app::App;

/// How often.
const PAUSE: Duration = Duration::from_secs(3600);
/// Younger ones may be on their way into a row.
const YOUNG: Duration = Duration::from_secs(24 * 3600);

/// Looks at the start and from time to time, until the server stops.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = turn(&app, SystemTime::now() - YOUNG).await {
            tracing::warn!(%error, "cannot look for bytes of caches that nothing needs");
        }
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Removes what is older and has no row.
pub(crate) async fn turn(app: &App, older_than: SystemTime) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut entries = app.storage.list(PREFIX)?;
    while let Some(entry) = entries.try_next().await? {
        let id = entry.key.rsplit('/').next().and_then(|name| name.parse::<Uuid>().ok());
        let is_left = match id {
            Some(id) => !app.store.has_cache(id).await?,
            None => true,
        };
        if is_left && entry.modified < older_than {
            tracing::info!(key = entry.key, "removing bytes that no cache entry has");
            app.storage.delete(&entry.key).await?;
        }
    }
    Ok(())
}
