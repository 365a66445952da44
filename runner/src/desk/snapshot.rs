//! The directory as it is now, as a commit that no repository of the user's knows.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use git2::{Index, IndexAddOption, Oid, Repository, RepositoryInitOptions, Signature, Time};

use super::folder::{Folder, FolderError, Git};

/// When a directory without git was committed: fixed, so that the same files are the same commit. Every archive format
/// can hold it.
const LONG_AGO: i64 = 946_684_800;
/// Settings of the repository that decide what its files are.
const SETTINGS: [&str; 7] = [
    "core.autocrlf",
    "core.eol",
    "core.excludesfile",
    "core.filemode",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.symlinks",
];

/// A commit of all that is in the directory and not ignored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// A repository that has the commit: the user's own for a clean tree, which is not written to.
    pub repository: PathBuf,
    /// 40 hex digits.
    pub sha: String,
    /// Whether it differs from what is committed.
    pub is_dirty: bool,
}

impl Folder {
    /// Makes it, with the objects that are new in `folder`, which must be the caller's own. The user's index, HEAD, refs and
    /// files stay as they are.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or the folder cannot be written.
    pub fn snapshot(&self, folder: &Path) -> Result<Snapshot, FolderError> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir_all(folder)?;
        let mut options = RepositoryInitOptions::new();
        options.bare(true).external_template(false).initial_head("main");
        let own = Repository::init_opts(folder, &options)?;
        match &self.git {
            Some(git) => git.snapshot(&own),
            None => {
                own.set_workdir(self.path(), false)?;
                let mut index = own.index()?;
                take_all(&mut index)?;
                let tree = index.write_tree()?;
                let sha = commit(&own, tree, "slipway run: a directory", None)?;
                Ok(Snapshot { repository: own.path().to_path_buf(), sha: sha.to_string(), is_dirty: true })
            }
        }
    }
}

impl Git {
    fn snapshot(&self, own: &Repository) -> Result<Snapshot, FolderError> {
        let own = self.prepared(own)?;
        let mut index = self.index(&own)?;
        take_all(&mut index)?;
        let whole = own.find_tree(index.write_tree()?)?;
        let head = self.repository.head().ok().and_then(|head| head.peel_to_commit().ok());
        let is_dirty = head.as_ref().is_none_or(|head| head.tree_id() != whole.id());
        if !self.below.as_os_str().is_empty() {
            let tree = whole.get_path(&self.below).map_or(own.treebuilder(None)?.write()?, |entry| entry.id());
            let sha = commit(&own, tree, "slipway run: a directory of a repository", None)?;
            return Ok(Snapshot { repository: own.path().to_path_buf(), sha: sha.to_string(), is_dirty });
        }
        if let Some(head) = head.as_ref().filter(|_| !is_dirty) {
            let repository = self.repository.path().to_path_buf();
            return Ok(Snapshot { repository, sha: head.id().to_string(), is_dirty });
        }
        let sha = commit(&own, whole.id(), "slipway run: uncommitted changes", head.as_ref())?;
        Ok(Snapshot { repository: own.path().to_path_buf(), sha: sha.to_string(), is_dirty })
    }

    /// A repository with the same work tree, settings and objects, whose new objects and index are its own.
    fn prepared(&self, own: &Repository) -> Result<Repository, FolderError> {
        let common = self.repository.commondir();
        let info = own.path().join("objects/info");
        fs::create_dir_all(&info)?;
        let objects = common.join("objects").canonicalize()?;
        fs::write(info.join("alternates"), [objects.as_os_str().as_encoded_bytes(), b"\n"].concat())?;
        let exclude = common.join("info/exclude");
        if exclude.exists() {
            fs::create_dir_all(own.path().join("info"))?;
            fs::copy(exclude, own.path().join("info/exclude"))?;
        }
        if common.join("shallow").exists() {
            fs::copy(common.join("shallow"), own.path().join("shallow"))?;
        }
        let theirs = self.repository.config()?.snapshot()?;
        let mut ours = own.config()?;
        for name in SETTINGS {
            if let Ok(value) = theirs.get_string(name) {
                ours.set_str(name, &value)?;
            }
        }
        // Only now: it reads alternates and settings when it is opened.
        let own = Repository::open_bare(own.path())?;
        own.set_workdir(&self.root, false)?;
        Ok(own)
    }

    /// The user's index as a copy: what it knows of files that did not change need not be read again.
    fn index(&self, own: &Repository) -> Result<Index, FolderError> {
        let (from, to) = (self.repository.path().join("index"), own.path().join("index"));
        if from.exists() {
            fs::copy(&from, &to)?;
            // A file that is as new as the index is looked at again, so the copy must not look newer.
            let modified = fs::metadata(&from)?.modified()?;
            fs::File::options().write(true).open(&to)?.set_modified(modified)?;
            match own.index() {
                Ok(index) => return Ok(index),
                // In a form that only git itself reads.
                Err(_) => fs::remove_file(&to)?,
            }
        }
        let mut index = own.index()?;
        if let Ok(head) = self.repository.head() {
            index.read_tree(&own.find_tree(head.peel_to_tree()?.id())?)?;
        }
        Ok(index)
    }
}

/// What is there and not ignored, in; what is gone, out.
fn take_all(index: &mut Index) -> Result<(), git2::Error> {
    index.add_all(["*"], IndexAddOption::DEFAULT, None)?;
    index.update_all(["*"], None)
}

/// The same files on the same parent give the same commit, so that its checkout is found in the cache.
fn commit(own: &Repository, tree: Oid, message: &str, parent: Option<&git2::Commit<'_>>) -> Result<Oid, git2::Error> {
    let time = parent.map_or(Time::new(LONG_AGO, 0), git2::Commit::time);
    let me = Signature::new("slipway run", "slipway@localhost", &time)?;
    let parent = parent.map(|parent| own.find_commit(parent.id())).transpose()?;
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    own.commit(None, &me, &me, message, &own.find_tree(tree)?, &parents)
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
