//! The log files of all steps, and who may write them.

use std::{
    collections::HashMap,
    io,
    ops::Range,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use slipway_pipelines::ids::JobId;

use super::{LogAddress, Tail, file::LogFile};

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
        Self { inner: Arc::new(Inner { root: root.into(), open: Mutex::default() }) }
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
        let log = self.entry(address);
        if !current() {
            return Err(AppendError::Stale);
        }
        blocking(move || log.append(offset, &bytes)).await.map_err(AppendError::Io)?
    }

    /// Length in bytes of what can be read; 0 when there is none.
    pub async fn length(&self, address: LogAddress) -> io::Result<u64> {
        let log = self.known(address);
        blocking(move || log.length()).await
    }

    /// Length in bytes of what is surely on the disk: where a writer goes on.
    pub async fn committed(&self, address: LogAddress) -> io::Result<u64> {
        let log = self.known(address);
        blocking(move || log.committed()).await?
    }

    /// The bytes of a range that are there.
    pub async fn read(&self, address: LogAddress, range: Range<u64>) -> io::Result<Bytes> {
        let log = self.detached(address);
        blocking(move || log.read(range)).await?
    }

    /// Follows a log of a step that is not finished. Use [`App::tail`](crate::app::App::tail), which knows whether it is.
    pub fn tail(&self, address: LogAddress, from: u64) -> Tail {
        Tail::new(self.entry(address), from)
    }

    /// Reads a log of a finished step to its end.
    pub fn tail_finished(&self, address: LogAddress, from: u64) -> Tail {
        let log = self.detached(address);
        log.close();
        Tail::new(log, from)
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
