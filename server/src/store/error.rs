//! Why the store could not do it.

use slipway_pipelines::state::Illegal;

/// An operation of the store that failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The name or id is taken.
    #[error("already exists")]
    Exists,
    /// What the operation is about is not there.
    #[error("not found")]
    NotFound,
    /// The claim is not the job's current one.
    #[error("the lease is stale")]
    Stale,
    /// The build is finished; nothing can be cancelled.
    #[error("the build is finished")]
    BuildFinished,
    /// The build is not finished; nothing can be retried.
    #[error("the build is not finished")]
    BuildUnfinished,
    /// The build does not wait for an approval.
    #[error("the build does not wait for an approval")]
    NotBlocked,
    /// The only token that an administrator could log in with.
    #[error("the last token of an administrator")]
    LastToken,
    /// No job of the build is to run again.
    #[error("no job is to run again")]
    NothingToRetry,
    /// The workspace of this job, which failed, is gone.
    #[error("the workspace of job `{0}` is not kept any more")]
    NotKept(String),
    /// The build has no job of this name.
    #[error("the build has no job `{0}`")]
    NoSuchJob(String),
    /// The runner is drained, or the queue paused.
    #[error("nothing is given out")]
    OnHold,
    /// The job's plan has no step at this position.
    #[error("the job has no step {0}")]
    NoSuchStep(usize),
    /// A part of a report without the one before it.
    #[error("a part of the report is missing")]
    Gap,
    /// The event does not fit the state.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// A value cannot be sealed, or does not open with the key: the row was moved or changed.
    #[error(transparent)]
    Seal(#[from] crate::vault::SealError),
    /// The disk is full.
    #[error("the database's disk is full")]
    Full,
    /// A row is not what this version writes.
    #[error("row of `{table}` is corrupt: {what}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// What about it.
        what: String,
    },
    /// The database failed.
    #[error("database: {0}")]
    Database(sqlx::Error),
    /// The transaction that the operation shared could not be committed. Nothing of it is stored.
    #[error("the commit failed")]
    Commit,
    /// The store is closed: the server stops.
    #[error("the store is closed")]
    Closed,
    /// The operation panicked; it was rolled back.
    #[error("the operation panicked")]
    Panicked,
}

/// `SQLITE_FULL`.
const SQLITE_FULL: &str = "13";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::Exists,
            sqlx::Error::Database(inner) if inner.code().as_deref() == Some(SQLITE_FULL) => Self::Full,
            _ => Self::Database(error),
        }
    }
}
