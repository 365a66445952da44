//! The end of a job: everything of it goes.

use std::{sync::Arc, time::Duration};

use super::{build, engine::EngineError, job::Open, leftovers::Inventory, names, sandbox::Pool, workspace};

/// How often a removal that failed is tried again.
const ROUNDS: u32 = 4;
/// How long calls that were under way may take to end.
const UNDER_WAY: Duration = Duration::from_secs(60);

/// Removes everything of a job: see [`Executor::close`](crate::executor::Executor::close).
pub(super) async fn close(job: &Arc<Open>, pool: &Pool) {
    job.closed.cancel();
    job.tasks.close();
    if tokio::time::timeout(UNDER_WAY, job.tasks.wait()).await.is_err() {
        tracing::warn!(claim = %job.claim, "calls to the engine are still under way as the job is removed");
    }
    for round in 1..=ROUNDS {
        match remove(job).await {
            Ok(()) => break,
            Err(error) if round == ROUNDS => {
                tracing::warn!(claim = %job.claim, %error, "can't remove all of a job; the next sweep will");
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(250) * round).await,
        }
    }
    pool.remove(&job.sandbox).await;
    build::forget(job).await;
    if let Err(error) = workspace::clear(&job.folder()).await {
        tracing::warn!(claim = %job.claim, %error, "can't remove a job's folder; the next sweep will");
    }
    job.hold(None);
}

/// Found by label, not by memory: whatever was made is seen.
async fn remove(job: &Open) -> Result<(), EngineError> {
    let inventory = Inventory::take(&job.engine, &job.config.instance).await?;
    for found in &inventory.containers {
        if names::claim(&found.labels) == Some(job.claim) {
            job.engine.remove_container(&found.name).await?;
        }
    }
    // A workspace that stays is not among them.
    for found in &inventory.volumes {
        if names::claim(&found.labels) == Some(job.claim) {
            job.engine.remove_volume(&found.name).await?;
        }
    }
    Ok(())
}
