//! What steps reported: tests and coverage.

use std::{fmt, str::FromStr};

use slipway_pipelines::wire::TestOutcome;

/// Names a test at its place: the same repository, job, step, suite, name and file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TestId(pub [u8; 16]);

impl fmt::Display for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for TestId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id)?;
        Ok(Self(id))
    }
}

/// A test at its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Test {
    /// Its id.
    pub id: TestId,
    /// Name of the job.
    pub job: String,
    /// Name of the step.
    pub step: String,
    /// What it belongs to; may be empty.
    pub suite: String,
    /// Its name in the suite.
    pub name: String,
    /// The file that it is in, if its reports say so.
    pub file: Option<String>,
}

/// A test in a list of a repository's tests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestRow {
    /// Which.
    pub test: Test,
    /// The newest build that ran it.
    pub number: u64,
    /// How it ended there.
    pub outcome: TestOutcome,
    /// How long it ran there, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Of how many commits it failed and passed; 0 where the list is not about that.
    pub flaky: u64,
    /// How often it failed; 0 where the list is not about that.
    pub failures: u64,
}

/// What a list of tests is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TestSort {
    /// The longest last runs.
    Slowest,
    /// Failed and passed at the same commit.
    Flaky,
    /// Failed most often.
    Failures,
}

impl TestSort {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Slowest, Self::Flaky, Self::Failures];

    /// The spelling of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slowest => "slowest",
            Self::Flaky => "flaky",
            Self::Failures => "failures",
        }
    }
}

/// The tests of a build in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TestCounts {
    /// Passed.
    pub passed: u64,
    /// Failed, or could not be run to their end.
    pub failed: u64,
    /// Not run.
    pub skipped: u64,
    /// Failed, and passed in the build that it is compared with.
    pub new_failures: u64,
    /// All their durations, in milliseconds.
    pub duration_ms: u64,
}

/// Lines that can run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// Those that did.
    pub covered: u64,
    /// All.
    pub total: u64,
}

impl Coverage {
    /// In hundredths of a percent, rounded down: 100 % is all.
    pub fn basis_points(self) -> u64 {
        (self.covered * 10_000).checked_div(self.total).unwrap_or(0)
    }
}

/// What a build's steps reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReportSummary {
    /// `None`: no step reported tests.
    pub tests: Option<TestCounts>,
    /// `None`: no step reported coverage.
    pub coverage: Option<Coverage>,
    /// Number of the build that new failures are told by.
    pub compared_with: Option<u64>,
}

/// A test case of a build.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseRow {
    /// Which test.
    pub test: Test,
    /// Position of its job in the build.
    pub job: usize,
    /// Position of its step in the job.
    pub step: usize,
    /// How it ended.
    pub outcome: TestOutcome,
    /// It failed before it passed, in the same run of its tool.
    pub flaked: bool,
    /// It failed, and passed in the build that it is compared with.
    pub is_new: bool,
    /// How long it ran, in milliseconds.
    pub duration_ms: Option<u64>,
    /// What it says about its end.
    pub message: String,
}

/// Which of a build's cases.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CaseFilter {
    /// All.
    #[default]
    All,
    /// With this outcome; failed and error count as one.
    Outcome(TestOutcome),
    /// New failures.
    New,
}

/// In which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CaseOrder {
    /// As reported.
    #[default]
    Reported,
    /// The longest first.
    Slowest,
}

/// One run of a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestRun {
    /// Number of the build.
    pub number: u64,
    /// Its commit.
    pub sha: String,
    /// Its branch; empty for tags.
    pub branch: String,
    /// Position of the job.
    pub job: usize,
    /// Its attempt.
    pub attempt: u32,
    /// Position of the step.
    pub step: usize,
    /// How often the step was tried before in that attempt.
    pub tries: u32,
    /// How it ended.
    pub outcome: TestOutcome,
    /// It failed before it passed, in the same run of its tool.
    pub flaked: bool,
    /// How long it ran, in milliseconds.
    pub duration_ms: Option<u64>,
    /// What it says about its end.
    pub message: String,
    /// When the build was made.
    pub created: slipway_pipelines::state::Millis,
}
