//! A job that this runner is done with.

use std::sync::Arc;

use slipway_pipelines::state::Finish;
use tokio::task::JoinSet;

use crate::{executor::Executor, spool::JobSpool};

/// How it came to that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It ended, and that was acknowledged.
    Finished(Finish),
    /// It was taken away: nothing was said about its end.
    Dropped,
}

/// What is left of the job: the slot is free, its containers are still there.
#[derive(Debug)]
pub struct Done<J> {
    /// How it ended for this runner.
    pub outcome: Outcome,
    pub(super) job: Option<J>,
    pub(super) tasks: JoinSet<()>,
    pub(super) spool: Option<Arc<JobSpool>>,
}

impl<J: Send + Sync> Done<J> {
    /// The job on the executor, if it came to one: until it is closed its containers can be looked at.
    pub fn job(&self) -> Option<&J> {
        self.job.as_ref()
    }

    /// Removes everything of the job from the machine.
    pub async fn close<E: Executor<Job = J>>(mut self, executor: &E) {
        // A container must not be made behind the removal's back.
        self.tasks.shutdown().await;
        if let Some(job) = &self.job {
            executor.close(job).await;
        }
        if let Some(spool) = &self.spool {
            spool.remove();
        }
    }
}
