//! Caches: who may have which entry, where their bytes are, and how they go.

mod bytes;
mod find;
mod scope;
mod sweep;

pub(crate) use bytes::{TakeError, forget, open, take};
pub(crate) use find::find;
pub(crate) use scope::Scopes;
pub(crate) use sweep::run as sweep;

/// Largest part of a repository's limit that one entry may take: the half, so that two have room.
pub(crate) fn most_of_one(limit: u64) -> u64 {
    limit / 2
}
