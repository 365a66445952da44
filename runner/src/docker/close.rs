//! The end of a job: everything of it goes, or all but its workspace.

use std::{sync::Arc, time::Duration};

use slipway_pipelines::lease::Claim;

use super::{
    build,
    engine::{Engine, EngineError},
    executor::Config,
    job::Open,
    leftovers::Inventory,
    names,
    sandbox::Pool,
    workspace,
};
use crate::checkout::Tree;

/// How often a removal that failed is tried again.
const ROUNDS: u32 = 4;
/// How long calls that were under way may take to end.
const UNDER_WAY: Duration = Duration::from_secs(60);

/// Removes everything of a job: see [`Executor::close`](crate::executor::Executor::close).
pub(super) async fn close(job: &Arc<Open>, pool: &Pool) {
    end(job, pool, &[job.claim, job.workspace]).await;
    remove_folder(&job.config, job.workspace).await;
    job.hold(None);
}

/// Removes a job but for its workspace, whose tree it gives: see [`Executor::keep`](crate::executor::Executor::keep).
pub(super) async fn keep(job: &Arc<Open>, pool: &Pool) -> Option<Tree> {
    end(job, pool, &[]).await;
    job.hold(None)
}

/// Removes a workspace that was kept.
pub(super) async fn discard(engine: &Engine, config: &Config, workspace: Claim) {
    let volumes = [workspace];
    removed(workspace, || remove_volumes(engine, config, &volumes)).await;
    remove_folder(config, workspace).await;
}

/// Removes all of a job but the workspace's folder, with the volumes of these claims.
async fn end(job: &Arc<Open>, pool: &Pool, volumes: &[Claim]) {
    job.closed.cancel();
    job.tasks.close();
    if tokio::time::timeout(UNDER_WAY, job.tasks.wait()).await.is_err() {
        tracing::warn!(claim = %job.claim, "calls to the engine are still under way as the job is removed");
    }
    removed(job.claim, || async {
        remove_containers(job).await?;
        remove_volumes(&job.engine, &job.config, volumes).await
    })
    .await;
    pool.remove(&job.sandbox).await;
    build::forget(job).await;
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
async fn remove_volumes(engine: &Engine, config: &Config, claims: &[Claim]) -> Result<(), EngineError> {
    if claims.is_empty() {
        return Ok(());
    }
    for found in Inventory::take(engine, &config.instance).await?.volumes {
        if names::claim(&found.labels).is_some_and(|claim| claims.contains(&claim)) {
            engine.remove_volume(&found.name).await?;
        }
    }
    Ok(())
}

async fn remove_folder(config: &Config, workspace: Claim) {
    if let Err(error) = workspace::clear(&Open::folder_of(config, workspace)).await {
        tracing::warn!(claim = %workspace, %error, "can't remove a job's folder; the next sweep will");
    }
}
