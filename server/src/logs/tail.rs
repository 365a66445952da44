//! Following a log.

use std::{io, sync::Arc};

use bytes::Bytes;
use tokio::sync::watch;

use super::{
    file::{Extent, LogFile},
    files::blocking,
};

/// Most bytes given at once.
const CHUNK: u64 = 256 * 1024;

/// A viewer of a log. It holds a position, no bytes: all viewers read the same file.
#[derive(Debug)]
pub struct Tail {
    log: Arc<LogFile>,
    extent: watch::Receiver<Extent>,
    position: u64,
}

impl Tail {
    pub(super) fn new(log: Arc<LogFile>, from: u64) -> Self {
        Self { extent: log.watch(), log, position: from }
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
                let (log, start) = (Arc::clone(&self.log), self.position);
                let end = seen.length.min(start + CHUNK);
                let bytes = blocking(move || log.read(start..end)).await??;
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
