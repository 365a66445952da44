//! What a job was compiled to.

use slipway_pipelines::plan::{Plan, RunsOn};

/// A job as it was compiled.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// Positions of the jobs that it waits for.
    pub needs: Vec<usize>,
    /// On which of their outcomes it runs.
    pub runs_on: RunsOn,
    /// With names of secrets, never their values.
    pub plan: Plan,
}
