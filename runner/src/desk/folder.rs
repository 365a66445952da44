//! A directory, and the git repository that it is in, if any.

use std::{
    io,
    path::{Path, PathBuf},
};

use git2::Repository;

/// The directory whose pipeline runs.
pub struct Folder {
    path: PathBuf,
    pub(super) git: Option<Git>,
}

/// The repository of a directory.
pub(super) struct Git {
    pub(super) repository: Repository,
    pub(super) root: PathBuf,
    /// The directory, relative to the root of the work tree; empty for the root itself.
    pub(super) below: PathBuf,
}

/// A directory that cannot be read as it must be.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Git says no.
    #[error("git: {}", .0.message())]
    Git(#[from] git2::Error),
    /// The disk does.
    #[error("{0}")]
    Disk(#[from] io::Error),
    /// A branch that was asked for is not there.
    #[error("there is no branch or commit `{0}` here")]
    Unknown(String),
}

impl Folder {
    /// Looks at a directory. One that its repository ignores is as one without a repository.
    ///
    /// # Errors
    ///
    /// The directory does not exist, or its repository cannot be read.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let path = path.canonicalize()?;
        let git = match Repository::discover(&path) {
            Ok(repository) => Git::new(repository, &path)?,
            Err(error) if error.code() == git2::ErrorCode::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self { path, git })
    }

    /// The directory, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Root of the work tree; `None` without git.
    pub fn root(&self) -> Option<&Path> {
        self.git.as_ref().map(|git| git.root.as_path())
    }
}

impl Git {
    fn new(repository: Repository, path: &Path) -> Result<Option<Self>, FolderError> {
        // A bare repository has no directory to run.
        let Some(root) = repository.workdir() else { return Ok(None) };
        let root = root.canonicalize()?;
        let Ok(below) = path.strip_prefix(&root) else { return Ok(None) };
        let below = below.to_path_buf();
        if !below.as_os_str().is_empty() && repository.is_path_ignored(&below)? {
            return Ok(None);
        }
        Ok(Some(Self { repository, root, below }))
    }
}
