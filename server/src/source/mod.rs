//! Makes sure that a commit is in the server's own copy of its repository. Credentials of forges never leave this module.

mod fetch;
mod host_key;
mod locks;
mod mirror;
mod url;

pub(crate) use locks::Locks;
pub use mirror::{SourceError, ensure_all, ensure_commit, ensure_ref, ensure_revision};
pub use url::{BadUrl, CloneUrl};

#[cfg(test)]
mod tests;
