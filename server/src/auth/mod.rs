//! Who asks. Handlers take an extractor as an argument: a route without one is public, and [`crate::routes`] shows which.

mod extract;
mod git;

pub use extract::{Admin, RunnerAuth, SESSION_COOKIE, Viewer, identify};
pub use git::{GitAccess, GitAuth};
