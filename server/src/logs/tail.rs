//! Following a log.

use std::io;

use axum::http::StatusCode;
use bytes::Bytes;
use tokio::sync::watch;

use super::{LogAddress, Logs, file::Extent};
use crate::{error::ApiError, store::StoreError};

/// Most bytes given at once.
const CHUNK: u64 = 256 * 1024;

/// Why a log cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// Its step cannot be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be read; kind `NotFound`: it was removed after its time.
    #[error(transparent)]
    Log(#[from] io::Error),
}

impl From<TailError> for ApiError {
    fn from(error: TailError) -> Self {
        match error {
            TailError::Store(error) => error.into(),
            TailError::Log(error) => unreadable(&error),
        }
    }
}

/// What whoever asks for a log that cannot be read is told.
pub(crate) fn unreadable(error: &io::Error) -> ApiError {
    match error.kind() {
        io::ErrorKind::NotFound => ApiError::new(StatusCode::GONE, "the log was removed after its time")
            .help("how long logs are kept is the server's setting `--log-retention`"),
        _ => ApiError::ours(StatusCode::SERVICE_UNAVAILABLE, "the log cannot be read now", error),
    }
}

/// A viewer of a log. It holds a position, no bytes: all viewers read the same file.
#[derive(Debug)]
pub struct Tail {
    logs: Logs,
    address: LogAddress,
    extent: watch::Receiver<Extent>,
    position: u64,
}

impl Tail {
    pub(super) fn new(logs: Logs, address: LogAddress, extent: watch::Receiver<Extent>, from: u64) -> Self {
        Self { logs, address, extent, position: from }
    }

    /// The next bytes and their offset, as soon as there are some. `None` once the step is finished and everything was
    /// given, or when the disk fails. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<(u64, Bytes)> {
        self.try_next().await.unwrap_or_else(|error| {
            tracing::error!(%error, "reading a log failed");
            None
        })
    }

    async fn try_next(&mut self) -> io::Result<Option<(u64, Bytes)>> {
        loop {
            let seen = *self.extent.borrow_and_update();
            if seen.length > self.position {
                let start = self.position;
                let bytes = self.logs.read(self.address, start..seen.length.min(start + CHUNK)).await?;
                if !bytes.is_empty() {
                    self.position = start + bytes.len() as u64;
                    return Ok(Some((start, bytes)));
                }
                if seen.closed {
                    return Ok(None);
                }
            } else if seen.closed {
                return Ok(None);
            }
            if self.extent.changed().await.is_err() {
                return Ok(None);
            }
        }
    }
}
