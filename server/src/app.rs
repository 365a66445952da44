//! What every handler works with.

use std::{ops::Deref, sync::Arc};

use slipway_pipelines::ids::BuildId;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    logs::{LogAddress, Logs, Tail},
    news::News,
    queue::Dispatcher,
    store::{Store, StoreError},
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
    pub async fn cancel_build(&self, _build: BuildId, _by: &str) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    /// Runs the jobs of a finished build again that did not end well; all of them when all did.
    pub async fn retry_build(&self, _build: BuildId, _by: &str) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    /// Follows a step's log from an offset, to its end if the step is finished. The caller also watches
    /// [`Parts::stopping`].
    pub async fn tail(&self, address: LogAddress, from: u64) -> Result<Tail, StoreError> {
        // Open first, look second: an end in between closes the open one.
        let tail = self.logs.tail(address, from);
        match self.store.step_address(address.job, Some(address.attempt), address.step).await? {
            Some(step) if !step.ended => Ok(tail),
            Some(_) => {
                self.logs.close(address);
                Ok(self.logs.tail_finished(address, from))
            }
            None => {
                self.logs.close(address);
                Err(StoreError::NotFound)
            }
        }
    }
}
