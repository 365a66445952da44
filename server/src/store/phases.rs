//! Table `phases`: what the time of steps goes into besides their run.

use slipway_pipelines::{
    ids::JobId,
    state::Millis,
    wire::{Phase, PhaseTime},
};
use sqlx::SqliteExecutor;

use super::{
    StoreError,
    codec::{corrupt, signed, unsigned},
    jobs::Job,
    model::StepDetail,
    row::row,
    steps,
    writer::Tx,
};

const TABLE: &str = "phases";

row! {
    struct Row {
        step: i64,
        phase: String,
        began: i64,
        ended: Option<i64>,
    }
}

/// Keeps when a phase of a step was; what was said before of the same attempt is replaced.
pub(super) async fn put(
    tx: &mut Tx<'_>,
    job: &Job,
    step: usize,
    time: PhaseTime,
    now: Millis,
) -> Result<(), StoreError> {
    let state = steps::state(&mut *tx.connection, job.id, job.attempt, step).await?;
    state.ok_or(StoreError::NoSuchStep(step))?;
    // A runner's clock may be ahead; nothing happens in the future, and nothing ends before it began.
    let began = time.began.min(now);
    sqlx::query(
        "INSERT INTO phases (job, attempt, step, phase, began, ended) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (job, attempt, step, phase) DO UPDATE SET began = excluded.began, ended = excluded.ended",
    )
    .bind(job.id.to_string())
    .bind(i64::from(job.attempt))
    .bind(signed(step))
    .bind(time.phase.as_str())
    .bind(began)
    .bind(time.ended.map(|ended| ended.min(now).max(began)))
    .execute(&mut *tx.connection)
    .await?;
    tx.effects.build(job.build);
    Ok(())
}

/// Tells the steps of an attempt their phases.
pub(super) async fn fill(
    db: impl SqliteExecutor<'_>,
    job: JobId,
    attempt: u32,
    steps: &mut [StepDetail],
) -> Result<(), StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT step, phase, began, ended FROM phases WHERE job = $1 AND attempt = $2 ORDER BY step, began",
    )
    .bind(job.to_string())
    .bind(i64::from(attempt))
    .fetch_all(db)
    .await?;
    for Row { step, phase, began, ended } in rows {
        let position: usize = unsigned(TABLE, step)?;
        let phase = Phase::parse(&phase).ok_or_else(|| corrupt(TABLE, format_args!("phase `{phase}`")))?;
        if let Some(step) = steps.iter_mut().find(|step| step.position == position) {
            step.phases.push(PhaseTime { phase, began, ended });
        }
    }
    Ok(())
}
