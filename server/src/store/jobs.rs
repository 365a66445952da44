//! Table `jobs`.

use std::collections::BTreeMap;

use slipway_pipelines::{
    compile::{CompiledJob, Concurrency},
    ids::{BuildId, JobId, RepositoryId, RunnerId},
    plan::{Plan, Retry, RunsOn},
    state::{JobState, Millis},
};
use sqlx::SqliteExecutor;

use super::{
    StoreError,
    codec::{from_json, parse, signed, to_json, unsigned},
    effects::{JobChange, RUNNER_LABEL},
    model::Planned,
    row::row,
    settle::MOST_DELAY,
    standing::GoesOn,
};

const TABLE: &str = "jobs";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT jobs.id, jobs.build, jobs.position, jobs.name, jobs.workflow, jobs.needs, jobs.runs_on, ",
            "jobs.labels, jobs.attempt, jobs.epoch, jobs.state, jobs.runner, runners.name AS runner_name, ",
            "jobs.retry, jobs.tries, jobs.concurrency, jobs.concurrency_key, jobs.since, jobs.goes_on ",
            "FROM jobs LEFT JOIN runners ON runners.id = jobs.runner ",
            $rest
        )
    };
}

/// A job without its plan.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) build: BuildId,
    pub(super) position: usize,
    pub(super) name: String,
    pub(super) workflow: String,
    pub(super) needs: Vec<usize>,
    pub(super) runs_on: RunsOn,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) attempt: u32,
    /// The highest ever granted.
    pub(super) epoch: u64,
    pub(super) state: JobState,
    /// Of the lease in force, or of the last.
    pub(super) runner: Option<RunnerId>,
    pub(super) runner_name: Option<String>,
    /// When the next attempt follows by itself.
    pub(super) retry: Option<Retry>,
    /// How often it did since somebody last started the job.
    pub(super) tries: u32,
    pub(super) concurrency: Option<Concurrency>,
    /// Its concurrency group, among all of all repositories.
    pub(super) group: Option<String>,
    /// When it got into its phase.
    pub(super) since: Millis,
    /// Whose workspace the attempt goes on with.
    pub(super) goes_on: Option<GoesOn>,
}

impl Job {
    /// What the dispatcher is told of it.
    pub(super) fn change(&self) -> JobChange {
        JobChange {
            job: self.id,
            build: self.build,
            position: self.position,
            attempt: self.attempt,
            state: self.state.clone(),
            labels: self.needed(),
        }
    }

    /// The labels that a runner must have to take it.
    fn needed(&self) -> BTreeMap<String, String> {
        let its = self.goes_on.map(|goes_on| (RUNNER_LABEL.to_owned(), goes_on.runner.to_string()));
        self.labels.clone().into_iter().chain(its).collect()
    }
}

row! {
    struct Row {
        id: String,
        build: String,
        position: i64,
        name: String,
        workflow: String,
        needs: String,
        runs_on: String,
        labels: String,
        attempt: i64,
        epoch: i64,
        state: String,
        runner: Option<String>,
        runner_name: Option<String>,
        retry: Option<String>,
        tries: i64,
        concurrency: Option<String>,
        concurrency_key: Option<String>,
        since: i64,
        goes_on: Option<String>,
    }
}

impl TryFrom<Row> for Job {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(TABLE, &row.id)?,
            build: parse(TABLE, &row.build)?,
            position: unsigned(TABLE, row.position)?,
            name: row.name,
            workflow: row.workflow,
            needs: from_json(TABLE, &row.needs)?,
            runs_on: from_json(TABLE, &row.runs_on)?,
            labels: from_json(TABLE, &row.labels)?,
            attempt: unsigned(TABLE, row.attempt)?,
            epoch: unsigned(TABLE, row.epoch)?,
            state: from_json(TABLE, &row.state)?,
            runner: row.runner.as_deref().map(|text| parse(TABLE, text)).transpose()?,
            runner_name: row.runner_name,
            retry: row.retry.as_deref().map(|text| from_json(TABLE, text)).transpose()?,
            tries: unsigned(TABLE, row.tries)?,
            concurrency: row.concurrency.as_deref().map(|text| from_json(TABLE, text)).transpose()?,
            group: row.concurrency_key,
            since: row.since,
            goes_on: row.goes_on.as_deref().map(|text| from_json(TABLE, text)).transpose()?,
        })
    }
}

/// The word of a state, for queries.
fn phase(state: &JobState) -> &'static str {
    match state {
        JobState::Blocked => "blocked",
        JobState::Waiting => "waiting",
        JobState::Queued { .. } => "queued",
        JobState::Held { .. } => "held",
        JobState::Delayed { .. } => "delayed",
        JobState::Leased { .. } => "leased",
        JobState::Running { .. } => "running",
        JobState::Stopping { .. } => "stopping",
        JobState::Finished { .. } => "finished",
    }
}

/// A concurrency group's name among all of all repositories.
pub(super) fn group(repository: RepositoryId, name: &str) -> String {
    format!("{repository}/{name}")
}

/// A new job in its first state.
pub(super) async fn insert(
    db: impl SqliteExecutor<'_>,
    (id, build, position): (JobId, BuildId, usize),
    repository: RepositoryId,
    job: &CompiledJob,
    state: &JobState,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO jobs (id, build, position, name, workflow, needs, runs_on, labels, plan, attempt, epoch, state, \
         phase, retry, concurrency, concurrency_key, since) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, 0, $10, $11, $12, $13, $14, $15)",
    )
    .bind(id.to_string())
    .bind(build.to_string())
    .bind(signed(position))
    .bind(&job.name)
    .bind(&job.workflow)
    .bind(to_json(TABLE, &job.needs)?)
    .bind(to_json(TABLE, &job.runs_on)?)
    .bind(to_json(TABLE, &job.labels)?)
    .bind(to_json(TABLE, &job.plan)?)
    .bind(to_json(TABLE, state)?)
    .bind(phase(state))
    .bind(job.retry.as_ref().map(|retry| to_json(TABLE, retry)).transpose()?)
    .bind(job.concurrency.as_ref().map(|concurrency| to_json(TABLE, concurrency)).transpose()?)
    .bind(job.concurrency.as_ref().map(|concurrency| group(repository, &concurrency.group)))
    .bind(crate::clock::now())
    .execute(db)
    .await?;
    Ok(())
}

/// The job of an id.
pub(super) async fn find(db: impl SqliteExecutor<'_>, id: JobId) -> Result<Option<Job>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as(select!("WHERE jobs.id = $1")).bind(id.to_string()).fetch_optional(db).await?;
    row.map(Job::try_from).transpose()
}

/// A build's jobs, by position.
pub(super) async fn of_build(db: impl SqliteExecutor<'_>, build: BuildId) -> Result<Vec<Job>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(select!("WHERE jobs.build = $1 ORDER BY jobs.position"))
        .bind(build.to_string())
        .fetch_all(db)
        .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// All jobs that are not finished, oldest build first.
pub(super) async fn unfinished(db: impl SqliteExecutor<'_>) -> Result<Vec<Job>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(select!("WHERE jobs.phase <> 'finished' ORDER BY jobs.build, jobs.position"))
        .fetch_all(db)
        .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// The jobs whose lease ended at or before a time.
pub(super) async fn expired(db: impl SqliteExecutor<'_>, at: Millis) -> Result<Vec<Job>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(select!("WHERE jobs.phase <> 'finished' AND jobs.deadline <= $1"))
        .bind(at)
        .fetch_all(db)
        .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// The delayed jobs whose time came at or before one, or is further off than any pause lasts: the clock was set back.
pub(super) async fn due(db: impl SqliteExecutor<'_>, at: Millis) -> Result<Vec<Job>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(select!(
        "WHERE jobs.phase = 'delayed' AND (jobs.wake <= $1 OR jobs.wake > $2) ORDER BY jobs.build, jobs.position"
    ))
    .bind(at)
    .bind(at + MOST_DELAY * 1000)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// The jobs of a concurrency group that are not finished, oldest build first.
pub(super) async fn of_group(db: impl SqliteExecutor<'_>, group: &str) -> Result<Vec<Job>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(select!(
        "WHERE jobs.concurrency_key = $1 AND jobs.phase <> 'finished' ORDER BY jobs.build, jobs.position"
    ))
    .bind(group)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// Keeps what a runner was given with a lease; it is forgotten with the lease.
pub(super) async fn set_sealed(db: impl SqliteExecutor<'_>, id: JobId, sealed: Vec<u8>) -> Result<(), StoreError> {
    sqlx::query("UPDATE jobs SET sealed = $2 WHERE id = $1").bind(id.to_string()).bind(sealed).execute(db).await?;
    Ok(())
}

/// What [`set_sealed`] kept.
pub(super) async fn sealed(db: impl SqliteExecutor<'_>, id: JobId) -> Result<Option<Vec<u8>>, StoreError> {
    let sealed: Option<Option<Vec<u8>>> =
        sqlx::query_scalar("SELECT sealed FROM jobs WHERE id = $1").bind(id.to_string()).fetch_optional(db).await?;
    Ok(sealed.flatten())
}

/// The plan of a job.
pub(super) async fn plan(db: impl SqliteExecutor<'_>, id: JobId) -> Result<Plan, StoreError> {
    let plan: String = sqlx::query_scalar("SELECT plan FROM jobs WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(db)
        .await?
        .ok_or(StoreError::NotFound)?;
    from_json(TABLE, &plan)
}

/// What the jobs of a build were compiled to, by position.
pub(super) async fn planned(db: impl SqliteExecutor<'_>, build: BuildId) -> Result<Vec<Planned>, StoreError> {
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as("SELECT name, needs, runs_on, plan FROM jobs WHERE build = $1 ORDER BY position")
            .bind(build.to_string())
            .fetch_all(db)
            .await?;
    rows.into_iter()
        .map(|(name, needs, runs_on, plan)| {
            Ok(Planned {
                name,
                needs: from_json(TABLE, &needs)?,
                runs_on: from_json(TABLE, &runs_on)?,
                plan: from_json(TABLE, &plan)?,
            })
        })
        .collect()
}

/// Writes a job's state, with the columns that follow from it.
pub(super) async fn set_state(db: impl SqliteExecutor<'_>, job: &Job) -> Result<(), StoreError> {
    let lease = job.state.lease();
    let wake = match job.state {
        JobState::Delayed { until } => Some(until),
        _ => None,
    };
    sqlx::query(
        "UPDATE jobs SET attempt = $2, epoch = $3, state = $4, phase = $5, runner = $6, deadline = $7, wake = $8, \
         tries = $9, goes_on = $11, sealed = CASE WHEN $7 IS NULL THEN NULL ELSE sealed END, \
         since = CASE WHEN phase = $5 THEN since ELSE $10 END WHERE id = $1",
    )
    .bind(job.id.to_string())
    .bind(i64::from(job.attempt))
    .bind(signed(job.epoch))
    .bind(to_json(TABLE, &job.state)?)
    .bind(phase(&job.state))
    .bind(job.runner.map(|runner| runner.to_string()))
    .bind(lease.map(|lease| lease.deadline))
    .bind(wake)
    .bind(i64::from(job.tries))
    .bind(crate::clock::now())
    .bind(job.goes_on.as_ref().map(|goes_on| to_json(TABLE, goes_on)).transpose()?)
    .execute(db)
    .await?;
    Ok(())
}
