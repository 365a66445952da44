//! What tests of several modules share: a server in this process, the real git, and a runner that obeys.

mod git;
mod runner;
mod server;

pub(crate) use git::Git;
pub(crate) use runner::Runner;
pub(crate) use server::{ADMIN, RUNNER, Server, eventually};
