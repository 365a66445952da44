//! The server's heart over its public doors: store, queue, logs, runner protocol, restart.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod archive;
mod builds;
mod caches;
mod grants;
mod groups;
mod leases;
mod logs;
mod protocol;
mod reports;
mod restart;
mod retries;
mod secrets;
mod store;
mod support;
mod warnings;
mod writer;
