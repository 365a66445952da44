//! The data folder and its lock.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It belongs to a server that runs.
    #[error("another Slipway server (pid {pid}) uses the data folder `{}`", .folder.display())]
    Taken {
        /// The folder.
        folder: PathBuf,
        /// As the other wrote it; `?` if it could not be read.
        pid: String,
    },
    /// It cannot be made or written.
    #[error("the data folder `{}` cannot be used: {cause}", .folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// A data folder that is this server's as long as this lives.
#[derive(Debug)]
pub(super) struct Folder {
    /// Absolute.
    pub(super) path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is missing, and locks it.
    pub(super) fn take(path: &Path) -> Result<Self, FolderError> {
        let failed = |cause| FolderError::Io { folder: path.to_owned(), cause };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let path = fs::canonicalize(path).map_err(failed)?;
        let lock = lock(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// A secret kept in a file of the folder: read, or made and written for the owner only.
    pub(super) fn secret(&self, name: &str, make: impl FnOnce() -> String) -> Result<String, FolderError> {
        let failed = |cause| FolderError::Io { folder: self.path.clone(), cause };
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let text = make();
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
        writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(text)
    }
}

fn lock(folder: &Path) -> Result<File, FolderError> {
    let failed = |cause| FolderError::Io { folder: folder.to_owned(), cause };
    let path = folder.join("lock");
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let read = file.read_to_string(&mut pid).is_ok() && !pid.trim().is_empty();
            let pid = if read { pid.trim().to_owned() } else { "?".to_owned() };
            return Err(FolderError::Taken { folder: folder.to_owned(), pid });
        }
        Err(TryLockError::Error(cause)) => return Err(failed(cause)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(failed)?;
    Ok(file)
}
