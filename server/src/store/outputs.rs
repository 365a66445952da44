//! Table `outputs`: what steps handed to later steps and jobs.

use std::collections::BTreeMap;

use slipway_pipelines::{ids::JobId, plan::Environment};
use sqlx::SqliteExecutor;

use super::{
    StoreError,
    codec::{from_json, signed, to_json, unsigned},
    jobs,
    jobs::Job,
    writer::Tx,
};

const TABLE: &str = "outputs";

/// Keeps what a step gave; what it gave before in the same attempt is replaced. Names that it does not declare are
/// passed over: the runner has said so in the log.
pub(super) async fn put(tx: &mut Tx<'_>, job: &Job, step: usize, mut values: Environment) -> Result<(), StoreError> {
    let plan = jobs::plan(&mut *tx.connection, job.id).await?;
    let declared = &plan.steps.get(step).ok_or(StoreError::NoSuchStep(step))?.outputs;
    values.retain(|name, _| declared.contains(name));
    sqlx::query(
        "INSERT INTO outputs (job, attempt, step, content) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (job, attempt, step) DO UPDATE SET content = excluded.content",
    )
    .bind(job.id.to_string())
    .bind(i64::from(job.attempt))
    .bind(signed(step))
    .bind(to_json(TABLE, &values)?)
    .execute(&mut *tx.connection)
    .await?;
    Ok(())
}

/// What the steps of an attempt gave, by position.
pub(super) async fn of_attempt(
    db: impl SqliteExecutor<'_>,
    job: JobId,
    attempt: u32,
) -> Result<BTreeMap<usize, Environment>, StoreError> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT step, content FROM outputs WHERE job = $1 AND attempt = $2 ORDER BY step")
            .bind(job.to_string())
            .bind(i64::from(attempt))
            .fetch_all(db)
            .await?;
    rows.into_iter().map(|(step, content)| Ok((unsigned(TABLE, step)?, from_json(TABLE, &content)?))).collect()
}

/// What the last attempts of the jobs gave that a job needs, directly or not. Of two with one name, the later job's and
/// there the later step's.
pub(super) async fn of_needed(tx: &mut Tx<'_>, job: &Job) -> Result<Environment, StoreError> {
    let mut inputs = Environment::new();
    if job.needs.is_empty() {
        return Ok(inputs);
    }
    let all = jobs::of_build(&mut *tx.connection, job.build).await?;
    for position in needed(&all, job.position) {
        let Some(upstream) = all.get(position) else { continue };
        for values in of_attempt(&mut *tx.connection, upstream.id, upstream.attempt).await?.into_values() {
            inputs.extend(values);
        }
    }
    Ok(inputs)
}

/// Positions of all that a job needs, directly or not, in order. Pure.
pub(super) fn needed(jobs: &[Job], position: usize) -> std::collections::BTreeSet<usize> {
    let mut found = std::collections::BTreeSet::new();
    let mut open = vec![position];
    while let Some(current) = open.pop() {
        for &need in jobs.get(current).map_or(&[][..], |job| &job.needs) {
            if found.insert(need) {
                open.push(need);
            }
        }
    }
    found
}
