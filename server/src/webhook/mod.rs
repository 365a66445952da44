//! Webhooks: `POST /hooks/FORGE/ID`.
//!
//! Size, repository, signature over the raw bytes, and only then the body is parsed; the delivery is stored before it is answered,
//! and worked on after that (`intake`).

mod envelope;
mod generic;
mod gitea;
mod github;
mod gitlab;
pub mod handler;
mod payload;
mod pull_request;
mod pulled;
mod pushed;
mod released;
mod signature;

pub(crate) use payload::{Meaning, parse};

#[cfg(test)]
mod tests;
