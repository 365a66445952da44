//! The first page: what runs, and all repositories.

use askama::Template;

use super::{BuildRow, Frame, HistoryMark};

/// The first page.
#[derive(Clone, Debug, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// Frame.
    pub frame: Frame,
    /// Builds that wait or run, newest first.
    pub active: Vec<BuildRow>,
    /// All repositories.
    pub repositories: Vec<RepositoryRow>,
    /// A git URL that would make a repository: `http://ci:TOKEN@host/git/me/thing.git`.
    pub push_example: String,
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
    /// Its newest builds, oldest first.
    pub history: Vec<HistoryMark>,
}
