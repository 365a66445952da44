//! Table `images`: what the containers of steps were made from.

use slipway_pipelines::{ids::JobId, wire::UsedImage};
use sqlx::SqliteExecutor;

use super::{
    StoreError,
    codec::{signed, unsigned},
    jobs::Job,
    model::StepDetail,
    row::row,
    steps,
    writer::Tx,
};

const TABLE: &str = "images";

row! {
    struct Row {
        step: i64,
        reference: String,
        id: String,
        digest: Option<String>,
    }
}

/// Keeps what a step runs in; what was said before of the same attempt is replaced: the step is tried again.
pub(super) async fn put(tx: &mut Tx<'_>, job: &Job, step: usize, image: UsedImage) -> Result<(), StoreError> {
    let state = steps::state(&mut *tx.connection, job.id, job.attempt, step).await?;
    state.ok_or(StoreError::NoSuchStep(step))?;
    sqlx::query(
        "INSERT INTO images (job, attempt, step, reference, id, digest) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (job, attempt, step) DO UPDATE SET reference = excluded.reference, id = excluded.id, \
         digest = excluded.digest",
    )
    .bind(job.id.to_string())
    .bind(i64::from(job.attempt))
    .bind(signed(step))
    .bind(image.reference)
    .bind(image.id)
    .bind(image.digest)
    .execute(&mut *tx.connection)
    .await?;
    tx.effects.build(job.build);
    Ok(())
}

/// Tells the steps of an attempt what they run in.
pub(super) async fn fill(
    db: impl SqliteExecutor<'_>,
    job: JobId,
    attempt: u32,
    steps: &mut [StepDetail],
) -> Result<(), StoreError> {
    let rows: Vec<Row> =
        sqlx::query_as("SELECT step, reference, id, digest FROM images WHERE job = $1 AND attempt = $2")
            .bind(job.to_string())
            .bind(i64::from(attempt))
            .fetch_all(db)
            .await?;
    for Row { step, reference, id, digest } in rows {
        let position: usize = unsigned(TABLE, step)?;
        if let Some(step) = steps.iter_mut().find(|step| step.position == position) {
            step.image = Some(UsedImage { reference, id, digest });
        }
    }
    Ok(())
}
