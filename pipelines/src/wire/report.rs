//! What steps reported: results of tests and coverage. The runner reads the files; what travels is small, checked and masked.

use serde::{Deserialize, Serialize};

use crate::{lease::Claim, plan::ReportKind};

/// Most test cases or files of one part.
pub const MOST_PART_ITEMS: usize = 500;
/// Longest name of a test, suite or file, in bytes.
pub const MOST_NAME: usize = 1024;
/// Longest message of a test case, in bytes.
pub const MOST_MESSAGE: usize = 4096;

/// A step of a job reports.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reported {
    /// Which run.
    pub claim: Claim,
    /// What.
    pub report: ReportPart,
}

/// A part of a report. Parts of one file come in order; one that comes again is passed over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReportPart {
    /// Position of the step.
    pub step: usize,
    /// How often the step was tried before in this run.
    pub tries: u32,
    /// How the file is written.
    pub kind: ReportKind,
    /// The file, relative to the checkout.
    pub path: String,
    /// Which part, from 0.
    pub part: u32,
    /// What is in it.
    pub content: ReportContent,
}

/// What a part has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportContent {
    /// Of a file of test results.
    Tests(Vec<TestCase>),
    /// Of a file of coverage.
    Coverage(Vec<FileCoverage>),
}

/// One test, run once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TestCase {
    /// What it belongs to: a class, a package, a file. May be empty.
    pub suite: String,
    /// Its name in the suite.
    pub name: String,
    /// The file that it is in, if the report says so.
    pub file: Option<String>,
    /// How it ended.
    pub outcome: TestOutcome,
    /// How long it ran, in milliseconds.
    pub duration_ms: Option<u64>,
    /// What it says about a bad end, or why it was skipped; may be empty.
    pub message: String,
    /// It failed before it passed, in the same run: the test tool itself tried it again.
    pub flaked: bool,
}

/// How a test ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// As it should.
    Passed,
    /// What it checks does not hold.
    Failed,
    /// It could not be run to its end.
    Error,
    /// It was not run.
    Skipped,
}

impl TestOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Failed, Self::Error, Self::Skipped];

    /// The spelling of API and database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }

    /// The inverse of [`TestOutcome::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }

    /// Whether it did not pass though it ran.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }
}

/// How much of a source file was run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileCoverage {
    /// The file.
    pub file: String,
    /// Its lines that can run and did.
    pub covered: u32,
    /// Its lines that can run.
    pub total: u32,
}
