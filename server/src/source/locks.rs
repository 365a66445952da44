//! One lock for each repository.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};

use slipway_pipelines::ids::RepositoryId;
use tokio::sync::OwnedMutexGuard;

/// Locks by repository; one that nobody holds or waits for takes no memory for long.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    known: Mutex<HashMap<RepositoryId, Weak<tokio::sync::Mutex<()>>>>,
}

/// Keeps two fetches out of one mirror.
pub(super) static MIRRORS: LazyLock<Locks> = LazyLock::new(Locks::default);

impl Locks {
    /// Waits for its turn.
    pub(crate) async fn lock(&self, repository: RepositoryId) -> OwnedMutexGuard<()> {
        let lock = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, lock| lock.strong_count() > 0);
            let found = known.get(&repository).and_then(Weak::upgrade);
            found.unwrap_or_else(|| {
                let lock = Arc::default();
                known.insert(repository, Arc::downgrade(&lock));
                lock
            })
        };
        lock.lock_owned().await
    }
}
