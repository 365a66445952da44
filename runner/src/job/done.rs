//! A job that this runner is done with.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::BoxFuture;
use slipway_pipelines::state::Finish;
use tokio::task::JoinSet;

use crate::{executor::Executor, spool::JobSpool, workspaces::Unsettled};

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
    pub(super) saving: Option<Saving>,
    pub(super) kept: Option<Unsettled>,
}

/// What is saved of a job that ended, before its files go. In a mutex so that it may be shared while it waits.
pub(super) struct Saving(Mutex<BoxFuture<'static, ()>>);

impl Saving {
    pub(super) fn new(save: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Mutex::new(Box::pin(save)))
    }
}

impl fmt::Debug for Saving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Saving")
    }
}

impl<J: Send + Sync> Done<J> {
    /// The job on the executor, if it came to one: until it is closed its containers can be looked at.
    pub fn job(&self) -> Option<&J> {
        self.job.as_ref()
    }

    /// Saves what is to be saved, once. Then nothing of the job holds its reporter any more.
    pub async fn save(&mut self) {
        if let Some(Saving(saving)) = self.saving.take() {
            saving.into_inner().unwrap_or_else(PoisonError::into_inner).await;
        }
    }

    /// Whether the server was told that the workspace stays, so that a later attempt can go on with it.
    pub fn keeps(&self) -> bool {
        self.kept.is_some() && matches!(self.outcome, Outcome::Finished(_))
    }

    /// Saves what is to be saved, and removes everything of the job but its workspace.
    pub async fn keep<E: Executor<Job = J>>(self, executor: &E) {
        self.end(async |job| executor.keep(job).await).await;
    }

    /// Saves what is to be saved, and removes everything of the job from the machine.
    pub async fn close<E: Executor<Job = J>>(self, executor: &E) {
        self.end(async |job| executor.close(job).await).await;
    }

    async fn end(mut self, remove: impl AsyncFnOnce(&J)) {
        // A container must not be made behind the removal's back.
        self.tasks.shutdown().await;
        self.save().await;
        if let Some(job) = &self.job {
            remove(job).await;
        }
        if let Some(spool) = &self.spool {
            spool.remove();
        }
    }
}
