//! What goes into the schedule and what comes out. Steps are named by their position in the plan.

use std::time::Duration;

use slipway_pipelines::state::{Finish, Millis};

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
    /// The service can be talked to.
    Ready(usize),
    /// The service cannot be talked to, in time or ever.
    NotReady(usize, Failed),
    /// What was left of the step's earlier try is gone: the next may begin.
    Cleared(usize),
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
    /// Pause, clear away what is left of the step's last try, and say when that is done.
    Again(usize, Again),
    /// Stop the step, whatever it is doing. One that was not let go is simply forgotten: its end is already decided.
    Stop(usize),
    /// The step's end is decided, left out or run.
    End(usize, Finish),
    /// The step's failure cancels the whole build.
    CancelBuild(usize),
    /// Every step has its end, and so has the job.
    Finish(Finish),
}

/// A try to come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Again {
    /// Which retry, from 1.
    pub retry: u32,
    /// Most retries.
    pub most: u32,
    /// Pause before it.
    pub delay: Duration,
    /// How the last try ended.
    pub after: Finish,
}

/// What is known of a step when a schedule begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// Nothing happened yet.
    Waiting,
    /// It was let go.
    Running,
    /// Its last try is over, the next begins then.
    Pausing {
        /// By the wall clock, since an earlier process began the pause.
        until: Millis,
    },
    /// It has its end, and that was reported.
    Ended(Finish),
    /// It had its end in an earlier attempt, and does not run in this one.
    Stands(Finish),
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
