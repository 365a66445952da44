//! The handle of the database.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::SqlitePool;
use tokio_util::task::TaskTracker;

use super::{
    StoreError,
    writer::{Tx, Writer},
};
use crate::{source::Locks, vault::Vault};

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) writer: Writer,
    pub(super) readers: SqlitePool,
    pub(super) vault: Vault,
    /// Whose turn it is to make a build of a repository.
    pub(super) creating: Arc<Locks>,
    pub(super) public_url: Arc<str>,
    pub(super) tasks: TaskTracker,
}

impl Store {
    /// Runs an operation in a transaction; see [`Writer::write`].
    pub(super) async fn write<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        self.writer.write(operation).await
    }
}
