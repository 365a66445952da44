//! Table `attempts`: how earlier attempts of a job ended.

use slipway_pipelines::{
    ids::{JobId, RunnerId},
    lease::Claim,
    state::{JobState, Millis},
};
use sqlx::SqliteExecutor;

use super::{
    StoreError,
    codec::{from_json, parse, signed},
    jobs,
    jobs::Job,
    standing::{self, Standing},
    steps,
    writer::Tx,
};

/// Starts a job's next attempt in a state: from its checkout, or with what stands of the one before. Its build is settled by the caller.
pub(super) async fn next(
    tx: &mut Tx<'_>,
    job: &mut Job,
    state: JobState,
    tries: u32,
    standing: Option<Standing>,
) -> Result<(), StoreError> {
    keep(&mut *tx.connection, job.id).await?;
    steps::repeat(&mut *tx.connection, job.id, job.attempt).await?;
    if let Some(standing) = &standing {
        standing::take_over(tx, job.id, job.attempt, standing).await?;
    }
    job.attempt += 1;
    job.state = state;
    job.tries = tries;
    job.goes_on = standing.map(|standing| standing.goes_on);
    job.runner = job.goes_on.map(|goes_on| goes_on.runner);
    jobs::set_state(&mut *tx.connection, job).await?;
    tx.effects.jobs.push(job.change());
    Ok(())
}

/// Keeps the current attempt of a job, before it is replaced.
async fn keep(db: impl SqliteExecutor<'_>, job: JobId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO attempts (job, attempt, state, runner, epoch) \
         SELECT id, attempt, state, runner, epoch FROM jobs WHERE id = $1",
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

/// How an earlier attempt ended, and the runner that had it, if this was its last claim.
pub(super) async fn of_claim(
    db: impl SqliteExecutor<'_>,
    claim: Claim,
) -> Result<Option<(JobState, Option<RunnerId>)>, StoreError> {
    let row: Option<(String, Option<String>)> =
        sqlx::query_as("SELECT state, runner FROM attempts WHERE job = $1 AND attempt = $2 AND epoch = $3")
            .bind(claim.job.to_string())
            .bind(i64::from(claim.attempt))
            .bind(signed(claim.epoch))
            .fetch_optional(db)
            .await?;
    row.map(|(state, runner)| {
        let runner = runner.as_deref().map(|text| parse("attempts", text)).transpose()?;
        Ok((from_json("attempts", &state)?, runner))
    })
    .transpose()
}

/// When a step was first let go in those earlier attempts of a job that its `retry` followed.
pub(super) async fn began(db: impl SqliteExecutor<'_>, job: &Job) -> Result<Option<Millis>, StoreError> {
    let states: Vec<String> =
        sqlx::query_scalar("SELECT state FROM attempts WHERE job = $1 AND attempt >= $2 AND attempt < $3")
            .bind(job.id.to_string())
            .bind(i64::from(job.attempt) - i64::from(job.tries))
            .bind(i64::from(job.attempt))
            .fetch_all(db)
            .await?;
    let mut first = None;
    for state in states {
        if let JobState::Finished { started: Some(started), .. } = from_json("attempts", &state)? {
            first = Some(first.map_or(started, |first: Millis| first.min(started)));
        }
    }
    Ok(first)
}
