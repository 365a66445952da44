//! One log file.

use std::{
    fs::{self, File},
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::watch;

use super::{
    AppendError,
    lines::{self, IndexFile, LineIndex},
};
use crate::clock;

/// What viewers watch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Extent {
    /// Bytes that can be read.
    pub(super) length: u64,
    /// Nothing more comes.
    pub(super) closed: bool,
}

/// A log file with its one writer at a time and its viewers.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    writer: Mutex<Writer>,
    extent: watch::Sender<Extent>,
}

#[derive(Debug)]
enum Writer {
    /// Not written since the server started.
    Unopened,
    /// `synced` bytes of it are on the disk.
    Open { file: File, synced: u64, index: IndexFile },
    /// Taken from its writer: see [`LogFile::replace`].
    Replaced,
}

impl LogFile {
    pub(super) fn new(path: PathBuf) -> Self {
        let length = fs::metadata(&path).map_or(0, |meta| meta.len());
        Self {
            path,
            writer: Mutex::new(Writer::Unopened),
            extent: watch::Sender::new(Extent { length, closed: false }),
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Extent> {
        self.extent.subscribe()
    }

    pub(super) fn close(&self) {
        self.extent.send_modify(|extent| extent.closed = true);
    }

    /// Cuts off the writers that hold this one; a fresh one for the same path is returned, and viewers of the old one
    /// end. The caller removes the file.
    pub(super) fn replace(&self) -> Arc<Self> {
        *self.lock() = Writer::Replaced;
        self.close();
        let fresh = Self::new(self.path.clone());
        fresh.extent.send_modify(|extent| extent.length = 0);
        Arc::new(fresh)
    }

    /// Length that can be read; `None` when there is no file.
    pub(super) fn length(&self) -> Option<u64> {
        let length = self.extent.borrow().length;
        (length > 0 || self.path.exists()).then_some(length)
    }

    /// Length that is surely on the disk.
    pub(super) fn committed(&self) -> io::Result<u64> {
        let mut writer = self.lock();
        match &*writer {
            Writer::Open { synced, .. } => Ok(*synced),
            Writer::Replaced => Ok(0),
            Writer::Unopened if !self.path.exists() => Ok(0),
            Writer::Unopened => {
                *writer = self.open()?;
                if let Writer::Open { synced, .. } = &*writer { Ok(*synced) } else { Ok(0) }
            }
        }
    }

    pub(super) fn append(&self, offset: u64, bytes: &[u8]) -> Result<u64, AppendError> {
        let mut writer = self.lock();
        if matches!(*writer, Writer::Unopened) {
            *writer = self.open().map_err(explain)?;
        }
        let Writer::Open { file, synced, index } = &mut *writer else { return Err(AppendError::Stale) };
        if offset > *synced {
            return Err(AppendError::Gap { committed: *synced });
        }
        let skip = usize::try_from(*synced - offset).unwrap_or(usize::MAX);
        let Some(new @ [_, ..]) = bytes.get(skip..) else { return Ok(*synced) };
        let end = *synced + new.len() as u64;
        if let Err(error) = file.write_all_at(new, *synced) {
            // Half an append must not be taken for a log after a restart.
            let _ = file.set_len(*synced);
            return Err(explain(error));
        }
        self.extent.send_modify(|extent| extent.length = extent.length.max(end));
        // After a failed sync the bytes are written again by the next append: `synced` stays.
        file.sync_data().map_err(explain)?;
        *synced = end;
        index.push(new, clock::now());
        Ok(end)
    }

    /// Which line is where; `None` when there is no file.
    pub(super) fn index(&self) -> io::Result<Option<LineIndex>> {
        lines::read(&self.path)
    }

    /// The bytes of a range that are there; `None` when there is no file.
    pub(super) fn read(&self, range: Range<u64>) -> io::Result<Option<Bytes>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let end = range.end.min(file.metadata()?.len());
        let length = usize::try_from(end.saturating_sub(range.start)).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match file.read_at(&mut bytes[filled..], range.start + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(Some(Bytes::from(bytes)))
    }

    /// Opens for writing. What a server before this one wrote is put on the disk first: it counts as committed now.
    fn open(&self) -> io::Result<Writer> {
        let folder = self.path.parent().ok_or_else(|| io::Error::other("a log without a folder"))?;
        let fresh = !self.path.exists();
        fs::create_dir_all(folder)?;
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&self.path)?;
        let synced = file.metadata()?.len();
        file.sync_all()?;
        if fresh {
            for folder in folder.ancestors().take(3) {
                File::open(folder)?.sync_all()?;
            }
        }
        self.extent.send_modify(|extent| extent.length = extent.length.max(synced));
        let index = IndexFile::open(&self.path, &file, synced)?;
        Ok(Writer::Open { file, synced, index })
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn explain(error: io::Error) -> AppendError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => AppendError::Full,
        _ => AppendError::Io(error),
    }
}
