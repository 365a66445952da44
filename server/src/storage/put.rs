//! Putting a body into the storage, whole or not at all.

use std::error::Error;

use bytes::Bytes;
use futures_util::Stream;
use object_store::{ObjectStoreExt, PutPayload};

use super::{Storage, StorageError, body::Body, objects::path, upload::Upload};

/// What an object must be. By default anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expected {
    /// Most bytes.
    pub most: Option<u64>,
    /// Length in bytes.
    pub size: Option<u64>,
    /// SHA-256.
    pub sha256: Option<[u8; 32]>,
}

/// What was put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of it.
    pub sha256: [u8; 32],
}

impl Stored {
    /// The SHA-256 in hexadecimal.
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }
}

impl Storage {
    /// Puts a body. Nobody sees the object before it is whole and on the disk; one of that key is replaced then. If it
    /// fails, or the future is dropped, nothing of it stays.
    pub async fn put<E>(
        &self,
        key: &str,
        body: impl Stream<Item = Result<Bytes, E>>,
        expected: Expected,
    ) -> Result<Stored, StorageError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let path = path(key)?;
        let mut body = Body::new(body, expected);
        let mut part = body.part().await?;
        if part.last {
            let stored = body.finish()?;
            self.store.put(&path, part.chunks.into_iter().collect::<PutPayload>()).await?;
            return Ok(stored);
        }
        let mut upload = Upload::new(self.store.put_multipart(&path).await?);
        loop {
            if !part.chunks.is_empty() {
                upload.send(part.chunks).await?;
            }
            if part.last {
                break;
            }
            part = body.part().await?;
        }
        let stored = body.finish()?;
        upload.complete().await?;
        Ok(stored)
    }

    /// Puts bytes that are in memory.
    pub async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<Stored, StorageError> {
        let body = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)]);
        self.put(key, body, Expected::default()).await
    }
}
