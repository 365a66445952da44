//! Search across builds: commits, tests, text in logs.

use askama::Template;

use super::{BuildRow, Crumb, Frame, paths};
use crate::sign::Sign;

/// The page of the search.
#[derive(Clone, Debug, Template)]
#[template(path = "search.html")]
pub struct SearchPage {
    /// Frame.
    pub frame: Frame,
    /// What is looked for.
    pub q: String,
    /// In which repository; empty for all.
    pub repo: String,
    /// Whether it is a regular expression.
    pub regex: bool,
    /// Names of repositories.
    pub repos: Vec<String>,
    /// Word, page, whether it is this one.
    pub scopes: Vec<(&'static str, String, bool)>,
    /// Whether something was looked for.
    pub asked: bool,
    /// Why it cannot be looked for, and what to do.
    pub problem: Option<(String, String)>,
    /// Whether builds were looked at.
    pub in_builds: bool,
    /// Whether tests were looked at.
    pub in_tests: bool,
    /// Whether logs were looked at.
    pub in_logs: bool,
    /// Builds, newest first.
    pub builds: Vec<SearchBuild>,
    /// More of them.
    pub more_builds: Option<String>,
    /// Tests.
    pub tests: Vec<TestHit>,
    /// Lines of logs, newest build first.
    pub logs: Vec<LogHitView>,
    /// How many logs were looked through, and how much text that is.
    pub searched: (u64, String),
    /// Where the search in logs goes on.
    pub next: Option<String>,
}

/// A build that fits.
#[derive(Clone, Debug)]
pub struct SearchBuild {
    /// The build.
    pub row: BuildRow,
    /// What of it fits: before, the match, after.
    pub part: Option<[String; 3]>,
}

/// A test that fits.
#[derive(Clone, Debug)]
pub struct TestHit {
    /// `owner/name`.
    pub repository: String,
    /// What it belongs to; may be empty.
    pub suite: String,
    /// Its name.
    pub name: String,
    /// Its history.
    pub href: String,
    /// How it ended last.
    pub status: Sign,
    /// The word for that.
    pub word: &'static str,
}

/// A log with lines that fit.
#[derive(Clone, Debug)]
pub struct LogHitView {
    /// `owner/name`.
    pub repository: String,
    /// Number of the build.
    pub number: u64,
    /// `job / step`.
    pub step: String,
    /// The attempt, unless it is the job's last.
    pub attempt: Option<u32>,
    /// The log.
    pub href: String,
    /// Number, address, and text: before, the match, after.
    pub lines: Vec<(u64, String, [String; 3])>,
    /// Whether the log may have more.
    pub more: bool,
}

impl SearchPage {
    /// A page before anything is looked for.
    pub fn new() -> Self {
        let mut frame = Frame::new("Search");
        frame.crumbs.push(Crumb { text: "Search".to_owned(), href: paths::SEARCH.to_owned() });
        Self {
            frame,
            q: String::new(),
            repo: String::new(),
            regex: false,
            repos: Vec::new(),
            scopes: Vec::new(),
            asked: false,
            problem: None,
            in_builds: false,
            in_tests: false,
            in_logs: false,
            builds: Vec::new(),
            more_builds: None,
            tests: Vec::new(),
            logs: Vec::new(),
            searched: (0, String::new()),
            next: None,
        }
    }
}

impl Default for SearchPage {
    fn default() -> Self {
        Self::new()
    }
}
