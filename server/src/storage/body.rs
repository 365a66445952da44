//! A body cut into parts, counted and hashed on its way.

use std::{error::Error, pin::Pin};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};

use super::{Expected, StorageError, Stored};

/// Size of all parts but the last: what S3 and its like take (5 MiB at least, all of one size, ten thousand at most).
pub(super) const PART: usize = 8 * 1024 * 1024;

/// A body on its way into the storage.
pub(super) struct Body<S> {
    stream: Pin<Box<S>>,
    /// What did not fit into the part before.
    rest: Bytes,
    ended: bool,
    expected: Expected,
    size: u64,
    hash: Sha256,
}

/// A part of a body.
pub(super) struct Part {
    pub(super) chunks: Vec<Bytes>,
    /// No other follows.
    pub(super) last: bool,
}

impl<S, E> Body<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    pub(super) fn new(stream: S, expected: Expected) -> Self {
        let rest = Bytes::new();
        Self { stream: Box::pin(stream), rest, ended: false, expected, size: 0, hash: Sha256::new() }
    }

    /// The next part, empty when the body ended with the part before.
    pub(super) async fn part(&mut self) -> Result<Part, StorageError> {
        let mut chunks = Vec::new();
        let mut room = PART;
        while room > 0 {
            if self.rest.is_empty() {
                let Some(chunk) = self.stream.next().await else {
                    self.ended = true;
                    break;
                };
                self.rest = chunk.map_err(|error| StorageError::Body(error.into()))?;
                self.count()?;
            }
            let chunk = self.rest.split_to(self.rest.len().min(room));
            room -= chunk.len();
            chunks.push(chunk);
        }
        Ok(Part { chunks, last: self.ended })
    }

    fn count(&mut self) -> Result<(), StorageError> {
        self.size += self.rest.len() as u64;
        if let Some(most) = self.expected.most
            && self.size > most
        {
            return Err(StorageError::TooLarge { most });
        }
        if self.expected.size.is_some_and(|size| self.size > size) {
            return Err(StorageError::Mismatch { what: "size" });
        }
        self.hash.update(&self.rest);
        Ok(())
    }

    /// What the whole body was, if it is what was expected.
    pub(super) fn finish(self) -> Result<Stored, StorageError> {
        let stored = Stored { size: self.size, sha256: self.hash.finalize().into() };
        if self.expected.size.is_some_and(|size| stored.size != size) {
            return Err(StorageError::Mismatch { what: "size" });
        }
        if self.expected.sha256.is_some_and(|sha256| stored.sha256 != sha256) {
            return Err(StorageError::Mismatch { what: "SHA-256" });
        }
        Ok(stored)
    }
}
