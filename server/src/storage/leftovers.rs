//! What a server that was killed while it wrote left in the folder.

use std::{
    fs::{self, DirEntry},
    io,
    path::Path,
    time::SystemTime,
};

/// Removes files that were being written before `start`: the library writes `KEY#N` and renames it. Returns how many.
pub(super) fn remove(folder: &Path, start: SystemTime) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        removed += consider(&entry?, start).or_else(|error| match error.kind() {
            // Deleted while we looked.
            io::ErrorKind::NotFound => Ok(0),
            _ => Err(error),
        })?;
    }
    Ok(removed)
}

fn consider(entry: &DirEntry, start: SystemTime) -> io::Result<usize> {
    if entry.file_type()?.is_dir() {
        return remove(&entry.path(), start);
    }
    let name = entry.file_name();
    let partial = name.to_string_lossy().rsplit_once('#').is_some_and(|(_, id)| id.bytes().all(|b| b.is_ascii_digit()));
    if !partial || entry.metadata()?.modified()? >= start {
        return Ok(0);
    }
    fs::remove_file(entry.path())?;
    Ok(1)
}
