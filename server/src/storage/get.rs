//! Reading an object.

use std::{io::SeekFrom, ops::Range};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{GetOptions, GetResultPayload, ObjectStore};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::{Storage, StorageError, objects::path};

/// Bytes read at once from a file.
const CHUNK: usize = 512 * 1024;

/// An object, or a range of it, that is read.
pub struct Object {
    /// Length in bytes of the whole object.
    pub size: u64,
    /// What of it comes.
    pub range: Range<u64>,
    /// The bytes of the range.
    pub bytes: BoxStream<'static, Result<Bytes, StorageError>>,
}

impl Storage {
    /// An object, or the part of a range that it has. The range must not begin behind its end.
    pub async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Object, StorageError> {
        let options = GetOptions { range: range.map(Into::into), ..GetOptions::default() };
        let found = self.store.get_opts(&path(key)?, options).await?;
        let (size, range) = (found.meta.size, found.range.clone());
        let bytes = match found.payload {
            GetResultPayload::File(file, _) => {
                let mut file = tokio::fs::File::from_std(file);
                file.set_max_buf_size(CHUNK);
                file.seek(SeekFrom::Start(range.start)).await?;
                let file = file.take(range.end - range.start);
                ReaderStream::with_capacity(file, CHUNK).map_err(StorageError::from).boxed()
            }
            GetResultPayload::Stream(stream) => stream.map_err(StorageError::from).boxed(),
        };
        Ok(Object { size, range, bytes })
    }

    /// A small object, or a range of one, in memory.
    pub async fn get_bytes(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StorageError> {
        let mut object = self.get(key, range).await?;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = object.bytes.try_next().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object").field("size", &self.size).field("range", &self.range).finish_non_exhaustive()
    }
}
