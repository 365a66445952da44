//! What is to run again.

use std::collections::HashMap;

use slipway_pipelines::{ids::RunnerId, lease::Claim};

/// Which jobs of a finished build run again. But for [`Again::FromFailed`] a job starts from its checkout: its workspace went with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Again {
    /// Those that did not end well, with what was left out behind them; all of them when all ended well.
    Needed,
    /// Those that did not end well, with what was left out behind them.
    Failed,
    /// All of them.
    All,
    /// The one of this name, with those that need it, and those that it needs and that did not end well.
    Job(String),
    /// Those that did not end well, or one of them, from the step that failed; the others with them from their start.
    FromFailed(FromFailed),
}

/// A retry from the failed step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FromFailed {
    /// As in [`Again::Job`]; as in [`Again::Failed`] without.
    pub job: Option<String>,
    /// The workspaces that runners still have.
    pub kept: HashMap<Claim, RunnerId>,
}
