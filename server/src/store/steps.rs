//! Table `steps`.

use slipway_pipelines::{
    ids::JobId,
    plan::{OnFailure, Plan, StepKind},
    state::{Millis, Reason, StepState},
};
use sqlx::SqliteExecutor;

use super::{
    StoreError,
    codec::{corrupt, from_json, signed, to_json, unsigned},
    model::StepDetail,
    row::row,
};

const TABLE: &str = "steps";

row! {
    struct Row {
        position: i64,
        name: String,
        kind: String,
        ignored: bool,
        state: String,
        log_bytes: Option<i64>,
        needs: String,
        ran_in: Option<i64>,
    }
}

impl TryFrom<Row> for StepDetail {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            position: unsigned(TABLE, row.position)?,
            name: row.name,
            kind: kind(&row.kind)?,
            ignored: row.ignored,
            state: from_json(TABLE, &row.state)?,
            log_bytes: row.log_bytes.map(|bytes| unsigned(TABLE, bytes)).transpose()?,
            image: None,
            needs: from_json(TABLE, &row.needs)?,
            phases: Vec::new(),
            ran_in: row.ran_in.map(|attempt| unsigned(TABLE, attempt)).transpose()?,
        })
    }
}

fn kind(text: &str) -> Result<StepKind, StoreError> {
    [StepKind::Clone, StepKind::Commands, StepKind::Plugin, StepKind::Service, StepKind::Build]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| corrupt(TABLE, format_args!("kind `{text}`")))
}

/// The steps of a job's first attempt.
pub(super) async fn insert(db: &mut sqlx::SqliteConnection, job: JobId, plan: &Plan) -> Result<(), StoreError> {
    let pending = to_json(TABLE, &StepState::Pending)?;
    for (position, step) in plan.steps.iter().enumerate() {
        sqlx::query(
            "INSERT INTO steps (job, attempt, position, name, kind, ignored, state, finished, needs) \
             VALUES ($1, 1, $2, $3, $4, $5, $6, FALSE, $7)",
        )
        .bind(job.to_string())
        .bind(signed(position))
        .bind(&step.name)
        .bind(step.kind().as_str())
        .bind(step.on_failure == OnFailure::Ignore)
        .bind(&pending)
        .bind(to_json(TABLE, &step.needs)?)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// The steps of the attempt after one, not started.
pub(super) async fn repeat(db: impl SqliteExecutor<'_>, job: JobId, attempt: u32) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO steps (job, attempt, position, name, kind, ignored, state, finished, needs) \
         SELECT job, attempt + 1, position, name, kind, ignored, $3, FALSE, needs FROM steps \
         WHERE job = $1 AND attempt = $2",
    )
    .bind(job.to_string())
    .bind(i64::from(attempt))
    .bind(to_json(TABLE, &StepState::Pending)?)
    .execute(db)
    .await?;
    Ok(())
}

/// The steps of an attempt, by position.
pub(super) async fn of_attempt(
    db: impl SqliteExecutor<'_>,
    job: JobId,
    attempt: u32,
) -> Result<Vec<StepDetail>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as("SELECT * FROM steps WHERE job = $1 AND attempt = $2 ORDER BY position")
        .bind(job.to_string())
        .bind(i64::from(attempt))
        .fetch_all(db)
        .await?;
    rows.into_iter().map(StepDetail::try_from).collect()
}

/// The state of a step.
pub(super) async fn state(
    db: impl SqliteExecutor<'_>,
    job: JobId,
    attempt: u32,
    step: usize,
) -> Result<Option<StepState>, StoreError> {
    let state: Option<String> =
        sqlx::query_scalar("SELECT state FROM steps WHERE job = $1 AND attempt = $2 AND position = $3")
            .bind(job.to_string())
            .bind(i64::from(attempt))
            .bind(signed(step))
            .fetch_optional(db)
            .await?;
    state.map(|text| from_json(TABLE, &text)).transpose()
}

/// How long a step took that ended well.
fn took(state: &StepState) -> Option<Millis> {
    match state {
        StepState::Finished { finish, started: Some(started), at } if finish.reason == Reason::Ok => Some(at - started),
        StepState::Finished { .. } | StepState::Pending | StepState::Running { .. } => None,
    }
}

/// Changes the state of a step; a log's length that is not given stays.
pub(super) async fn set_state(
    db: impl SqliteExecutor<'_>,
    (job, attempt, step): (JobId, u32, usize),
    state: &StepState,
    log_bytes: Option<u64>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE steps SET state = $4, finished = $5, log_bytes = COALESCE($6, log_bytes), took = $7 \
         WHERE job = $1 AND attempt = $2 AND position = $3",
    )
    .bind(job.to_string())
    .bind(i64::from(attempt))
    .bind(signed(step))
    .bind(to_json(TABLE, state)?)
    .bind(state.status().is_final())
    .bind(log_bytes.map(signed))
    .bind(took(state))
    .execute(db)
    .await?;
    Ok(())
}

/// Notes in which attempt a step ran that stands in a later one.
pub(super) async fn set_ran_in(
    db: impl SqliteExecutor<'_>,
    (job, attempt, step): (JobId, u32, usize),
    ran_in: u32,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE steps SET ran_in = $4 WHERE job = $1 AND attempt = $2 AND position = $3")
        .bind(job.to_string())
        .bind(i64::from(attempt))
        .bind(signed(step))
        .bind(i64::from(ran_in))
        .execute(db)
        .await?;
    Ok(())
}
