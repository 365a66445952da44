//! Moves the logs of attempts that are over into the storage, and removes old ones. In the background: no runner and no
//! push waits for it.
//!
//! The order makes it safe to be killed anywhere: the object is whole, then a row says so, then the file goes. Whoever
//! reads takes the file as long as there is one. What was not finished is done again.

use std::{io, time::Duration};

use futures_util::{StreamExt, stream};
use slipway_pipelines::state::Millis;

use super::{LogAddress, Logs, Reach, files::blocking, lines};
use crate::{
    app::App,
    clock,
    storage::StorageError,
    store::{Store, StoreError},
};

/// Logs shorter than this, in bytes, are looked through when their page is asked for.
const LONG: u64 = 1 << 20;
/// Logs moved at once.
const AT_ONCE: usize = 2;
/// How soon what failed is tried again, and old logs are looked for.
const PAUSE: Duration = Duration::from_secs(60);
/// Logs removed in one transaction.
const BATCH: u32 = 200;

/// Why a log was not moved. Its file is still there.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file.
    #[error("log file: {0}")]
    File(#[from] io::Error),
    /// The storage.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a log was moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moved {
    /// The object is there.
    Put,
    /// The row, too.
    Noted,
    /// The file is gone.
    Whole,
}

/// Runs until the server stops.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = turn(&app).await {
            tracing::warn!(%error, "logs could not be moved into the storage; it is tried again");
        }
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = app.logs.over() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn turn(app: &App) -> Result<(), ArchiveError> {
    if let Some(age) = app.config.log_retention {
        let before = clock::now().saturating_sub(Millis::try_from(age.as_millis()).unwrap_or(Millis::MAX));
        remove_old(&app.logs, &app.store, before).await?;
    }
    move_finished(&app.logs, &app.store).await
}

/// Moves the logs of all attempts that are over. The first error ends it; files stay where they are then.
pub async fn move_finished(logs: &Logs, store: &Store) -> Result<(), ArchiveError> {
    for (job, attempt) in logs.attempts().await? {
        if !store.attempt_is_over(job, attempt).await? {
            continue;
        }
        // Appends that were let in while there was a lease end before their files are read.
        logs.settled(job).await;
        let steps = logs.steps(job, attempt).await?;
        let mut moves = stream::iter(steps)
            .map(|step| move_one(logs, store, LogAddress { job, attempt, step }, Moved::Whole))
            .buffer_unordered(AT_ONCE);
        while let Some(moved) = moves.next().await {
            moved?;
        }
        logs.clear(job, attempt).await?;
    }
    Ok(())
}

/// Moves a log that nobody writes any more, so far.
pub async fn move_one(logs: &Logs, store: &Store, address: LogAddress, how_far: Moved) -> Result<(), ArchiveError> {
    let path = address.file(logs.root());
    let written = {
        let path = path.clone();
        blocking(move || std::fs::metadata(path)?.modified()).await??
    };
    let Some(archive) = logs.archive() else { return Ok(()) };
    let (length, stored) = archive.put(address, path.clone()).await?;
    if how_far == Moved::Put {
        return Ok(());
    }
    let trouble = trouble(logs, address).await?;
    store.log_archived(address, (length, stored), millis(written), trouble).await?;
    if how_far == Moved::Noted {
        return Ok(());
    }
    Ok(blocking(move || {
        // The index last: a log without it would be moved again without its times.
        std::fs::remove_file(&path)?;
        lines::remove(&path)
    })
    .await??)
}

/// The line that says what went wrong, of a log that is too long to be looked through while somebody waits for its page.
async fn trouble(logs: &Logs, address: LogAddress) -> io::Result<Option<Option<u64>>> {
    let index = logs.lines(address).await?;
    if index.length() < LONG {
        return Ok(None);
    }
    let _turn = logs.searching().await;
    logs.went_wrong(address, &index, Reach::Whole).await.map(Some)
}

/// Removes logs from the storage whose last byte was written before a time.
pub async fn remove_old(logs: &Logs, store: &Store, before: Millis) -> Result<(), ArchiveError> {
    let Some(archive) = logs.archive() else { return Ok(()) };
    loop {
        let old = store.logs_before(before, BATCH).await?;
        if old.is_empty() {
            return Ok(());
        }
        for address in &old {
            archive.remove(*address).await?;
        }
        tracing::info!(count = old.len(), "removed {} logs after their time", old.len());
        store.logs_removed(old).await?;
    }
}

fn millis(time: std::time::SystemTime) -> Millis {
    let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
