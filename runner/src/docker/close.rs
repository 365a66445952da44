//! The end of a job: everything of it goes, or all but its workspace.

use std::{sync::Arc, time::Duration};

use slipway_pipelines::lease::Claim;

use super::{build, engine::EngineError, job::Open, leftovers::Inventory, names, sandbox::Pool, workspace};

/// How often a removal that failed is tried again.
const ROUNDS: u32 = 4;
/// How long calls that were under way may take to end.
const UNDER_WAY: Duration = Duration::from_secs(60);

/// Removes everything of a job: see [`Executor::close`](crate::executor::Executor::close).
pub(super) async fn close(job: &Arc<Open>, pool: &Pool) {
    end(job).await;
    remove_shared(job).await;
    pool.remove(&job.sandbox).await;
    build::leave_cache(job).await;
    forget(job).await;
}

/// Removes a job but for its workspace: see [`Executor::keep`](crate::executor::Executor::keep).
pub(super) async fn keep(job: &Arc<Open>, pool: &Pool) {
    end(job).await;
    let anchor = [job.claim];
    if job.claim != job.workspace {
        removed(job.claim, || remove_volumes(job, &anchor)).await;
    }
    pool.remove(&job.sandbox).await;
    build::leave_cache(job).await;
}

/// Removes the workspace of a job, and what else was left of it.
pub(super) async fn discard(job: &Open) {
    remove_shared(job).await;
    forget(job).await;
}

/// Ends all that runs of a job.
async fn end(job: &Open) {
    job.closed.cancel();
    job.tasks.close();
    if tokio::time::timeout(UNDER_WAY, job.tasks.wait()).await.is_err() {
        tracing::warn!(claim = %job.claim, "calls to the engine are still under way as the job is removed");
    }
    removed(job.claim, || remove_containers(job)).await;
}

/// Removes the volumes that its steps share.
async fn remove_shared(job: &Open) {
    let all = [job.claim, job.workspace];
    removed(job.claim, || remove_volumes(job, &all)).await;
}

/// Removes what is no object with a label: names of images, the folder, the hold on a cached tree.
async fn forget(job: &Open) {
    build::forget(job).await;
    if let Err(error) = workspace::clear(&job.folder()).await {
        tracing::warn!(claim = %job.claim, %error, "can't remove a job's folder; the next sweep will");
    }
    job.hold(None);
}

/// Tries a removal until it works, some times.
async fn removed<F: Future<Output = Result<(), EngineError>>>(claim: Claim, remove: impl Fn() -> F) {
    for round in 1..=ROUNDS {
        match remove().await {
            Ok(()) => break,
            Err(error) if round == ROUNDS => {
                tracing::warn!(%claim, %error, "can't remove all of a job; the next sweep will");
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(250) * round).await,
        }
    }
}

/// Found by label, not by memory: whatever was made is seen.
async fn remove_containers(job: &Open) -> Result<(), EngineError> {
    for found in Inventory::take(&job.engine, &job.config.instance).await?.containers {
        if names::claim(&found.labels) == Some(job.claim) {
            job.engine.remove_container(&found.name).await?;
        }
    }
    Ok(())
}

/// A workspace that the user wants to keep is not among them.
async fn remove_volumes(job: &Open, claims: &[Claim]) -> Result<(), EngineError> {
    for found in Inventory::take(&job.engine, &job.config.instance).await?.volumes {
        if names::claim(&found.labels).is_some_and(|claim| claims.contains(&claim)) {
            job.engine.remove_volume(&found.name).await?;
        }
    }
    Ok(())
}
