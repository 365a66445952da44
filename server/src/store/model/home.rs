//! What the first page shows.

use slipway_pipelines::{
    ids::RepositoryId,
    repository::RepositoryName,
    state::{Finish, Millis, Status},
};

use super::{BuildSummary, QueueEntry};

/// Repositories that were active last, as of one moment.
#[derive(Clone, Debug)]
pub struct Home {
    /// The most active first.
    pub repositories: Vec<HomeRepository>,
    /// How many there are that fit the filter.
    pub matching: u64,
}

/// A repository with its last builds.
#[derive(Clone, Debug)]
pub struct HomeRepository {
    /// Its id.
    pub id: RepositoryId,
    /// Its name.
    pub name: RepositoryName,
    /// When it was made.
    pub created: Millis,
    /// Its newest build.
    pub last: Option<BuildSummary>,
    /// The newest build of each of the branches that were built last, and of the default branch; newest first.
    pub heads: Vec<Mark>,
    /// Its newest builds, oldest first.
    pub history: Vec<Mark>,
}

/// A build as no more than a sign.
#[derive(Clone, PartialEq, Debug)]
pub struct Mark {
    /// Its number.
    pub number: u64,
    /// Its branch; empty for tags.
    pub branch: String,
    /// Where it stands.
    pub status: Status,
    /// How it ended; `None` until then.
    pub finish: Option<Finish>,
}

/// A build that is not finished.
#[derive(Clone, Debug)]
pub struct OpenBuild {
    /// Whose.
    pub repository: RepositoryName,
    /// Which.
    pub build: BuildSummary,
    /// Its jobs that are not finished, by position.
    pub jobs: Vec<QueueEntry>,
}
