//! What the pages of queue and runners, and the metrics, show.

use std::collections::BTreeMap;

use slipway_pipelines::{repository::RepositoryName, state::JobState};

use super::{
    Store, StoreError, builds, jobs,
    jobs::Job,
    model::{QueueEntry, WaitingFor},
};

/// How many there are, by word.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Jobs by phase: `blocked`, `waiting`, `held`, `delayed`, `queued`, `leased`, `running`, `stopping`, `finished`.
    pub jobs: BTreeMap<String, u64>,
    /// Builds by status.
    pub builds: BTreeMap<String, u64>,
    /// Runners ever seen.
    pub runners: u64,
    /// Deliveries that are not done.
    pub pending_deliveries: u64,
}

impl Store {
    /// All jobs that are not finished, oldest build first, as of one moment.
    pub async fn queue(&self) -> Result<Vec<QueueEntry>, StoreError> {
        let mut moment = self.readers.begin().await?;
        let mut entries = Vec::new();
        let mut of_build = Vec::new();
        let mut build: Option<(RepositoryName, u64)> = None;
        for job in jobs::unfinished(&mut *moment).await? {
            if of_build.first().is_none_or(|first: &Job| first.build != job.build) {
                of_build = jobs::of_build(&mut *moment, job.build).await?;
                build = builds::place(&mut *moment, job.build).await?;
            }
            let (repository, number) = build.clone().ok_or(StoreError::NotFound)?;
            entries.push(entry(job, &of_build, repository, number));
        }
        Ok(entries)
    }

    /// Counts for the metrics.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let words =
            |rows: Vec<(String, i64)>| rows.into_iter().map(|(word, n)| (word, n.max(0).cast_unsigned())).collect();
        let jobs = sqlx::query_as("SELECT phase, COUNT(*) FROM jobs GROUP BY phase").fetch_all(&self.readers).await?;
        let builds =
            sqlx::query_as("SELECT status, COUNT(*) FROM builds GROUP BY status").fetch_all(&self.readers).await?;
        let runners: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM runners").fetch_one(&self.readers).await?;
        let pending: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM deliveries WHERE pending").fetch_one(&self.readers).await?;
        Ok(Counts {
            jobs: words(jobs),
            builds: words(builds),
            runners: runners.max(0).cast_unsigned(),
            pending_deliveries: pending.max(0).cast_unsigned(),
        })
    }
}

/// A job as the queue shows it, by the jobs of its build.
pub(super) fn entry(job: Job, build: &[Job], repository: RepositoryName, number: u64) -> QueueEntry {
    let waiting_for = waiting_for(&job, build);
    let Job { id, name, state, labels, runner_name, since, .. } = job;
    QueueEntry { job: id, name, repository, number, state, labels, waiting_for, runner: runner_name, since }
}

/// What a job waits for, by its state and the jobs of its build. Pure.
fn waiting_for(job: &Job, build: &[Job]) -> Option<WaitingFor> {
    match job.state {
        JobState::Blocked => Some(WaitingFor::Approval),
        JobState::Waiting => {
            let open = job.needs.iter().filter_map(|&need| build.get(need));
            let open = open.filter(|need| !need.state.status().is_final());
            Some(WaitingFor::Needs(open.map(|need| need.name.clone()).collect()))
        }
        JobState::Held { .. } => job
            .concurrency
            .as_ref()
            .map(|group| WaitingFor::Concurrency { group: group.group.clone(), limit: group.limit }),
        JobState::Delayed { until } => Some(WaitingFor::Retry { at: until, attempt: job.attempt }),
        JobState::Queued { .. } => Some(match &job.runner_name {
            Some(runner) if job.goes_on.is_some() => WaitingFor::Workspace { runner: runner.clone() },
            _ => WaitingFor::Runner,
        }),
        JobState::Leased { .. } | JobState::Running { .. } | JobState::Stopping { .. } | JobState::Finished { .. } => {
            None
        }
    }
}
