//! Logs in the storage.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
    ops::Range,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::{Stream, stream};

use super::{
    LogAddress,
    files::blocking,
    frames::{Ending, FRAME, Table, compress},
    lines::{self, LineIndex, Marker},
};
use crate::{
    storage::{Expected, Storage, StorageError},
    store::{ArchivedLog, LogIndex},
};

/// How much of an object's end is read for its table: enough for two gigabytes of text.
const ENDING: u64 = 64 * 1024;
/// Most tables kept in memory.
const TABLES: usize = 256;
/// Most indexes kept in memory: one has at most some 150 KB for 100 MB of text.
const INDEXES: usize = 32;
/// Bytes counted at once of a log without an index.
const SCAN: u64 = 1 << 20;

/// Reads and writes logs in the storage.
#[derive(Debug)]
pub(super) struct Archive {
    storage: Storage,
    index: LogIndex,
    tables: Mutex<HashMap<LogAddress, Arc<Table>>>,
    indexes: Mutex<HashMap<LogAddress, Arc<LineIndex>>>,
}

impl Archive {
    pub(super) fn new(storage: Storage, index: LogIndex) -> Self {
        Self { storage, index, tables: Mutex::default(), indexes: Mutex::default() }
    }

    /// Length in bytes of the text; 0 when there is none. Kind `NotFound`: it was removed after its time.
    pub(super) async fn length(&self, address: LogAddress) -> io::Result<u64> {
        Ok(self.find(address).await?.map_or(0, |(length, _)| length))
    }

    /// The bytes of a range that are there.
    pub(super) async fn read(&self, address: LogAddress, range: Range<u64>) -> io::Result<Bytes> {
        let Some((length, stored)) = self.find(address).await? else { return Ok(Bytes::new()) };
        if range.start >= range.end.min(length) {
            return Ok(Bytes::new());
        }
        let table = self.table(address, stored).await?;
        let Some(span) = table.span(range.clone()) else { return Ok(Bytes::new()) };
        let frames = self.storage.get_bytes(&address.object(), Some(span.stored.clone())).await.map_err(lost)?;
        blocking(move || span.text(&frames, range).map(Bytes::from)).await?
    }

    /// Puts a file that nobody writes any more. Returns the length of its text and of the object.
    pub(super) async fn put(&self, address: LogAddress, path: PathBuf) -> Result<(u64, u64), StorageError> {
        let file = File::open(&path)?;
        let length = file.metadata()?.len();
        let index = blocking(move || lines::read(&path)).await??.unwrap_or_default();
        let frames = frames(file, length, lines::encode(&index)?);
        let stored = self.storage.put(&address.object(), frames, Expected::default()).await?;
        self.forget(address);
        Ok((length, stored.size))
    }

    /// Removes an object after its time.
    pub(super) async fn remove(&self, address: LogAddress) -> Result<(), StorageError> {
        self.forget(address);
        self.storage.delete(&address.object()).await
    }

    /// Which line is where.
    pub(super) async fn lines(&self, address: LogAddress) -> io::Result<Arc<LineIndex>> {
        let Some((length, stored)) = self.find(address).await? else { return Ok(Arc::default()) };
        if let Some(index) = self.indexes().get(&address) {
            return Ok(Arc::clone(index));
        }
        let table = self.table(address, stored).await?;
        let frame = table.end().0..stored.saturating_sub(table.size());
        let kept = match frame.is_empty() {
            true => None,
            false => {
                let frame = self.storage.get_bytes(&address.object(), Some(frame)).await.map_err(lost)?;
                lines::decode(&frame).filter(|index| index.length() == length)
            }
        };
        let index = Arc::new(match kept {
            Some(index) => index,
            None => self.scan(address, length).await?,
        });
        let mut indexes = self.indexes();
        if indexes.len() >= INDEXES {
            indexes.clear();
        }
        indexes.insert(address, Arc::clone(&index));
        Ok(index)
    }

    /// Counts the lines of a log that was stored without an index.
    async fn scan(&self, address: LogAddress, length: u64) -> io::Result<LineIndex> {
        let (mut marker, mut marks, mut last, mut at) = (Marker::default(), Vec::new(), None, 0);
        while at < length {
            let bytes = self.read(address, at..length.min(at + SCAN)).await?;
            if bytes.is_empty() {
                return Err(io::Error::other("a log in the storage is shorter than it was"));
            }
            marker.push(&bytes, 0, &mut marks);
            last = bytes.last().copied();
            at += bytes.len() as u64;
        }
        Ok(LineIndex::new(marks, &marker, last))
    }

    async fn find(&self, address: LogAddress) -> io::Result<Option<(u64, u64)>> {
        match self.index.find(address).await.map_err(io::Error::other)? {
            None => Ok(None),
            Some(ArchivedLog::Kept { length, stored }) => Ok(Some((length, stored))),
            Some(ArchivedLog::Removed) => {
                Err(io::Error::new(io::ErrorKind::NotFound, "the log was removed after its time"))
            }
        }
    }

    async fn table(&self, address: LogAddress, stored: u64) -> io::Result<Arc<Table>> {
        if let Some(table) = self.tables().get(&address) {
            return Ok(Arc::clone(table));
        }
        let mut need = ENDING;
        let table = loop {
            let range = stored.saturating_sub(need)..stored;
            let end = self.storage.get_bytes(&address.object(), Some(range)).await.map_err(lost)?;
            match Table::parse(&end)? {
                Ending::Table(table) => break Arc::new(table),
                Ending::Longer(more) if more > need && more <= stored => need = more,
                Ending::Longer(_) => return Err(io::Error::other("a log's table is longer than the log")),
            }
        };
        let mut tables = self.tables();
        if tables.len() >= TABLES {
            tables.clear();
        }
        tables.insert(address, Arc::clone(&table));
        Ok(table)
    }

    fn forget(&self, address: LogAddress) {
        self.tables().remove(&address);
        self.indexes().remove(&address);
    }

    fn indexes(&self) -> MutexGuard<'_, HashMap<LogAddress, Arc<LineIndex>>> {
        self.indexes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tables(&self) -> MutexGuard<'_, HashMap<LogAddress, Arc<Table>>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file as frames, then its index, and the table of the frames last.
fn frames(file: File, length: u64, index: Vec<u8>) -> impl Stream<Item = io::Result<Bytes>> {
    let begin = Some((file, length, Table::default(), index));
    stream::try_unfold(begin, |state| async move {
        let Some((mut file, left, mut table, mut index)) = state else { return Ok(None) };
        if left == 0 {
            index.extend(table.encode()?);
            return Ok(Some((Bytes::from(index), None)));
        }
        blocking(move || {
            let mut text = vec![0; left.min(FRAME as u64) as usize];
            file.read_exact(&mut text)?;
            let frame = compress(&text)?;
            table.push(frame.len(), text.len());
            Ok(Some((Bytes::from(frame), Some((file, left - text.len() as u64, table, index)))))
        })
        .await?
    })
}

/// What the index knows and the storage does not give is no missing log.
fn lost(error: StorageError) -> io::Error {
    io::Error::other(format!("a log cannot be read from the storage: {error}"))
}
