//! What a commit changed, for those who wait for it.

use slipway_pipelines::{
    ids::{BuildId, JobId},
    state::JobState,
};

use crate::logs::LogAddress;

/// Collected while a transaction runs; handed over once, after its commit and before the caller is answered.
#[derive(Debug, Default)]
pub struct Effects {
    /// Builds about which something changed.
    pub builds: Vec<BuildId>,
    /// Jobs whose state changed, in order, with the new one.
    pub jobs: Vec<JobChange>,
    /// Logs that get no more bytes.
    pub closed: Vec<LogAddress>,
    /// Attempts that start from the beginning: their logs are void.
    pub reset: Vec<(JobId, u32)>,
}

/// The label that every runner has, with its id: a job that can only run on one asks for it.
pub const RUNNER_LABEL: &str = "slipway.runner";

/// A job's new state, with what the dispatcher needs to know.
#[derive(Clone, Debug)]
pub struct JobChange {
    /// Which.
    pub job: JobId,
    /// Its build.
    pub build: BuildId,
    /// Position in its build.
    pub position: usize,
    /// From 1.
    pub attempt: u32,
    /// What it is now.
    pub state: JobState,
    /// What a runner must have.
    pub labels: std::collections::BTreeMap<String, String>,
}

impl Effects {
    /// Adds those of another transaction of the same commit.
    pub(super) fn merge(&mut self, other: Self) {
        self.builds.extend(other.builds);
        self.jobs.extend(other.jobs);
        self.closed.extend(other.closed);
        self.reset.extend(other.reset);
    }

    /// Notes a changed build, once.
    pub(super) fn build(&mut self, build: BuildId) {
        if !self.builds.contains(&build) {
            self.builds.push(build);
        }
    }
}

/// Whoever wants to know about commits.
pub trait OnCommit: Send + Sync + 'static {
    /// Called after each commit, in the order of commits, on the writer's task: must not wait.
    fn committed(&self, effects: Effects);
}

impl<F: Fn(Effects) + Send + Sync + 'static> OnCommit for F {
    fn committed(&self, effects: Effects) {
        self(effects);
    }
}
