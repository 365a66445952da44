//! Slipway's own git remote: git's smart HTTP protocol, version 0, on libgit2.
//!
//! `GET /git/O/R.git/info/refs?service=…` says which refs there are; `POST …/git-upload-pack` gives objects out,
//! `POST …/git-receive-pack` takes them in. No git program is run.
//!
//! A push is safe at every moment: its pack is checked in a quarantine, a delivery is stored for each ref that makes a build, and only
//! then the refs move. What a crash leaves between delivery and build is done at the next start (`intake::replay`).

mod advertise;
mod body;
mod commands;
mod connectivity;
pub mod http;
mod negotiate;
mod outcome;
mod pack;
mod pktline;
mod quarantine;
mod receive;
pub mod repository;
mod response;
mod service;
mod update;
mod upload;

pub(crate) use response::{Bands, Gone};

#[cfg(test)]
mod tests;
