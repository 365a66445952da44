//! Where a pushed pack waits until it is known to be whole.

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use git2::{Indexer, Repository};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// `PACK`, version, number of objects.
const HEADER: usize = 12;

/// A pack on disk, indexed, visible to nobody else. Dropped, it is gone.
pub(super) struct Quarantine {
    /// Shaped like an `objects` folder; `None` for a pack without objects.
    folder: Option<TempDir>,
}

/// Why a pack is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    #[error("this is not a pack")]
    NotAPack,
    #[error("the pack ended early")]
    Cut,
    #[error("the pack could not be stored: {0}")]
    Io(#[from] io::Error),
    #[error("the pack is not valid: {}", .0.message())]
    Git(#[from] git2::Error),
}

impl Quarantine {
    /// Nothing, for a push that only deletes.
    pub(super) fn empty() -> Self {
        Self { folder: None }
    }

    /// Takes a pack in, as it arrives. Blocks. `None` among the chunks says that the client went away.
    pub(super) fn receive(
        repository: &Repository,
        mut chunks: mpsc::Receiver<Option<Bytes>>,
    ) -> Result<Self, UnpackError> {
        let mut header = Vec::with_capacity(HEADER);
        let mut rest = Bytes::new();
        while header.len() < HEADER {
            let mut chunk = chunks.blocking_recv().flatten().ok_or(UnpackError::Cut)?;
            let missing = HEADER - header.len();
            header.extend_from_slice(&chunk.split_to(missing.min(chunk.len())));
            rest = chunk;
        }
        if count_objects(&header)? == 0 {
            while chunks.blocking_recv().is_some() {}
            return Ok(Self::empty());
        }
        let folder = tempfile::Builder::new().prefix("incoming-").tempdir_in(repository.path())?;
        let packs = folder.path().join("pack");
        std::fs::create_dir(&packs)?;
        let odb = repository.odb()?;
        // Its own check of connections stumbles over submodules; `connectivity` does it.
        let mut indexer = Indexer::new(Some(&odb), &packs, 0, false)?;
        indexer.write_all(&header)?;
        indexer.write_all(&rest)?;
        while let Some(chunk) = chunks.blocking_recv() {
            indexer.write_all(&chunk.ok_or(UnpackError::Cut)?)?;
        }
        indexer.commit()?;
        Ok(Self { folder: Some(folder) })
    }

    /// Lets one open repository see the objects.
    pub(super) fn show_to(&self, repository: &Repository) -> Result<(), git2::Error> {
        match self.folder.as_ref().and_then(|folder| folder.path().to_str()) {
            Some(path) => repository.odb()?.add_disk_alternate(path),
            None => Ok(()),
        }
    }

    /// Moves the objects into the repository, durably.
    pub(super) fn release(self, repository: &Repository) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let packs = repository.path().join("objects/pack");
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder.path().join("pack"))?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        // A reader looks for the index: it comes last.
        files.sort_by_key(|path| path.extension().is_some_and(|extension| extension == "idx"));
        for path in &files {
            File::open(path)?.sync_all()?;
        }
        for path in &files {
            if let Some(name) = path.file_name() {
                std::fs::rename(path, packs.join(name))?;
            }
        }
        sync_folder(&packs)
    }
}

fn count_objects(header: &[u8]) -> Result<u32, UnpackError> {
    let count = header.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
    match count {
        Some(count) if header.starts_with(b"PACK\0\0\0") => Ok(count),
        _ => Err(UnpackError::NotAPack),
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(bytes: &[u8]) -> Result<Quarantine, UnpackError> {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let (sender, chunks) = mpsc::channel(100);
        for chunk in bytes.chunks(5) {
            sender.try_send(Some(Bytes::copy_from_slice(chunk))).unwrap();
        }
        drop(sender);
        Quarantine::receive(&repository, chunks)
    }

    #[test]
    fn what_is_no_pack_is_refused_and_leaves_nothing() {
        assert!(matches!(receive(b""), Err(UnpackError::Cut)));
        assert!(matches!(receive(b"PACK"), Err(UnpackError::Cut)));
        assert!(matches!(receive(b"pack-shaped rubbish"), Err(UnpackError::NotAPack)));
        assert!(receive(b"PACK\0\0\0\x02\0\0\0\x01rubbish that is long enough to be read").is_err());
        assert!(receive(b"PACK\0\0\0\x02\0\0\0\0").is_ok());
    }
}
