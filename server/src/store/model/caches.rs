//! Entries of caches.

use slipway_pipelines::{ids::RepositoryId, state::Millis, wire::CacheEntry};
use uuid::Uuid;

/// An entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cached {
    /// What runners are told of it.
    pub entry: CacheEntry,
    /// The branch whose builds write it.
    pub scope: String,
    /// Why it has no bytes.
    pub problem: Option<String>,
    /// When it was saved.
    pub created: Millis,
    /// When it was last restored, or saved.
    pub used: Millis,
}

/// An entry to add.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in the entry")]
pub struct NewCached {
    pub id: Uuid,
    pub repository: RepositoryId,
    pub scope: String,
    pub key: String,
    pub form: String,
    pub bytes: u64,
    pub sha256: String,
    pub problem: Option<String>,
}
