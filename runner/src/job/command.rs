//! What others want of a job.

use slipway_pipelines::state::Finish;

/// The last word of whoever may stop the job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Nothing: go on.
    GoOn,
    /// Stop the steps, send the logs, end as this.
    Stop(Finish),
    /// The job is not ours any more: kill everything, say nothing.
    Drop,
}
