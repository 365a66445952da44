//! Who hears what a job does: the server, or, for a job that runs without one, the terminal.

use std::{collections::BTreeMap, future::Future};

use bytes::Bytes;
use slipway_pipelines::wire::JobNews;

/// Takes a job's news and logs. Its methods try again for as long as it takes; a caller that has no more time drops the future.
pub trait Reporter: Clone + Send + Sync + 'static {
    /// How much of each step's log is stored already, in bytes; a step without a log is left out.
    fn committed(&self) -> impl Future<Output = Result<BTreeMap<usize, u64>, Fenced>> + Send;

    /// Hands over log bytes of a step. Gives the length that is stored, which may be more or less than what was handed over.
    fn append(&self, step: usize, offset: u64, bytes: Bytes) -> impl Future<Output = Result<u64, Fenced>> + Send;

    /// Tells news, in order.
    fn tell(&self, news: Vec<JobNews>) -> impl Future<Output = Result<(), Fenced>> + Send;
}

/// The job is not ours any more: its containers must go, and nothing more is said about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the lease of the job is not the current one")]
pub struct Fenced;
