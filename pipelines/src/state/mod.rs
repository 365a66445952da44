//! The machines of build, job and step. States carry their data; one function a machine moves them; finished is
//! final (DESIGN, invariant 2). Times are Unix milliseconds, given by the caller.

mod build;
mod job;
mod status;
mod step;

pub use build::{BuildState, fold_jobs};
pub use job::{JobEvent, JobState, Lease};
pub use status::{Finish, Reason, Status};
pub use step::{StepEvent, StepState};

/// Unix milliseconds.
pub type Millis = i64;

/// Why an event does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// The event is from a runner whose lease is not the current one. Its runner must stop the job.
    #[error("the lease is stale")]
    Stale,
    /// The state already is what the event would make it: a repeated message, harmless.
    #[error("already so")]
    Repeated,
    /// The state is final.
    #[error("already finished")]
    Finished,
    /// The event makes no sense in this state.
    #[error("not possible in this state")]
    OutOfOrder,
}
