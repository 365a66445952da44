//! Drives the real binary from outside: real `git`, real Docker, an HTTP client, a browser.
//!
//! Nothing here sleeps for a fixed time: [`wait::until`] asks until a condition holds or a deadline passes. A test ends with
//! `Server::finish`, which fails when the server panicked, does not stop, or leaves anything in Docker.

pub(crate) mod api;
pub(crate) mod axe;
pub(crate) mod build;
pub(crate) mod chromium;
pub(crate) mod disk;
pub(crate) mod docker;
pub(crate) mod git;
pub(crate) mod hook;
pub(crate) mod image;
pub(crate) mod process;
pub(crate) mod registry;
pub(crate) mod runner;
pub(crate) mod s3;
pub(crate) mod server;
pub(crate) mod sse;
pub(crate) mod wait;
