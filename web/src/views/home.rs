//! The first page: what runs, what waits and why, and the repositories with their last builds.

use askama::Template;

use super::{BuildRow, Frame, HistoryMark};

/// The first page.
#[derive(Clone, Debug, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// Frame.
    pub frame: Frame,
    /// What names of repositories must have in them; empty for all.
    pub filter: String,
    /// Builds that a runner works on, oldest first.
    pub running: Vec<ActiveRow>,
    /// Builds that wait, oldest first.
    pub waiting: Vec<ActiveRow>,
    /// How many more there are of both.
    pub more_open: u64,
    /// Those that were active last.
    pub repositories: Vec<RepositoryRow>,
    /// How many more fit the filter.
    pub more: u64,
    /// The page with all that fit.
    pub all: String,
    /// A git URL that would make a repository: `http://ci:TOKEN@host/git/me/thing.git`.
    pub push_example: String,
}

/// A build that is not finished.
#[derive(Clone, Debug)]
pub struct ActiveRow {
    /// The build.
    pub row: BuildRow,
    /// Who works on it, or what it waits for.
    pub note: String,
    /// Whether no runner has any of it.
    pub waits: bool,
}

/// A repository in the list.
#[derive(Clone, Debug)]
pub struct RepositoryRow {
    /// First half of its name.
    pub owner: String,
    /// Second half of its name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Its newest build.
    pub last: Option<BuildRow>,
    /// The newest build of each of its branches, newest first.
    pub branches: Vec<BranchMark>,
    /// Its newest builds, oldest first.
    pub history: Vec<HistoryMark>,
}

/// The newest build of a branch.
#[derive(Clone, Debug)]
pub struct BranchMark {
    /// The branch.
    pub branch: String,
    /// The build.
    pub mark: HistoryMark,
}

impl RepositoryRow {
    /// Whether the newest build is of none of the branches: of a tag or a pull request.
    pub(crate) fn is_apart(&self) -> bool {
        let number = self.last.as_ref().map(|last| last.number);
        number.is_some() && self.branches.iter().all(|branch| Some(branch.mark.number) != number)
    }
}
