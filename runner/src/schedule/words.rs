//! What goes into the schedule and what comes out. Steps are named by their position in the plan.

use slipway_pipelines::state::Finish;

use crate::executor::{Ending, Failed};

/// Something happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The job is open: begin.
    Start,
    /// The checkout step made the workspace.
    CheckedOut(usize),
    /// The empty workspace is there.
    WorkspaceMade,
    /// Not even an empty workspace can be had.
    WorkspaceFailed(Failed),
    /// The step waits for the word.
    Prepared(usize),
    /// The step could not be prepared or let go.
    Failed(usize, Failed),
    /// The step was let go.
    Released(usize),
    /// The step's own shell says its exit code.
    Said(usize, i32),
    /// The step ended, for certain. Also a checkout that failed or was stopped.
    Ended(usize, Ending),
    /// The step ran longer than it may.
    Overdue(usize),
    /// Somebody wants the job to stop, or it ran longer than it may: it ends as this.
    Stop(Finish),
}

/// Something to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Make the workspace from the commit.
    Checkout(usize),
    /// Make an empty workspace.
    EmptyWorkspace,
    /// Get the step ready.
    Prepare(usize),
    /// Let the step go.
    Release(usize),
    /// Stop the step, whatever it is doing. One that was not let go is simply forgotten: its end is already decided.
    Stop(usize),
    /// The step's end is decided, left out or run.
    End(usize, Finish),
    /// The step's failure cancels the whole build.
    CancelBuild(usize),
    /// Every step has its end, and so has the job.
    Finish(Finish),
}

/// What is known of a step when a schedule begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// Nothing happened yet.
    Waiting,
    /// It was let go.
    Running,
    /// It has its end, and that was reported.
    Ended(Finish),
}

/// What there is of the shared volume.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Workspace {
    /// Nothing.
    Missing,
    /// On its way.
    Making,
    /// There.
    Ready,
    /// It cannot be had any more.
    Failed(Failed),
}
