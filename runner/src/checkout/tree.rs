//! Makes one tree: the files of a commit with a repository of their own.

use std::{
    fs::{self, File, FileTimes, Permissions},
    io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt, fs::PermissionsExt},
    path::Path,
    time::{Duration, SystemTime},
};

use git2::{IndexTime, Oid, Repository, RepositoryInitOptions, build::CheckoutBuilder};

use super::objects;

/// A checkout that did not work.
#[derive(Debug, thiserror::Error)]
pub(super) enum TreeError {
    #[error("{0}")]
    Git(#[from] git2::Error),
    #[error("can't write the files: {0}")]
    Disk(#[from] io::Error),
    #[error("the checkout is at {found}, not at {wanted}")]
    WrongCommit { wanted: Oid, found: Oid },
}

/// What a tree is made of.
pub(super) struct Order<'a> {
    pub(super) sha: Oid,
    /// Full name of the ref.
    pub(super) reference: &'a str,
    /// Address of `origin`.
    pub(super) origin: &'a str,
}

/// Checks a commit of `from` out into `folder`, which must not exist, and makes all of it writable for everybody: a
/// step's image may run as any user.
pub(super) fn make(from: &Repository, folder: &Path, order: &Order<'_>) -> Result<(), TreeError> {
    fs::create_dir_all(folder)?;
    let mut options = RepositoryInitOptions::new();
    options.no_reinit(true).external_template(false).initial_head("main");
    let repository = Repository::init_opts(folder, &options)?;
    let mut config = repository.config()?;
    // Set here so that a configuration of the machine's owner does not shine through.
    config.set_bool("core.autocrlf", false)?;
    config.set_bool("core.symlinks", true)?;
    config.set_bool("core.filemode", true)?;
    if !order.origin.is_empty() {
        repository.remote("origin", order.origin)?;
    }
    objects::share(&from.commondir().join("objects"), &repository.path().join("objects"))?;
    if from.is_shallow() {
        fs::copy(from.commondir().join("shallow"), repository.path().join("shallow"))?;
    }
    // Only now: an object database does not look for packs that came after it was opened.
    let repository = Repository::open(folder)?;
    let commit = repository.find_commit(order.sha)?;
    remember(&repository, order)?;
    repository.set_head_detached(order.sha)?;
    repository.checkout_head(Some(CheckoutBuilder::new().force()))?;
    let found = repository.head()?.peel_to_commit()?.id();
    if found != order.sha {
        return Err(TreeError::WrongCommit { wanted: order.sha, found });
    }
    open_to_all(folder, &folder.join(".git/objects"))?;
    settle(&repository, folder, commit.time().seconds())
}

/// Refs that say where the commit comes from.
fn remember(repository: &Repository, order: &Order<'_>) -> Result<(), git2::Error> {
    let name = match order.reference.strip_prefix("refs/heads/") {
        Some(branch) => format!("refs/remotes/origin/{branch}"),
        None => order.reference.to_owned(),
    };
    repository.reference(&name, order.sha, true, "checkout").map(|_| ())
}

/// Folders 0777, files 0666 or 0777. What is linked from the mirror stays as it is.
fn open_to_all(folder: &Path, objects: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o777))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            open_to_all(&entry.path(), objects)?;
        } else if kind.is_file() && !entry.path().starts_with(objects) {
            let mode = if entry.metadata()?.mode() & 0o100 == 0 { 0o666 } else { 0o777 };
            fs::set_permissions(entry.path(), Permissions::from_mode(mode))?;
        }
    }
    Ok(())
}

/// Gives the files the commit's time, so that tools that go by times see the same for the same commit, and tells git
/// what the files look like now, so that `git status` reads none of them.
fn settle(repository: &Repository, folder: &Path, seconds: i64) -> Result<(), TreeError> {
    let now = SystemTime::now();
    let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let time = SystemTime::UNIX_EPOCH.checked_add(seconds).unwrap_or(now).min(now);
    let mut index = repository.index()?;
    let entries: Vec<_> = index.iter().collect();
    for mut entry in entries {
        let path = folder.join(std::ffi::OsStr::from_bytes(&entry.path));
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => {
                File::open(&path)?.set_times(FileTimes::new().set_modified(time))?;
                fs::symlink_metadata(&path)?
            }
            Ok(_) | Err(_) => continue,
        };
        entry.mtime = index_time(metadata.mtime(), metadata.mtime_nsec());
        entry.ctime = index_time(metadata.ctime(), metadata.ctime_nsec());
        index.add(&entry)?;
    }
    index.write()?;
    fs::set_permissions(folder.join(".git/index"), Permissions::from_mode(0o666))?;
    Ok(())
}

/// The index keeps the low 32 bits.
#[allow(clippy::cast_possible_truncation, reason = "that is the format")]
fn index_time(seconds: i64, nanoseconds: i64) -> IndexTime {
    IndexTime::new(seconds as i32, nanoseconds as u32)
}
