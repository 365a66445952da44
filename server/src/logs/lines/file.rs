//! The index of a log that is a file: a file of marks beside it.
//!
//! Nobody waits for it to reach the disk: what of it is lost in a crash is counted again.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use slipway_pipelines::state::Millis;

use super::{
    LineIndex, Marker,
    mark::{Mark, SIZE},
};

/// Bytes counted at once.
const SCAN: usize = 256 * 1024;

/// The index of a log that is being written.
#[derive(Debug)]
pub(crate) struct IndexFile {
    /// `None` after a write that failed: the rest is counted by who reads.
    file: Option<File>,
    marker: Marker,
}

impl IndexFile {
    /// Opens the index of a log of this length; counts what it does not have.
    pub(crate) fn open(log: &Path, file: &File, length: u64) -> io::Result<Self> {
        let path = beside(log);
        let mut marks = valid(&path, length)?;
        let index = File::options().create(true).append(true).open(&path)?;
        // What is no mark is cut off.
        index.set_len((marks.len() * SIZE) as u64)?;
        let mut marker = Marker::after(marks.last().copied());
        let known = marks.len();
        scan(file, length, &mut marker, &mut marks)?;
        let mut this = Self { file: Some(index), marker };
        this.write(&marks[known..]);
        Ok(this)
    }

    /// Notes bytes that are in the log now.
    pub(crate) fn push(&mut self, bytes: &[u8], time: Millis) {
        let mut marks = Vec::new();
        self.marker.push(bytes, time, &mut marks);
        self.write(&marks);
    }

    fn write(&mut self, marks: &[Mark]) {
        let Some(file) = self.file.as_mut().filter(|_| !marks.is_empty()) else { return };
        let bytes: Vec<u8> = marks.iter().flat_map(Mark::bytes).collect();
        if let Err(error) = file.write_all(&bytes) {
            tracing::warn!(%error, "the index of a log cannot be written; its lines are counted when they are asked for");
            self.file = None;
        }
    }
}

/// The index of a log; `None` when there is no log. What comes while it is made may be in it or not.
pub(crate) fn read(log: &Path) -> io::Result<Option<LineIndex>> {
    let file = match File::open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // The marks first: all that they say is in the log then.
    let mut marks = valid(&beside(log), u64::MAX)?;
    let length = file.metadata()?.len();
    while marks.last().is_some_and(|mark| mark.offset > length) {
        marks.pop();
    }
    let mut marker = Marker::after(marks.last().copied());
    scan(&file, length, &mut marker, &mut marks)?;
    let mut last = [0];
    let last = match marker.length() {
        0 => None,
        length => file.read_exact_at(&mut last, length - 1).map(|()| Some(last[0]))?,
    };
    Ok(Some(LineIndex::new(marks, &marker, last)))
}

/// Removes the index of a log that is gone.
pub(crate) fn remove(log: &Path) -> io::Result<()> {
    match fs::remove_file(beside(log)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The file beside a log.
fn beside(log: &Path) -> PathBuf {
    log.with_extension("idx")
}

/// The marks of a file that can be true of a log of this length.
fn valid(path: &Path, length: u64) -> io::Result<Vec<Mark>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut marks: Vec<Mark> = Vec::with_capacity(bytes.len() / SIZE);
    for mark in bytes.chunks(SIZE).map_while(Mark::parse) {
        let follows = match marks.last() {
            None => mark.offset == 0 && mark.ended == 0,
            Some(last) => mark.follows(last),
        };
        if !follows || mark.offset > length {
            break;
        }
        marks.push(mark);
    }
    Ok(marks)
}

/// Marks what comes after the last mark. When it came nobody noted: by the time of the file's last change at the latest.
fn scan(file: &File, length: u64, marker: &mut Marker, marks: &mut Vec<Mark>) -> io::Result<()> {
    // An index that was never there knows no time at all.
    let time = if marks.is_empty() { 0 } else { changed(file)? };
    let mut bytes = vec![0; SCAN.min(usize::try_from(length - marker.length().min(length)).unwrap_or(SCAN))];
    while marker.length() < length {
        let room = bytes.len().min(usize::try_from(length - marker.length()).unwrap_or(SCAN));
        match file.read_at(&mut bytes[..room], marker.length()) {
            // It was taken back meanwhile.
            Ok(0) => break,
            Ok(count) => marker.push(&bytes[..count], time, marks),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn changed(file: &File) -> io::Result<Millis> {
    let since = file.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Millis::try_from(since.as_millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
