//! Which appends are under way.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use slipway_pipelines::ids::JobId;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

/// Gates; jobs share them.
const GATES: usize = 64;

/// Lets appends in, and waits for those that are in. An append asks within its gate whether its lease is in force: so
/// whoever waits after the lease's end waits for all that got a yes.
#[derive(Debug)]
pub(super) struct Gates {
    gates: Vec<Arc<RwLock<()>>>,
}

impl Default for Gates {
    fn default() -> Self {
        Self { gates: (0..GATES).map(|_| Arc::default()).collect() }
    }
}

impl Gates {
    /// Lets an append in, until the answer is dropped.
    pub(super) async fn enter(&self, job: JobId) -> OwnedRwLockReadGuard<()> {
        Arc::clone(self.of(job)).read_owned().await
    }

    /// Waits for all that are in.
    pub(super) async fn settled(&self, job: JobId) {
        drop(self.of(job).write().await);
    }

    fn of(&self, job: JobId) -> &Arc<RwLock<()>> {
        let mut hasher = DefaultHasher::new();
        job.hash(&mut hasher);
        &self.gates[hasher.finish() as usize % GATES]
    }
}
