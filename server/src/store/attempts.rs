//! Table `attempts`: how earlier attempts of a job ended.

use slipway_pipelines::{ids::JobId, state::JobState};
use sqlx::SqliteExecutor;

use super::{StoreError, codec::from_json};

/// Keeps the current attempt of a job, before it is replaced.
pub(super) async fn keep(db: impl SqliteExecutor<'_>, job: JobId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO attempts (job, attempt, state, runner) SELECT id, attempt, state, runner FROM jobs WHERE id = $1",
    )
    .bind(job.to_string())
    .execute(db)
    .await?;
    Ok(())
}

/// How an earlier attempt ended, and the name of the runner that had it.
pub(super) async fn find(
    db: impl SqliteExecutor<'_>,
    job: JobId,
    attempt: u32,
) -> Result<Option<(JobState, Option<String>)>, StoreError> {
    let row: Option<(String, Option<String>)> = sqlx::query_as(
        "SELECT attempts.state, runners.name FROM attempts LEFT JOIN runners ON runners.id = attempts.runner \
         WHERE attempts.job = $1 AND attempts.attempt = $2",
    )
    .bind(job.to_string())
    .bind(i64::from(attempt))
    .fetch_optional(db)
    .await?;
    row.map(|(state, runner)| Ok((from_json("attempts", &state)?, runner))).transpose()
}
