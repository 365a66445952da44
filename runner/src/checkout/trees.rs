//! The cache of trees.

use std::{
    collections::HashMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use git2::{Oid, Repository};
use sha2::{Digest, Sha256};
use slipway_pipelines::{state::Reason, wire::Source};

use super::{
    mirror::{self, Remote},
    progress::Lines,
    tree,
};
use crate::executor::{Failed, LogSink};

/// Trees kept besides those in use.
const KEPT: usize = 32;

/// What the cache needs to know.
#[derive(Clone)]
pub struct Settings {
    /// The runner's folder: `mirrors` and `trees` are made in it.
    pub data: PathBuf,
    /// Address of the server, without a slash at the end.
    pub server_url: String,
    /// The runner's token.
    pub token: String,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("data", &self.data)
            .field("server_url", &self.server_url)
            .finish_non_exhaustive()
    }
}

/// Mirrors and checked out trees of a runner. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trees(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    /// Folder of the trees of this boot of the machine.
    folder: PathBuf,
    /// One checkout a repository at a time.
    busy: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// How many jobs have a tree under their workspace.
    used: Mutex<HashMap<String, usize>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A tree in use: it is kept until this is dropped.
#[derive(Debug)]
pub struct Tree {
    trees: Trees,
    key: String,
}

impl Tree {
    /// Name of the tree in the cache.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The folder that corresponds to the workspace's base.
    pub fn folder(&self) -> PathBuf {
        self.trees.0.folder.join(&self.key)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let mut used = locked(&self.trees.0.used);
        if let Some(count) = used.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                used.remove(&self.key);
            }
        }
    }
}

impl Trees {
    /// Opens the cache. Trees of an earlier boot are removed: they were never flushed, so a loss of power may have cut them.
    ///
    /// # Errors
    ///
    /// The folder can't be written.
    pub fn open(settings: Settings) -> io::Result<Self> {
        let all = settings.data.join("trees");
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let boot: String = boot.chars().filter(char::is_ascii_alphanumeric).collect();
        let folder = all.join(if boot.is_empty() { "boot" } else { &boot });
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&all)? {
            let entry = entry?;
            if entry.path() != folder {
                remove(&entry.path());
            }
        }
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                remove(&entry.path());
            }
        }
        Ok(Self(Arc::new(Shared { settings, folder, busy: Mutex::default(), used: Mutex::default() })))
    }

    /// A tree that a job of an earlier process has under its workspace.
    pub fn again(&self, key: &str) -> Tree {
        *locked(&self.0.used).entry(key.to_owned()).or_default() += 1;
        Tree { trees: self.clone(), key: key.to_owned() }
    }

    /// The tree of a commit, with the files at `below`, relative to the tree's folder. Says in `log` what it does.
    ///
    /// # Errors
    ///
    /// The commit can't be fetched or checked out, in one sentence without a credential.
    pub async fn get(&self, source: &Source, below: &Path, log: Box<dyn LogSink>) -> Result<Tree, Failed> {
        let sha = commit(&source.sha)?;
        if !source.reference.starts_with("refs/") || !git2::Reference::is_valid_name(&source.reference) {
            return Err(clone_failed(format!("`{}` is not the name of a ref", source.reference.escape_debug())));
        }
        let tree = self.again(&key(source, below));
        let busy = Arc::clone(locked(&self.0.busy).entry(source.repository.clone()).or_default());
        let _turn = busy.lock().await;
        let (trees, source, below) = (self.clone(), source.clone(), below.to_path_buf());
        tokio::task::spawn_blocking(move || {
            let mut log = log;
            trees.make(&source, sha, &below, &tree, &mut Lines::new(&mut *log)).map(|()| tree)
        })
        .await
        .map_err(|error| clone_failed(format!("the checkout died: {error}")))?
    }

    fn make(&self, source: &Source, sha: Oid, below: &Path, tree: &Tree, lines: &mut Lines<'_>) -> Result<(), Failed> {
        let folder = tree.folder();
        if folder.is_dir() {
            // Its age decides when it goes.
            let _ = fs::File::open(&folder).and_then(|folder| folder.set_modified(SystemTime::now()));
            lines.say(&format!("Checked out {sha} of {}, from the cache", source.repository));
            return Ok(());
        }
        let repository = self.repository(source, sha, lines)?;
        let place = self.0.folder.join(format!(".{}", tree.key));
        remove(&place);
        let order = tree::Order { sha, reference: &source.reference, origin: &source.origin };
        let made = tree::make(&repository, &place.join(below), &order);
        let placed = made.and_then(|()| {
            open_between(&place, below)?;
            Ok(fs::rename(&place, &folder)?)
        });
        if let Err(error) = placed {
            remove(&place);
            return Err(clone_failed(format!("can't check out {sha} of {}: {error}", source.repository)));
        }
        lines.say(&format!("Checked out {sha} of {}", source.repository));
        self.forget_old();
        Ok(())
    }

    /// A repository that has the commit: the server's own if it is on this machine, else the mirror.
    fn repository(&self, source: &Source, sha: Oid, lines: &mut Lines<'_>) -> Result<Repository, Failed> {
        let near = source.path.as_deref().and_then(|path| Repository::open(path).ok());
        if let Some(repository) = near.filter(|repository| repository.find_commit(sha).is_ok()) {
            return Ok(repository);
        }
        let settings = &self.0.settings;
        let folder = settings.data.join("mirrors").join(format!("{}.git", hashed(&[&source.repository])));
        let url = format!("{}{}", settings.server_url.trim_end_matches('/'), source.url);
        let remote = Remote { url, token: settings.token.clone() };
        mirror::with_commit(&folder, &remote, &source.reference, sha, lines)
            .map_err(|error| clone_failed(format!("can't fetch {sha} of {}: {error}", source.repository)))
    }

    /// Removes the oldest trees beyond those that are kept.
    fn forget_old(&self) {
        let Ok(entries) = fs::read_dir(&self.0.folder) else { return };
        let mut unused: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok()?;
                let is_used = name.starts_with('.') || locked(&self.0.used).contains_key(&name);
                (!is_used).then_some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        unused.sort_unstable();
        let surplus = unused.len().saturating_sub(KEPT);
        for (_, path) in unused.into_iter().take(surplus) {
            // Renamed first: nobody finds it half-removed.
            let Some(name) = path.file_name() else { continue };
            let going = path.with_file_name(format!(".gone-{}", name.to_string_lossy()));
            let used = locked(&self.0.used);
            if !used.contains_key(&*name.to_string_lossy()) && fs::rename(&path, &going).is_ok() {
                drop(used);
                remove(&going);
            }
        }
    }
}

/// The folders between the tree's and the checkout are for everybody, too.
fn open_between(folder: &Path, below: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut path = folder.to_path_buf();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777))?;
    for part in below {
        path.push(part);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777))?;
    }
    Ok(())
}

fn clone_failed(message: String) -> Failed {
    Failed::new(Reason::Clone, message)
}

fn commit(sha: &str) -> Result<Oid, Failed> {
    let is_whole = sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_whole
        .then(|| Oid::from_str(sha).ok())
        .flatten()
        .ok_or_else(|| clone_failed(format!("`{}` is not the name of a commit", sha.escape_debug())))
}

/// Names a tree by all that is in it.
fn key(source: &Source, below: &Path) -> String {
    hashed(&[&source.sha, &source.reference, &source.origin, &below.to_string_lossy()])
}

fn hashed(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..16])
}

fn remove(path: &Path) {
    match fs::remove_dir_all(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(path = %path.display(), %error, "can't remove a cached tree"),
    }
}

#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod tests;
