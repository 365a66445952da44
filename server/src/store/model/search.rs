//! Where a search finds something.

use slipway_pipelines::{ids::BuildId, repository::RepositoryName, wire::TestOutcome};

use super::TestId;
use crate::logs::LogAddress;

/// A step's log, and all that is shown of where it is.
#[derive(Clone, PartialEq, Debug)]
pub struct LogPlace {
    /// Its build.
    pub build: BuildId,
    /// Its repository.
    pub repository: RepositoryName,
    /// Number of its build.
    pub number: u64,
    /// Position of its job.
    pub job: usize,
    /// The job's name.
    pub job_name: String,
    /// The step's name.
    pub step_name: String,
    /// The log.
    pub log: LogAddress,
    /// Whether the job has no later attempt.
    pub is_last: bool,
    /// Its length; 0 while it is written.
    pub bytes: u64,
}

/// A test, wherever it is.
#[derive(Clone, PartialEq, Debug)]
pub struct TestPlace {
    /// Its id.
    pub id: TestId,
    /// Its repository.
    pub repository: RepositoryName,
    /// What it belongs to; may be empty.
    pub suite: String,
    /// Its name.
    pub name: String,
    /// Its file; may be empty.
    pub file: String,
    /// The last build that ran it.
    pub number: u64,
    /// How it ended there.
    pub outcome: TestOutcome,
}
