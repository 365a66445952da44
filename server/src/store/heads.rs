//! Table `heads`: the newest build of each branch.

use slipway_pipelines::{ids::RepositoryId, trigger::Trigger};
use sqlx::SqliteExecutor;

use super::{StoreError, codec::signed};

/// Notes that a branch has a new build. A pull request moves none: its branch is the one that it wants to change.
pub(super) async fn moved(
    db: impl SqliteExecutor<'_>,
    repository: RepositoryId,
    trigger: &Trigger,
    number: u64,
) -> Result<(), StoreError> {
    if trigger.branch().is_empty() || trigger.event().is_pull_request() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO heads (repository, branch, number) VALUES ($1, $2, $3) \
         ON CONFLICT (repository, branch) DO UPDATE SET number = excluded.number",
    )
    .bind(repository.to_string())
    .bind(trigger.branch())
    .bind(signed(number))
    .execute(db)
    .await?;
    Ok(())
}
