//! Copies of entries on this machine, by what is in them, so that a warm one needs no network.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Most bytes of copies; those that were not used for the longest time go first.
const MOST_BYTES: u64 = 5 << 30;
/// Begins the names of files that are being written.
const DRAFT: &str = ".new-";

/// A folder of copies. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
    most: u64,
}

/// A file that is being written. It goes with this value unless it is kept.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
}

impl Draft {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already where it was kept.
        let _ = fs::remove_file(&self.path);
    }
}

impl Shelf {
    /// The shelf in a runner's data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self { folder: data.join("caches"), most: MOST_BYTES }
    }

    /// Removes what a process that was killed was writing. Nobody else may be writing.
    pub(crate) fn clean(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(DRAFT) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// A new file to write to.
    pub(crate) fn draft(&self) -> io::Result<(Draft, File)> {
        fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(format!("{DRAFT}{:032x}", rand::random::<u128>()));
        let file = OpenOptions::new().create_new(true).read(true).write(true).open(&path)?;
        Ok((Draft { path }, file))
    }

    /// The copy of an entry. One of another length is removed.
    pub(crate) fn get(&self, sha256: &str, bytes: u64) -> Option<File> {
        let path = self.path(sha256)?;
        let file = File::open(&path).ok()?;
        if file.metadata().ok()?.len() != bytes {
            let _ = fs::remove_file(&path);
            return None;
        }
        let _ = file.set_modified(SystemTime::now());
        Some(file)
    }

    /// Keeps a file that is whole.
    pub(crate) fn keep(&self, draft: &Draft, sha256: &str) {
        let Some(path) = self.path(sha256) else { return };
        match fs::rename(draft.path(), path) {
            Ok(()) => self.trim(),
            // Somebody else took the file for themselves.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "cannot keep a copy of a cache entry"),
        }
    }

    /// Takes a copy away.
    pub(crate) fn remove(&self, sha256: &str) {
        if let Some(path) = self.path(sha256) {
            let _ = fs::remove_file(path);
        }
    }

    fn path(&self, sha256: &str) -> Option<PathBuf> {
        let is_name = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_name.then(|| self.folder.join(format!("{sha256}.tar.zst")))
    }

    fn trim(&self) {
        let mut copies: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if !entry.file_name().to_string_lossy().starts_with(DRAFT)
                && let Ok(metadata) = entry.metadata()
                && let Ok(used) = metadata.modified()
            {
                copies.push((used, metadata.len(), entry.path()));
            }
        }
        copies.sort_unstable();
        let mut all: u64 = copies.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in copies {
            if all <= self.most {
                return;
            }
            // Who reads it has it open.
            if fs::remove_file(path).is_ok() {
                all -= bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        time::Duration,
    };

    use super::*;

    fn digits(letter: char) -> String {
        letter.to_string().repeat(64)
    }

    fn put(shelf: &Shelf, letter: char, text: &str) {
        let (draft, mut file) = shelf.draft().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        shelf.keep(&draft, &digits(letter));
    }

    fn get(shelf: &Shelf, letter: char, bytes: u64) -> Option<String> {
        let mut text = String::new();
        shelf.get(&digits(letter), bytes)?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn the_copies_used_last_stay() {
        let place = tempfile::tempdir().unwrap();
        let shelf = Shelf { most: 8, ..Shelf::new(place.path()) };
        for letter in ['a', 'b'] {
            put(&shelf, letter, "1234");
            let file = File::options().write(true).open(shelf.path(&digits(letter)).unwrap()).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
        }
        assert_eq!(get(&shelf, 'a', 4).as_deref(), Some("1234"), "and so it is the last that was used");
        put(&shelf, 'c', "1234");
        assert_eq!(
            (get(&shelf, 'a', 4).is_some(), get(&shelf, 'b', 4), get(&shelf, 'c', 4).is_some()),
            (true, None, true)
        );
    }

    #[test]
    fn a_copy_of_another_length_is_none() {
        let place = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(place.path());
        put(&shelf, 'a', "1234");
        assert_eq!(get(&shelf, 'a', 5), None);
        assert_eq!(get(&shelf, 'a', 4), None, "it was removed");
        assert!(shelf.get("../secret", 1).is_none());
    }

    #[test]
    fn what_is_not_kept_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(place.path());
        drop(shelf.draft().unwrap());
        let (draft, _file) = shelf.draft().unwrap();
        std::mem::forget(draft);
        shelf.clean();
        assert_eq!(fs::read_dir(place.path().join("caches")).unwrap().count(), 0);
    }
}
