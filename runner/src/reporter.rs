//! Who hears what a job does: the server, or, for a job that runs without one, the terminal.

use std::{collections::BTreeMap, fs::File, future::Future, io, path::Path};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use slipway_pipelines::wire::{CacheAnswer, CacheEntry, CacheOffer, CacheRefusal, CacheWanted, JobNews, ReportPart};

use crate::keeper::Keeper;

/// Takes a job's news and logs. Its methods try again for as long as it takes; a caller that has no more time drops the future.
pub trait Reporter: Keeper {
    /// How much of each step's log is stored already, in bytes; a step without a log is left out.
    fn committed(&self) -> impl Future<Output = Result<BTreeMap<usize, u64>, Fenced>> + Send;

    /// Hands over log bytes of a step. Gives the length that is stored, which may be more or less than what was handed over.
    fn append(&self, step: usize, offset: u64, bytes: Bytes) -> impl Future<Output = Result<u64, Fenced>> + Send;

    /// Tells news, in order.
    fn tell(&self, news: Vec<JobNews>) -> impl Future<Output = Result<(), Fenced>> + Send;

    /// Asks which entry of a cache fits best. As all about caches it tries a few times only: a job can do without.
    fn find_cache(&self, wanted: &CacheWanted) -> impl Future<Output = Result<CacheAnswer, NoCache>> + Send;

    /// Gets an entry.
    fn fetch_cache(&self, entry: &CacheEntry) -> impl Future<Output = Result<CacheBytes, NoCache>> + Send;

    /// Hands over an entry; may take the file away. Also for a while after the job has ended.
    fn save_cache(&self, offer: &CacheOffer, file: &Path) -> impl Future<Output = Result<(), NoCache>> + Send;

    /// Tells why there is no entry to hand over.
    fn refuse_cache(&self, refusal: &CacheRefusal) -> impl Future<Output = Result<(), NoCache>> + Send;

    /// Hands over a part of a report. Gives up on one that is not wanted: what is reported decides about no job.
    fn report(&self, part: ReportPart) -> impl Future<Output = Result<(), NotTaken>> + Send;
}

/// Why a part of a report was not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotTaken {
    /// The job is not ours any more.
    #[error(transparent)]
    Fenced(#[from] Fenced),
    /// It will not be taken, however often it is tried.
    #[error("{0}")]
    Refused(String),
}

/// An entry of a cache that is being read.
pub enum CacheBytes {
    /// It is on this machine, and is what the entry says.
    File(File),
    /// It comes from elsewhere, and may turn out to be something else than the entry says.
    Stream(BoxStream<'static, io::Result<Bytes>>),
}

/// Something about a cache that did not work, in a sentence without its end.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoCache(pub String);

/// The job is not ours any more: its containers must go, and nothing more is said about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the lease of the job is not the current one")]
pub struct Fenced;
