//! Where a run keeps its files, and the mark on its objects in Docker.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Most runs at once that find a folder.
const MOST: usize = 256;

/// A folder below the user's cache that only this process uses, with an instance of its own. The next run that takes the
/// folder has the instance, too, so it finds what a run that was killed has left.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    instance: String,
    is_left: bool,
    /// Held until the process ends, however it does.
    _lock: File,
}

impl Place {
    /// The first folder that no other process has.
    ///
    /// # Errors
    ///
    /// The cache cannot be written.
    pub fn take(cache: &Path) -> io::Result<Self> {
        for number in 0..MOST {
            if let Some(place) = Self::at(&cache.join(format!("desk-{number}")))? {
                return Ok(place);
            }
        }
        Err(io::Error::other(format!("{MOST} runs are under way already")))
    }

    /// A folder that no later run takes, for a workspace that is to stay.
    ///
    /// # Errors
    ///
    /// The cache cannot be written.
    pub fn lasting(cache: &Path) -> io::Result<Self> {
        let folder = cache.join(format!("kept-{:016x}", rand::random::<u64>()));
        Self::at(&folder)?.ok_or_else(|| io::Error::other("somebody else has the folder"))
    }

    fn at(folder: &Path) -> io::Result<Option<Self>> {
        fs::create_dir_all(folder)?;
        // Copies of the user's files lie in it, some open to all.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let instance = instance(&folder.join("instance"))?;
        let mark = folder.join("running");
        let is_left = mark.exists();
        fs::write(&mark, b"")?;
        Ok(Some(Self { folder: folder.to_path_buf(), instance, is_left, _lock: lock }))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Value of the label `slipway.instance`.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Whether the run before did not get to its end, so that something of it may be in Docker.
    pub fn is_left(&self) -> bool {
        self.is_left
    }

    /// Nothing of this run is left in Docker.
    pub fn is_clean(self) {
        let _ = fs::remove_file(self.folder.join("running"));
    }
}

/// Reads the instance, or makes it. It is never empty: an empty label would mean every runner.
fn instance(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().starts_with("desk-") => Ok(text.trim().to_owned()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(_) | Err(_) => {
            let made = format!("desk-{:016x}", rand::random::<u64>());
            let new = path.with_extension("new");
            fs::write(&new, &made)?;
            fs::rename(&new, path)?;
            Ok(made)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_never_share_a_folder_and_a_killed_one_is_noticed() {
        let cache = tempfile::tempdir().unwrap();
        let first = Place::take(cache.path()).unwrap();
        let second = Place::take(cache.path()).unwrap();
        assert_ne!(first.folder(), second.folder());
        assert_ne!(first.instance(), second.instance());
        assert!(!first.is_left() && first.instance().starts_with("desk-"));
        let (folder, instance) = (first.folder().to_path_buf(), first.instance().to_owned());
        // As if the process was killed: the lock goes, the mark stays.
        drop(first);
        let again = Place::take(cache.path()).unwrap();
        assert_eq!((again.folder(), again.instance(), again.is_left()), (&*folder, &*instance, true));
        again.is_clean();
        assert!(!Place::take(cache.path()).unwrap().is_left());
    }

    #[test]
    fn a_lasting_folder_is_taken_once() {
        let cache = tempfile::tempdir().unwrap();
        let kept = Place::lasting(cache.path()).unwrap();
        let instance = kept.instance().to_owned();
        drop(kept);
        assert_ne!(Place::take(cache.path()).unwrap().instance(), instance);
    }
}
