//! What every handler works with.

use std::{ops::Deref, sync::Arc};

use slipway_pipelines::ids::{BuildId, RunnerId};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    logs::{LogAddress, Logs, Tail, TailError},
    news::News,
    provenance::ProvenanceKey,
    queue::Dispatcher,
    storage::Storage,
    store::{Effects, Store, StoreError, model::Again},
};

/// The server's parts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    inner: Arc<Parts>,
}

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// The rows.
    pub store: Store,
    /// Queued jobs and waiting runners.
    pub dispatcher: Dispatcher,
    /// The log files.
    pub logs: Logs,
    /// Artifacts, caches and finished logs.
    pub storage: Storage,
    /// The key that vouches for what builds made.
    pub provenance: ProvenanceKey,
    /// Tells who looks at a build that it changed.
    pub news: News,
    /// What the server was told at its start.
    pub config: Config,
    /// Cancelled when the server stops: long polls and streams end then.
    pub stopping: CancellationToken,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.inner
    }
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self { inner: Arc::new(parts) }
    }

    /// Cancels a build: what waits is cancelled at once, what runs is told to stop. `by` is a name for people.
    pub async fn cancel_build(&self, build: BuildId, by: &str) -> Result<(), StoreError> {
        self.store.cancel_build(build, by).await?;
        tracing::info!(build.id = %build, by, "build {build} cancelled");
        Ok(())
    }

    /// Lets a build run that waits for somebody's word.
    pub async fn approve_build(&self, build: BuildId, by: &str) -> Result<(), StoreError> {
        self.store.approve_build(build, by).await?;
        tracing::info!(build.id = %build, by, "build {build} approved");
        Ok(())
    }

    /// Runs jobs of a finished build again.
    pub async fn retry_build(&self, build: BuildId, what: Again, by: &str) -> Result<(), StoreError> {
        let jobs = format!("{what:?}");
        self.store.retry_build(build, what).await?;
        tracing::info!(build.id = %build, by, jobs, "build {build} runs again");
        Ok(())
    }

    /// Keeps new jobs from a runner; it finishes what it has. It is so over restarts of both, until [`App::resume_runner`].
    pub async fn drain_runner(&self, runner: RunnerId, by: &str) -> Result<(), StoreError> {
        // The board first, so that nothing is matched meanwhile.
        self.dispatcher.drain(runner, true);
        if let Err(error) = self.store.drain_runner(runner, Some(by)).await {
            self.dispatcher.drain(runner, false);
            return Err(error);
        }
        tracing::info!(runner.id = %runner, by, "runner {runner} is drained");
        Ok(())
    }

    /// Gives a drained runner jobs again.
    pub async fn resume_runner(&self, runner: RunnerId, by: &str) -> Result<(), StoreError> {
        self.store.drain_runner(runner, None).await?;
        self.dispatcher.drain(runner, false);
        tracing::info!(runner.id = %runner, by, "runner {runner} gets jobs again");
        Ok(())
    }

    /// Gives nothing to any runner; what runs goes on. It is so over restarts, until [`App::resume_queue`].
    pub async fn pause_queue(&self, by: &str) -> Result<(), StoreError> {
        self.dispatcher.pause(true);
        if let Err(error) = self.store.pause_queue(by).await {
            self.dispatcher.pause(false);
            return Err(error);
        }
        tracing::info!(by, "the queue is paused");
        Ok(())
    }

    /// Ends the pause of the queue.
    pub async fn resume_queue(&self, by: &str) -> Result<(), StoreError> {
        self.store.resume_queue().await?;
        self.dispatcher.pause(false);
        tracing::info!(by, "the queue goes on");
        Ok(())
    }

    /// Follows a step's log from an offset, to its end if the step is finished. The caller also watches
    /// [`Parts::stopping`].
    pub async fn tail(&self, address: LogAddress, from: u64) -> Result<Tail, TailError> {
        // Open first, look second: an end in between closes the open one.
        let tail = self.logs.tail(address, from);
        let step = self.store.step_address(address.job, Some(address.attempt), address.step).await;
        match step {
            Ok(Some(step)) if !step.ended => Ok(tail),
            Ok(Some(_)) => {
                self.logs.close(address);
                Ok(self.logs.tail_finished(address, from).await?)
            }
            Ok(None) => {
                self.logs.close(address);
                Err(StoreError::NotFound.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Hands on what a commit changed: to the leases, the logs, those who look, and the queue, in this order.
pub(crate) fn spread(dispatcher: &Dispatcher, logs: &Logs, news: &News, effects: Effects) {
    dispatcher.note_leases(&effects.jobs);
    // The next runner begins these logs from nothing: before it can be given the job.
    for (job, attempt) in effects.reset {
        if let Err(error) = logs.reset(job, attempt) {
            tracing::error!(%error, job.id = %job, "the logs of a job could not be taken back");
        }
    }
    effects.closed.into_iter().for_each(|address| logs.close(address));
    if effects.jobs.iter().any(|change| change.state.status().is_final()) {
        logs.attempt_over();
    }
    effects.builds.into_iter().for_each(|build| news.publish(build));
    dispatcher.note_queue(&effects.jobs);
}
