//! Table `usage`: what steps take of the machine.

use slipway_pipelines::{ids::JobId, wire::Usage};
use sqlx::SqliteExecutor;

use super::{
    Store, StoreError,
    codec::{from_json, signed, to_json},
    jobs::Job,
    steps,
    writer::Tx,
};
use crate::logs::LogAddress;

const TABLE: &str = "usage";

/// Keeps what a step took. What was said before of the same time is replaced.
pub(super) async fn put(tx: &mut Tx<'_>, job: &Job, step: usize, usage: Usage) -> Result<(), StoreError> {
    let state = steps::state(&mut *tx.connection, job.id, job.attempt, step).await?;
    state.ok_or(StoreError::NoSuchStep(step))?;
    let of = LogAddress { job: job.id, attempt: job.attempt, step };
    let mut known = find(&mut *tx.connection, of).await?.unwrap_or_default();
    known.extend(usage);
    sqlx::query(
        "INSERT INTO usage (job, attempt, step, points) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (job, attempt, step) DO UPDATE SET points = excluded.points",
    )
    .bind(of.job.to_string())
    .bind(i64::from(of.attempt))
    .bind(signed(of.step))
    .bind(to_json(TABLE, &known)?)
    .execute(&mut *tx.connection)
    .await?;
    tx.effects.build(job.build);
    Ok(())
}

/// Forgets that of an attempt that starts from the beginning.
pub(super) async fn forget(db: impl SqliteExecutor<'_>, job: JobId, attempt: u32) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM usage WHERE job = $1 AND attempt = $2")
        .bind(job.to_string())
        .bind(i64::from(attempt))
        .execute(db)
        .await?;
    Ok(())
}

impl Store {
    /// What a step took, if its runner told.
    pub async fn usage(&self, of: LogAddress) -> Result<Option<Usage>, StoreError> {
        find(&self.readers, of).await
    }
}

async fn find(db: impl SqliteExecutor<'_>, of: LogAddress) -> Result<Option<Usage>, StoreError> {
    let points: Option<String> =
        sqlx::query_scalar("SELECT points FROM usage WHERE job = $1 AND attempt = $2 AND step = $3")
            .bind(of.job.to_string())
            .bind(i64::from(of.attempt))
            .bind(signed(of.step))
            .fetch_optional(db)
            .await?;
    points.map(|points| from_json(TABLE, &points)).transpose()
}
