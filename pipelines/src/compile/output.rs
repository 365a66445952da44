//! What the compiler gives.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    diagnostic::Diagnostic,
    parameter::Parameter,
    plan::{Plan, Retry, RunsOn},
};

/// What a commit's pipeline files mean for one trigger.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Compilation {
    /// In the order of the files' names, matrix cells in their order. Empty when a diagnostic is an error.
    pub jobs: Vec<CompiledJob>,
    /// What the files have and this trigger does not run.
    pub left_out: Vec<LeftOut>,
    /// What a manual build can be given.
    pub parameters: Vec<Parameter>,
    /// All findings, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// One job of a build.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CompiledJob {
    /// Unique in the build: `test`, or `test (GO=1.24, OS=linux)` for a matrix cell.
    pub name: String,
    /// The file's name without its leading dot and extension.
    pub workflow: String,
    /// Positions of the jobs that must be done before.
    pub needs: Vec<usize>,
    /// Which outcomes of those it runs on.
    pub runs_on: RunsOn,
    /// Labels that its runner must have.
    pub labels: BTreeMap<String, String>,
    /// When the server gives it another attempt.
    pub retry: Option<Retry>,
    /// How many of its kind may run at once.
    pub concurrency: Option<Concurrency>,
    /// What the runner does.
    pub plan: Plan,
}

/// A `concurrency:`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Concurrency {
    /// Jobs of a repository with the same group share the limit; the workflow's name by default.
    pub group: String,
    /// Most of them that run at once; others wait, older builds first.
    pub limit: u32,
    /// A newer build of the same ref cancels the group's jobs of older ones.
    pub cancel_superseded: bool,
}

/// Something that a `when` filtered out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeftOut {
    /// ``workflow `deploy` `` or ``step `publish` of `build` ``.
    pub what: String,
    /// ``its `when` takes event `tag`, this is `push` ``.
    pub why: String,
}

impl Compilation {
    /// Whether the pipeline must not run.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}
