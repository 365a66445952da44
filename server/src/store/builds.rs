//! Table `builds`.

use std::collections::BTreeMap;

use slipway_pipelines::{
    context::Previous,
    ids::{BuildId, JobId, RepositoryId},
    lease::Claim,
    plan::Environment,
    repository::RepositoryName,
    state::BuildState,
};
use sqlx::{AssertSqlSafe, SqliteExecutor};

use super::{
    Store, StoreError, attempts,
    codec::{from_json, parse, signed, status, to_json, unsigned},
    images, jobs,
    jobs::Job,
    model::{
        BuildDetail, BuildFilter, BuildSummary, JobDetail, Planned, PushedBy, QueueTimes, StepAddress, StepDetail,
    },
    outputs, phases, pushed, queued, reported, repositories,
    row::row,
    steps, warnings,
};
use crate::logs::LogAddress;

const TABLE: &str = "builds";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT builds.id, builds.repository, repositories.name, builds.number, builds.trigger_json, ",
            "builds.parent, builds.status, builds.finish, builds.created, builds.started, builds.finished ",
            "FROM builds JOIN repositories ON repositories.id = builds.repository ",
            $rest
        )
    };
}

row! {
    struct Row {
        id: String,
        repository: String,
        name: String,
        number: i64,
        trigger_json: String,
        parent: Option<i64>,
        status: String,
        finish: Option<String>,
        created: i64,
        started: Option<i64>,
        finished: Option<i64>,
    }
}

impl TryFrom<Row> for BuildSummary {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(TABLE, &row.id)?,
            number: unsigned(TABLE, row.number)?,
            status: status(TABLE, &row.status)?,
            finish: row.finish.as_deref().map(|text| from_json(TABLE, text)).transpose()?,
            trigger: from_json(TABLE, &row.trigger_json)?,
            created: row.created,
            started: row.started,
            finished: row.finished,
            parent: row.parent.map(|number| unsigned(TABLE, number)).transpose()?,
        })
    }
}

impl Store {
    /// Builds of a repository, newest first, those below a number if one is given.
    pub async fn builds(
        &self,
        repository: RepositoryId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<BuildSummary>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(select!(
            "WHERE builds.repository = $1 AND builds.number < $2 ORDER BY builds.number DESC LIMIT $3"
        ))
        .bind(repository.to_string())
        .bind(before.map_or(i64::MAX, signed))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(BuildSummary::try_from).collect()
    }

    /// The same of those that a filter lets through.
    pub async fn filtered_builds(
        &self,
        repository: RepositoryId,
        filter: &BuildFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<BuildSummary>, StoreError> {
        let columns = [
            ("branch", filter.branch.as_deref()),
            ("event", filter.event.map(|event| event.as_str())),
            ("status", filter.status.map(|status| status.as_str())),
            ("author", filter.author.as_deref()),
        ];
        let wanted = || columns.iter().filter_map(|(column, value)| Some((column, (*value)?)));
        let mut sql = select!("WHERE builds.repository = $1 AND builds.number < $2").to_owned();
        for (at, (column, _)) in (4..).zip(wanted()) {
            sql += &format!(" AND builds.{column} = ${at}");
        }
        sql += " ORDER BY builds.number DESC LIMIT $3";
        // Safe: of outside there are only values in it, and those are bound.
        let mut query = sqlx::query_as::<_, Row>(AssertSqlSafe(sql))
            .bind(repository.to_string())
            .bind(before.map_or(i64::MAX, signed))
            .bind(i64::from(limit));
        for (_, value) in wanted() {
            query = query.bind(value.to_owned());
        }
        query.fetch_all(&self.readers).await?.into_iter().map(BuildSummary::try_from).collect()
    }

    /// The latest builds of all repositories, newest first.
    pub async fn recent_builds(&self, limit: u32) -> Result<Vec<(RepositoryName, BuildSummary)>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(select!("ORDER BY builds.created DESC, builds.id DESC LIMIT $1"))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        rows.into_iter().map(|row| Ok((parse(TABLE, &row.name)?, BuildSummary::try_from(row)?))).collect()
    }

    /// A build, whole, by its number.
    pub async fn build(&self, repository: RepositoryId, number: u64) -> Result<Option<BuildDetail>, StoreError> {
        let id: Option<String> = sqlx::query_scalar("SELECT id FROM builds WHERE repository = $1 AND number = $2")
            .bind(repository.to_string())
            .bind(signed(number))
            .fetch_optional(&self.readers)
            .await?;
        match id {
            Some(id) => self.build_by_id(parse(TABLE, &id)?).await,
            None => Ok(None),
        }
    }

    /// A build, whole, as of one moment.
    pub async fn build_by_id(&self, id: BuildId) -> Result<Option<BuildDetail>, StoreError> {
        let mut moment = self.readers.begin().await?;
        let Some((repository, summary)) = find(&mut *moment, id).await? else { return Ok(None) };
        let repository =
            repositories::by_id(&mut *moment, &self.vault, repository).await?.ok_or(StoreError::NotFound)?;
        let (left_out, diagnostics, diagnostics_text) = remarks(&mut *moment, id).await?;
        let mut details = Vec::new();
        for job in jobs::of_build(&mut *moment, id).await? {
            let mut steps = steps::of_attempt(&mut *moment, job.id, job.attempt).await?;
            images::fill(&mut *moment, job.id, job.attempt, &mut steps).await?;
            phases::fill(&mut *moment, job.id, job.attempt, &mut steps).await?;
            let queued = queued::of_attempt(&mut *moment, job.id, job.attempt).await?;
            let outputs = outputs::of_attempt(&mut *moment, job.id, job.attempt).await?;
            let pushed = pushed::of_attempt(&mut *moment, job.id, job.attempt).await?;
            details.push(JobDetail { queued, ..detail(job, steps, outputs, pushed) });
        }
        let reports = reported::summary(&mut moment, &repository, &summary).await?;
        Ok(Some(BuildDetail {
            repository,
            summary,
            left_out: from_json(TABLE, &left_out)?,
            diagnostics: from_json(TABLE, &diagnostics)?,
            diagnostics_text,
            approved_by: approved_by(&mut *moment, id).await?,
            jobs: details,
            warnings: warnings::of_build(&mut *moment, id).await?,
            reports,
        }))
    }

    /// What the jobs of a build were compiled to.
    pub async fn plans(&self, build: BuildId) -> Result<Vec<Planned>, StoreError> {
        jobs::planned(&self.readers, build).await
    }

    /// One attempt of a job, the current or an earlier one.
    pub async fn job_attempt(&self, job: JobId, attempt: u32) -> Result<Option<JobDetail>, StoreError> {
        let mut moment = self.readers.begin().await?;
        let Some(mut job) = jobs::find(&mut *moment, job).await? else { return Ok(None) };
        if job.attempt != attempt {
            let Some((state, runner)) = attempts::find(&mut *moment, job.id, attempt).await? else { return Ok(None) };
            job = Job { attempt, state, runner_name: runner, ..job };
        }
        let mut steps = steps::of_attempt(&mut *moment, job.id, attempt).await?;
        images::fill(&mut *moment, job.id, attempt, &mut steps).await?;
        phases::fill(&mut *moment, job.id, attempt, &mut steps).await?;
        let queued = queued::of_attempt(&mut *moment, job.id, attempt).await?;
        let outputs = outputs::of_attempt(&mut *moment, job.id, attempt).await?;
        let pushed = pushed::of_attempt(&mut *moment, job.id, attempt).await?;
        Ok(Some(JobDetail { queued, ..detail(job, steps, outputs, pushed) }))
    }

    /// Where the log of a step is; of the current attempt when none is named.
    pub async fn step_address(
        &self,
        job: JobId,
        attempt: Option<u32>,
        step: usize,
    ) -> Result<Option<StepAddress>, StoreError> {
        let mut moment = self.readers.begin().await?;
        let Some(job) = jobs::find(&mut *moment, job).await? else { return Ok(None) };
        let Some((repository, _)) = find(&mut *moment, job.build).await? else { return Ok(None) };
        let attempt = attempt.unwrap_or(job.attempt);
        let state = steps::state(&mut *moment, job.id, attempt, step).await?;
        Ok(state.map(|state| StepAddress {
            log: LogAddress { job: job.id, attempt, step },
            build: job.build,
            repository,
            ended: state.status().is_final(),
        }))
    }
}

fn detail(job: Job, steps: Vec<StepDetail>, outputs: BTreeMap<usize, Environment>, pushed: Vec<PushedBy>) -> JobDetail {
    JobDetail {
        id: job.id,
        position: job.position,
        name: job.name,
        workflow: job.workflow,
        needs: job.needs,
        attempt: job.attempt,
        state: job.state,
        queued: QueueTimes::default(),
        runner: job.runner_name,
        labels: job.labels,
        workspace: job
            .goes_on
            .map_or(Claim { job: job.id, attempt: job.attempt, epoch: job.epoch }, |goes_on| goes_on.workspace),
        goes_on: job.goes_on.is_some(),
        concurrency: job.concurrency,
        outputs: outputs.into_values().flatten().collect(),
        pushed,
        steps,
    }
}

/// A build without its jobs, and its repository.
pub(super) async fn find(
    db: impl SqliteExecutor<'_>,
    id: BuildId,
) -> Result<Option<(RepositoryId, BuildSummary)>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as(select!("WHERE builds.id = $1")).bind(id.to_string()).fetch_optional(db).await?;
    row.map(|row| Ok((parse(TABLE, &row.repository)?, row.try_into()?))).transpose()
}

/// Builds of commits in a range of names, before a build, newest first.
pub(super) async fn of_commit(
    db: impl SqliteExecutor<'_>,
    (from, to): (String, String),
    before: String,
    repository: Option<String>,
    limit: u32,
) -> Result<Vec<(RepositoryName, BuildSummary)>, StoreError> {
    let only = if repository.is_some() { " AND builds.repository = $5" } else { "" };
    let sql = select!("WHERE builds.sha >= $1 AND builds.sha < $2 AND builds.id < $3");
    // Safe: all parts are written here.
    let sql = AssertSqlSafe(format!("{sql}{only} ORDER BY builds.id DESC LIMIT $4"));
    let mut query = sqlx::query_as::<_, Row>(sql).bind(from).bind(to).bind(before).bind(i64::from(limit));
    if let Some(repository) = repository {
        query = query.bind(repository);
    }
    named(query.fetch_all(db).await?)
}

/// The builds of a stretch, without its end, whose cause has a pattern in it, newest first.
pub(super) async fn like(
    db: impl SqliteExecutor<'_>,
    (before, last): (String, String),
    pattern: String,
    repository: Option<String>,
) -> Result<Vec<(RepositoryName, BuildSummary)>, StoreError> {
    let only = if repository.is_some() { " AND builds.repository = $4" } else { "" };
    let sql = select!("WHERE builds.id < $1 AND builds.id >= $2 AND LOWER(builds.trigger_json) LIKE $3 ESCAPE '\\'");
    // Safe: all parts are written here.
    let sql = AssertSqlSafe(format!("{sql}{only} ORDER BY builds.id DESC"));
    let mut query = sqlx::query_as::<_, Row>(sql).bind(before).bind(last).bind(pattern);
    if let Some(repository) = repository {
        query = query.bind(repository);
    }
    named(query.fetch_all(db).await?)
}

fn named(rows: Vec<Row>) -> Result<Vec<(RepositoryName, BuildSummary)>, StoreError> {
    rows.into_iter().map(|row| Ok((parse(TABLE, &row.name)?, row.try_into()?))).collect()
}

/// The oldest builds that are not finished.
pub(super) async fn open(
    db: impl SqliteExecutor<'_>,
    limit: u32,
) -> Result<Vec<(RepositoryName, BuildSummary)>, StoreError> {
    let rows: Vec<Row> =
        sqlx::query_as(select!("WHERE builds.finished IS NULL ORDER BY builds.created, builds.id LIMIT $1"))
            .bind(i64::from(limit))
            .fetch_all(db)
            .await?;
    rows.into_iter().map(|row| Ok((parse(TABLE, &row.name)?, row.try_into()?))).collect()
}

/// The repository's name and the number of a build.
pub(super) async fn place(
    db: impl SqliteExecutor<'_>,
    id: BuildId,
) -> Result<Option<(RepositoryName, u64)>, StoreError> {
    let row: Option<(String, i64)> = sqlx::query_as(
        "SELECT repositories.name, builds.number FROM builds \
         JOIN repositories ON repositories.id = builds.repository WHERE builds.id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(db)
    .await?;
    row.map(|(name, number)| Ok((parse(TABLE, &name)?, unsigned(TABLE, number)?))).transpose()
}

/// What the compiler said: left out, diagnostics, the same as text.
async fn remarks(db: impl SqliteExecutor<'_>, id: BuildId) -> Result<(String, String, String), StoreError> {
    sqlx::query_as("SELECT left_out, diagnostics, diagnostics_text FROM builds WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(db)
        .await?
        .ok_or(StoreError::NotFound)
}

/// The build before a number on a branch. `url` makes the address of its page.
pub(super) async fn previous(
    db: impl SqliteExecutor<'_>,
    (repository, branch, number): (RepositoryId, &str, i64),
    url: impl Fn(&RepositoryName, u64) -> String,
) -> Result<Option<Previous>, StoreError> {
    let row: Option<Row> = sqlx::query_as(select!(
        "WHERE builds.repository = $1 AND builds.branch = $2 AND builds.number < $3 ORDER BY builds.number DESC LIMIT 1"
    ))
    .bind(repository.to_string())
    .bind(branch)
    .bind(number)
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let name: RepositoryName = parse(TABLE, &row.name)?;
    let build = BuildSummary::try_from(row)?;
    Ok(Some(Previous {
        number: build.number,
        parent: build.parent.unwrap_or(0),
        url: url(&name, build.number),
        status: build.status.as_str().to_owned(),
        created: build.created,
        started: build.started.unwrap_or(0),
        finished: build.finished.unwrap_or(0),
        trigger: build.trigger,
    }))
}

/// Keeps who let a build run.
pub(super) async fn approve(db: impl SqliteExecutor<'_>, id: BuildId, by: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE builds SET approved_by = $2 WHERE id = $1").bind(id.to_string()).bind(by).execute(db).await?;
    Ok(())
}

/// Who did.
pub(super) async fn approved_by(db: impl SqliteExecutor<'_>, id: BuildId) -> Result<Option<String>, StoreError> {
    let by: Option<Option<String>> = sqlx::query_scalar("SELECT approved_by FROM builds WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(db)
        .await?;
    Ok(by.flatten())
}

/// Writes what a build is by its jobs. A build that never had jobs keeps what it was made as.
pub(super) async fn set_state(db: impl SqliteExecutor<'_>, id: BuildId, state: &BuildState) -> Result<(), StoreError> {
    sqlx::query("UPDATE builds SET status = $2, finish = $3, started = $4, finished = $5 WHERE id = $1")
        .bind(id.to_string())
        .bind(state.status.as_str())
        .bind(state.finish.as_ref().map(|finish| to_json(TABLE, finish)).transpose()?)
        .bind(state.started)
        .bind(state.finished)
        .execute(db)
        .await?;
    Ok(())
}
