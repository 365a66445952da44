//! Who keeps files of a step beyond its job and gives them to later jobs: the server, or a folder for a job that runs without one.

use std::{future::Future, io};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use slipway_pipelines::wire::{KeptFile, Room};

use crate::{executor::Tar, reporter::Fenced};

/// Keeps artifacts. Its methods try once; whoever calls them tries again.
pub trait Keeper: Clone + Send + Sync + 'static {
    /// Forgets what was kept of the step before, and says how much it may keep.
    fn clear_artifacts(&self, step: usize) -> impl Future<Output = Result<Room, KeepError>> + Send;

    /// Keeps a file of so many bytes; one of the same path is replaced.
    fn keep_artifact(
        &self,
        step: usize,
        file: KeptFile,
        size: u64,
        bytes: Pieces,
    ) -> impl Future<Output = Result<(), KeepError>> + Send;

    /// What an item of the step's `artifacts_from` means, by its position.
    fn take_artifacts(&self, step: usize, item: usize) -> impl Future<Output = Result<Taken, KeepError>> + Send;
}

/// The bytes of a file, piece by piece.
pub type Pieces = BoxStream<'static, io::Result<Bytes>>;

/// Artifacts of other jobs.
pub struct Taken {
    /// How many files and links there are.
    pub files: u64,
    /// Their bytes together.
    pub bytes: u64,
    /// All of them, each with its path.
    pub tar: Tar,
}

/// Why something is not kept or not given.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeepError {
    /// The job is not ours any more.
    #[error("{0}")]
    Fenced(#[from] Fenced),
    /// It will not be kept, however often it is asked: too large, or no path that is taken. A sentence for people.
    #[error("{0}")]
    Refused(String),
    /// There is no space left for it.
    #[error("{0}")]
    Full(String),
    /// Not now: perhaps the next time.
    #[error("{0}")]
    Later(String),
}
