//! The log files of all steps, and who may write them.

use std::{
    collections::HashMap,
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use bytes::Bytes;
use slipway_pipelines::ids::JobId;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use super::{
    LogAddress, Tail,
    archive::Archive,
    file::{Extent, LogFile},
    gates::Gates,
    lines::LineIndex,
};
use crate::{storage::Storage, store::LogIndex};

/// Searches through whole logs at once; more wait for their turn.
const SEARCHES: usize = 2;

/// All logs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Logs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    /// Logs that are written or watched now. An entry goes when its step is finished.
    open: Mutex<HashMap<LogAddress, Arc<LogFile>>>,
    /// Where logs of attempts that are over go.
    archive: OnceLock<Archive>,
    /// Appends under way.
    gates: Gates,
    /// Tells the archiver that an attempt is over.
    over: Notify,
    /// Searches that may go on at once.
    searches: Arc<Semaphore>,
}

/// Why bytes were not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The offset is beyond the committed length: bytes are missing in between.
    #[error("the offset leaves a gap: {committed} bytes are committed")]
    Gap {
        /// Length of the log in bytes.
        committed: u64,
    },
    /// The claim is not the job's current one.
    #[error("the lease is stale")]
    Stale,
    /// The disk is full. Nothing of the append is kept.
    #[error("the disk is full")]
    Full,
    /// The disk failed. What is committed stays; the append may be sent again.
    #[error("log file: {0}")]
    Io(io::Error),
}

impl Logs {
    /// The logs below a folder, which is made when the first is written.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let (open, archive) = (Mutex::default(), OnceLock::new());
        let inner = Inner {
            root: root.into(),
            open,
            archive,
            gates: Gates::default(),
            over: Notify::new(),
            searches: Arc::new(Semaphore::new(SEARCHES)),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Says where logs go whose attempt is over. Before, only files are found.
    pub fn archive_in(&self, storage: Storage, index: LogIndex) {
        // A second call would say the same.
        let _ = self.inner.archive.set(Archive::new(storage, index));
    }

    /// Puts bytes at an offset and returns the committed length. What is already there is skipped. When it returns, all
    /// that it answers is on the disk; viewers see the bytes before that.
    pub async fn append(&self, address: LogAddress, offset: u64, bytes: Bytes) -> Result<u64, AppendError> {
        self.append_if(address, offset, bytes, || true).await
    }

    /// The same, if `current` says that the writer still holds the job. It is asked after the log is open, so that a
    /// log which is [reset](Logs::reset) meanwhile never gets the bytes of the writer before.
    pub async fn append_if(
        &self,
        address: LogAddress,
        offset: u64,
        bytes: Bytes,
        current: impl FnOnce() -> bool,
    ) -> Result<u64, AppendError> {
        let gate = self.inner.gates.enter(address.job).await;
        let log = self.entry(address);
        if !current() {
            return Err(AppendError::Stale);
        }
        // The gate goes with the work: it may outlive whoever asked for it.
        let work = move || {
            let appended = log.append(offset, &bytes);
            drop(gate);
            appended
        };
        blocking(work).await.map_err(AppendError::Io)?
    }

    /// Length in bytes of what can be read; 0 when there is none. An error of kind `NotFound`: the log was removed after
    /// its time.
    pub async fn length(&self, address: LogAddress) -> io::Result<u64> {
        let log = self.known(address);
        match (blocking(move || log.length()).await?, self.archive()) {
            (Some(length), _) => Ok(length),
            (None, Some(archive)) => archive.length(address).await,
            (None, None) => Ok(0),
        }
    }

    /// Length in bytes of what is surely on the disk: where a writer goes on.
    pub async fn committed(&self, address: LogAddress) -> io::Result<u64> {
        let log = self.known(address);
        blocking(move || log.committed()).await?
    }

    /// The bytes of a range that are there. The file is asked first, the storage after it: in the order in which one
    /// takes the other's place.
    pub async fn read(&self, address: LogAddress, range: Range<u64>) -> io::Result<Bytes> {
        let (log, part) = (self.detached(address), range.clone());
        match (blocking(move || log.read(part)).await??, self.archive()) {
            (Some(bytes), _) => Ok(bytes),
            (None, Some(archive)) => archive.read(address, range).await,
            (None, None) => Ok(Bytes::new()),
        }
    }

    /// Which line is where, as far as the log is written now. It is asked for as bytes are.
    pub async fn lines(&self, address: LogAddress) -> io::Result<Arc<LineIndex>> {
        let log = self.detached(address);
        match (blocking(move || log.index()).await??, self.archive()) {
            (Some(index), _) => Ok(Arc::new(index)),
            (None, Some(archive)) => archive.lines(address).await,
            (None, None) => Ok(Arc::default()),
        }
    }

    /// Waits for a turn to search; it lasts until the answer is dropped.
    pub async fn searching(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.inner.searches).acquire_owned().await.ok()
    }

    /// Follows a log of a step that is not finished. Use [`App::tail`](crate::app::App::tail), which knows whether it is.
    pub fn tail(&self, address: LogAddress, from: u64) -> Tail {
        let extent = self.entry(address).watch();
        Tail::new(self.clone(), address, extent, from)
    }

    /// Reads a log of a finished step to its end.
    pub async fn tail_finished(&self, address: LogAddress, from: u64) -> io::Result<Tail> {
        let length = self.length(address).await?;
        let (_, extent) = watch::channel(Extent { length, closed: true });
        Ok(Tail::new(self.clone(), address, extent, from))
    }

    /// The step is finished: its viewers end when they have everything.
    pub fn close(&self, address: LogAddress) {
        if let Some(log) = self.open().remove(&address) {
            log.close();
        }
    }

    /// Takes back all logs of an attempt, because another runner starts it from the beginning. A writer that is under
    /// way writes into nothing.
    pub fn reset(&self, job: JobId, attempt: u32) -> io::Result<()> {
        let mut open = self.open();
        let addresses: Vec<_> = open.keys().filter(|a| a.job == job && a.attempt == attempt).copied().collect();
        for address in addresses {
            if let Some(log) = open.remove(&address) {
                open.insert(address, log.replace());
            }
        }
        match std::fs::remove_dir_all(LogAddress::folder(&self.inner.root, job, attempt)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Tells the archiver that an attempt is over.
    pub(crate) fn attempt_over(&self) {
        self.inner.over.notify_one();
    }

    pub(super) async fn over(&self) {
        self.inner.over.notified().await;
    }

    /// Waits for the appends to a job's logs that are under way.
    pub(super) async fn settled(&self, job: JobId) {
        self.inner.gates.settled(job).await;
    }

    pub(super) fn archive(&self) -> Option<&Archive> {
        self.inner.archive.get()
    }

    pub(super) fn root(&self) -> &Path {
        &self.inner.root
    }

    fn open(&self) -> MutexGuard<'_, HashMap<LogAddress, Arc<LogFile>>> {
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open log, or one that only this caller uses.
    fn known(&self, address: LogAddress) -> Arc<LogFile> {
        let known = self.open().get(&address).cloned();
        known.unwrap_or_else(|| self.detached(address))
    }

    fn entry(&self, address: LogAddress) -> Arc<LogFile> {
        self.open().entry(address).or_insert_with(|| self.detached(address)).clone()
    }

    fn detached(&self, address: LogAddress) -> Arc<LogFile> {
        Arc::new(LogFile::new(address.file(&self.inner.root)))
    }
}

/// Runs disk work off the async threads.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}
