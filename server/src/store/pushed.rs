//! Table `pushed`: images that builds put into registries.

use slipway_pipelines::{ids::JobId, plan::Plan, wire::PushedImage};
use sqlx::SqliteExecutor;

use super::{
    StoreError,
    codec::{signed, unsigned},
    jobs,
    jobs::Job,
    model::PushedBy,
    writer::Tx,
};

const TABLE: &str = "pushed";

/// Keeps what a step pushed. A reference that its plan does not name is passed over: nobody vouches for what was not asked for.
pub(super) async fn put(tx: &mut Tx<'_>, job: &Job, step: usize, image: PushedImage) -> Result<(), StoreError> {
    let plan = jobs::plan(&mut *tx.connection, job.id).await?;
    if !is_asked_for(&plan, step, &image)? {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO pushed (job, attempt, step, reference, digest) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (job, attempt, step, reference) DO UPDATE SET digest = excluded.digest",
    )
    .bind(job.id.to_string())
    .bind(i64::from(job.attempt))
    .bind(signed(step))
    .bind(&image.reference)
    .bind(&image.digest)
    .execute(&mut *tx.connection)
    .await?;
    Ok(())
}

fn is_asked_for(plan: &Plan, step: usize, image: &PushedImage) -> Result<bool, StoreError> {
    let step = plan.steps.get(step).ok_or(StoreError::NoSuchStep(step))?;
    let is_digest = image
        .digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    let is_named = step.build().is_some_and(|build| build.push && build.tags.contains(&image.reference));
    Ok(is_digest && is_named)
}

/// What the steps of an attempt pushed, in their order.
pub(super) async fn of_attempt(
    db: impl SqliteExecutor<'_>,
    job: JobId,
    attempt: u32,
) -> Result<Vec<PushedBy>, StoreError> {
    let rows: Vec<(i64, String, String)> = sqlx::query_as(
        "SELECT step, reference, digest FROM pushed WHERE job = $1 AND attempt = $2 ORDER BY step, reference",
    )
    .bind(job.to_string())
    .bind(i64::from(attempt))
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(step, reference, digest)| {
            Ok(PushedBy { step: unsigned(TABLE, step)?, image: PushedImage { reference, digest } })
        })
        .collect()
}
