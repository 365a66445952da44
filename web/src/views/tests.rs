//! Tests: of a build, of a repository, and one through its builds.

use askama::Template;
use slipway_pipelines::{
    repository::RepositoryName,
    state::{Millis, Status},
    wire::TestOutcome,
};

use super::{Frame, paths};
use crate::{
    sign::Sign,
    time::{Moment, duration},
};

/// How an outcome looks; a pass after a failure of the same run is none to trust.
pub fn sign(outcome: TestOutcome, flaked: bool) -> Sign {
    match outcome {
        TestOutcome::Passed if flaked => Sign::Warning,
        TestOutcome::Passed => Sign::Status(Status::Success),
        TestOutcome::Failed => Sign::Status(Status::Failure),
        TestOutcome::Error => Sign::Status(Status::Error),
        TestOutcome::Skipped => Sign::Status(Status::Skipped),
    }
}

/// The tests and the coverage of a build on its page.
#[derive(Clone, Debug, Default)]
pub struct TestsView {
    /// Whether tests were reported.
    pub has_tests: bool,
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Not run.
    pub skipped: u64,
    /// Failed, and passed in the build below.
    pub new_failures: u64,
    /// Number of the build that tells what is new, and its page.
    pub compared_with: Option<(u64, String)>,
    /// All durations.
    pub took: String,
    /// The page with all of them.
    pub href: String,
    /// The first failures, the new ones before the others.
    pub failures: Vec<CaseView>,
    /// The longest.
    pub slowest: Vec<CaseView>,
    /// Covered lines in percent, with one decimal.
    pub coverage: Option<CoverageView>,
}

/// Coverage of a build.
#[derive(Clone, Debug)]
pub struct CoverageView {
    /// `87.5 %`.
    pub percent: String,
    /// Lines that ran.
    pub covered: u64,
    /// Lines that can run.
    pub total: u64,
}

impl CoverageView {
    /// Rounded down, so that 100 % is all.
    pub fn new(covered: u64, total: u64) -> Self {
        let tenths = (covered * 1000).checked_div(total).unwrap_or(0);
        Self { percent: format!("{}.{} %", tenths / 10, tenths % 10), covered, total }
    }
}

impl TestsView {
    /// How many failures are not shown.
    pub(crate) fn hidden(&self) -> u64 {
        self.failed.saturating_sub(self.failures.len() as u64)
    }
}

/// A case of a build.
#[derive(Clone, Debug)]
pub struct CaseView {
    /// What it belongs to; may be empty.
    pub suite: String,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: Sign,
    /// The word for that.
    pub word: &'static str,
    /// Whether it is a new failure.
    pub is_new: bool,
    /// Its history.
    pub href: String,
    /// `job / step`.
    pub place: String,
    /// The step's log.
    pub log: String,
    /// The file that it is in; may be empty.
    pub file: String,
    /// How long it ran; may be empty.
    pub took: String,
    /// What it says about its end; may be empty.
    pub message: String,
}

impl CaseView {
    /// The first line of the message.
    pub(crate) fn summary(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// Whether there is more than that line.
    pub(crate) fn has_more(&self) -> bool {
        self.message.lines().nth(1).is_some() || self.summary().len() > 160
    }
}

/// How long a test ran; nothing when nobody said.
pub fn took(milliseconds: Option<u64>) -> String {
    milliseconds.map(|time| duration(Millis::try_from(time).unwrap_or(Millis::MAX))).unwrap_or_default()
}

/// A link of a filter or an order.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its name.
    pub text: String,
    /// Its page.
    pub href: String,
    /// It is shown now.
    pub current: bool,
}

/// All test cases of a build.
#[derive(Clone, Debug, Template)]
#[template(path = "build_tests.html")]
pub struct BuildTestsPage {
    /// Frame.
    pub frame: Frame,
    /// Number of the build.
    pub number: u64,
    /// The build's page.
    pub build: String,
    /// What can be shown of them.
    pub choices: Vec<Choice>,
    /// Those of this page.
    pub cases: Vec<CaseView>,
    /// The page before.
    pub earlier: Option<String>,
    /// The page after.
    pub later: Option<String>,
}

/// A test in a list of a repository's.
#[derive(Clone, Debug)]
pub struct TestRowView {
    /// What it belongs to; may be empty.
    pub suite: String,
    /// Its name.
    pub name: String,
    /// `job / step`.
    pub place: String,
    /// Its history.
    pub href: String,
    /// How it ended last.
    pub status: Sign,
    /// The word for that.
    pub word: &'static str,
    /// The last build that ran it, and its page.
    pub build: (u64, String),
    /// What the list is about: a duration, or a number of times.
    pub figure: String,
}

/// Tests of a repository.
#[derive(Clone, Debug, Template)]
#[template(path = "tests.html")]
pub struct TestsPage {
    /// Frame.
    pub frame: Frame,
    /// First half of the repository's name.
    pub owner: String,
    /// Second half.
    pub name: String,
    /// The repository's page.
    pub href: String,
    /// Its tests.
    pub tests: String,
    /// Its settings.
    pub settings: String,
    /// What the list can be about.
    pub choices: Vec<Choice>,
    /// What it is about, in a sentence.
    pub about: String,
    /// Name of the last column.
    pub figure: &'static str,
    /// The tests.
    pub rows: Vec<TestRowView>,
    /// Said when there is none.
    pub quiet: &'static str,
}

/// One run of a test.
#[derive(Clone, Debug)]
pub struct RunView {
    /// How it ended.
    pub status: Sign,
    /// The word for that.
    pub word: &'static str,
    /// Number of the build.
    pub number: u64,
    /// The step's page.
    pub href: String,
    /// `attempt 2`, `second try`; may be empty.
    pub mark: String,
    /// The branch; may be empty.
    pub branch: String,
    /// First digits of the commit.
    pub short_sha: String,
    /// How long it ran; may be empty.
    pub took: String,
    /// When the build was made.
    pub created: Moment,
    /// What it says about its end; may be empty.
    pub message: String,
}

/// A test through its builds.
#[derive(Clone, Debug, Template)]
#[template(path = "test.html")]
pub struct TestPage {
    /// Frame.
    pub frame: Frame,
    /// What it belongs to; may be empty.
    pub suite: String,
    /// Its name.
    pub name: String,
    /// `job / step`.
    pub place: String,
    /// The file that it is in; may be empty.
    pub file: String,
    /// Its last runs, newest first.
    pub runs: Vec<RunView>,
    /// In a sentence.
    pub summary: String,
}

impl TestPage {
    /// The same runs, oldest first, as marks.
    pub(crate) fn marks(&self) -> impl Iterator<Item = &RunView> {
        self.runs.iter().rev()
    }
}

impl Frame {
    /// A page about the tests of a repository.
    pub fn tests(name: &RepositoryName, title: &str) -> Self {
        let mut frame = Self::repository(name, None);
        frame.crumbs.push(super::Crumb { text: "tests".to_owned(), href: paths::tests(name) });
        frame.title = format!("{title} · {name}");
        frame
    }

    /// The page of a build's tests.
    pub fn build_tests(name: &RepositoryName, number: u64, status: Sign) -> Self {
        let mut frame = Self::build(name, number, status);
        frame.crumbs.push(super::Crumb { text: "tests".to_owned(), href: paths::build_tests(name, number) });
        frame.title = format!("tests of #{number} · {name}");
        frame
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn percents_are_rounded_down() {
        for (covered, total, percent) in
            [(0, 0, "0.0 %"), (999, 1000, "99.9 %"), (9999, 10_000, "99.9 %"), (3, 3, "100.0 %")]
        {
            assert_eq!(CoverageView::new(covered, total).percent, percent);
        }
    }
}
