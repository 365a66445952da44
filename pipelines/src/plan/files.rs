//! Files that cross the border of a job: what a step takes in before it starts, and what is kept after it.
//!
//! All paths are relative to the checkout, with `/` between their parts, checked by the compiler: none is absolute or has `..`.
//! Patterns are globs as in `when.path`: `*`, `**`, `?`, `{a,b}`; a folder stands for all that is in it.

use serde::{Deserialize, Serialize};

use super::Cache;

/// All of them. Empty for most steps.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Files {
    /// What is kept of the step's work.
    pub artifacts: Option<Artifacts>,
    /// Artifacts of earlier jobs, put into the workspace before the step starts.
    pub artifacts_from: Vec<ArtifactsFrom>,
    /// Restored before the step starts, saved after it ended well.
    pub caches: Vec<Cache>,
    /// What the server reads and shows.
    pub reports: Vec<Report>,
}

/// An `artifacts:` section.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Artifacts {
    /// Patterns of what is kept; one that begins with `!` takes away again.
    pub paths: Vec<String>,
    /// After which ends.
    pub on: KeepOn,
    /// How long they are kept, in seconds; the server's own retention without.
    pub expire_seconds: Option<u64>,
}

/// After which ends of a step something is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepOn {
    /// Exit code 0.
    #[default]
    Success,
    /// Any other end of its own, also out of memory or time.
    Failure,
    /// Both.
    Always,
}

impl KeepOn {
    /// Whether it fits.
    pub fn fits(self, ended_well: bool) -> bool {
        match self {
            Self::Success => ended_well,
            Self::Failure => !ended_well,
            Self::Always => true,
        }
    }
}

/// An item of `artifacts_from:`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ArtifactsFrom {
    /// Name of the workflow that made them; of a matrix all cells. The job needs it, directly or not.
    pub workflow: String,
    /// Patterns of which; empty: all.
    pub paths: Vec<String>,
    /// Folder that they are put into, each under its own path; empty: the checkout.
    pub to: String,
}

/// An item of `reports:`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// How they are written.
    pub kind: ReportKind,
    /// Patterns of the files.
    pub paths: Vec<String>,
}

/// A form of reports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// Results of tests: JUnit XML.
    Junit,
    /// Coverage: Cobertura XML.
    Cobertura,
    /// Coverage: LCOV's `lcov.info`.
    Lcov,
}

impl ReportKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Junit, Self::Cobertura, Self::Lcov];

    /// The spelling of pipelines, API and database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Cobertura => "cobertura",
            Self::Lcov => "lcov",
        }
    }
}

impl Files {
    /// Whether there is nothing to take in and nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.artifacts.is_none() && self.artifacts_from.is_empty() && self.caches.is_empty() && self.reports.is_empty()
    }
}
