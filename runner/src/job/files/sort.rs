//! What a tar stream of a checkout has that is to be kept: each entry looked at once. Blocking.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read},
};

use bytes::Bytes;
use slipway_pipelines::{
    selection::Selection,
    wire::{Room, is_artifact_path},
};
use tar::{Entry, EntryType};
use tokio::sync::mpsc;

use crate::{cache::size, executor::Tar};

/// Largest file that is sent from memory, several at once.
pub(super) const SMALL: u64 = 256 * 1024;
/// Piece of a larger one.
const PIECE: usize = 256 * 1024;

/// A file on its way to be kept.
pub(super) struct Found {
    pub(super) path: String,
    pub(super) executable: bool,
    pub(super) content: Content,
}

/// What there is of it.
pub(super) enum Content {
    /// Where it leads.
    Link(String),
    Small(Bytes),
    /// So many bytes, piece by piece.
    Large(u64, mpsc::Receiver<io::Result<Bytes>>),
}

/// What has been looked at so far, over all passes.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Sizes of what is kept, by path.
    pub(super) kept: BTreeMap<String, u64>,
    /// What may not be kept, and why, by path.
    pub(super) refused: BTreeMap<String, String>,
    /// Patterns that fit something, by position.
    pub(super) fitting: BTreeSet<usize>,
    /// Second names of a file; the stream does not have their bytes.
    pub(super) again: BTreeSet<String>,
}

/// One look through a place of the checkout.
pub(super) struct Look<'a> {
    /// The place, as a path below the checkout; empty for all of it.
    pub(super) place: &'a str,
    /// The checkout's own path.
    pub(super) checkout: &'a str,
    pub(super) selection: &'a Selection,
    pub(super) room: Room,
    pub(super) out: &'a mpsc::Sender<Found>,
}

/// Why a look ended early.
#[derive(Debug)]
pub(super) enum Broken {
    /// The stream did.
    Tar(io::Error),
    /// Nobody takes the files any more.
    Unwanted,
}

impl Look<'_> {
    /// Gives all that fits and is not kept yet.
    pub(super) fn through(&self, tar: Tar, seen: &mut Seen) -> Result<(), Broken> {
        let mut archive = tar::Archive::new(tar);
        for entry in archive.entries().map_err(Broken::Tar)? {
            let entry = entry.map_err(Broken::Tar)?;
            let raw = entry.path_bytes().into_owned();
            let Some(path) = self.below(&String::from_utf8_lossy(&raw)) else { continue };
            let kind = entry.header().entry_type();
            if kind == EntryType::Directory || !self.selection.fits(&path) {
                continue;
            }
            seen.fitting.extend(self.selection.which(&path));
            if std::str::from_utf8(&raw).is_err() || !is_artifact_path(&path) {
                let why = format!("the name of `{}` is not one line of UTF-8", path.escape_debug());
                seen.refused.insert(path, why);
            } else if !seen.kept.contains_key(&path) && !seen.refused.contains_key(&path) {
                self.take(entry, kind, path, seen)?;
            }
        }
        Ok(())
    }

    /// The path of an entry below the checkout: its name begins with the last part of the place.
    fn below(&self, name: &str) -> Option<String> {
        let name = name.trim_end_matches('/');
        let rest = name.split_once('/').map_or("", |(_, rest)| rest);
        match (self.place.is_empty(), rest.is_empty()) {
            (true, true) => None,
            (true, false) => Some(rest.to_owned()),
            (false, true) => Some(self.place.to_owned()),
            (false, false) => Some(format!("{}/{rest}", self.place)),
        }
    }

    fn take(&self, mut entry: Entry<'_, Tar>, kind: EntryType, path: String, seen: &mut Seen) -> Result<(), Broken> {
        let executable = entry.header().mode().is_ok_and(|mode| mode & 0o100 != 0);
        match kind {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let length = entry.size();
                if let Err(why) = self.fits_in(&path, length, seen) {
                    seen.refused.insert(path, why);
                    return Ok(());
                }
                let name = path.clone();
                if length <= SMALL {
                    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
                    entry.read_to_end(&mut bytes).map_err(Broken::Tar)?;
                    self.give(Found { path, executable, content: Content::Small(bytes.into()) })?;
                    seen.kept.insert(name, length);
                    return Ok(());
                }
                let (pieces, arrive) = mpsc::channel(4);
                self.give(Found { path, executable, content: Content::Large(length, arrive) })?;
                seen.kept.insert(name, length);
                pour(&mut entry, &pieces)
            }
            EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                let target = String::from_utf8_lossy(&target).into_owned();
                match inside(&path, &target, self.checkout) {
                    Some(link) => {
                        let name = path.clone();
                        self.give(Found { path, executable: false, content: Content::Link(link) })?;
                        seen.kept.insert(name, 0);
                        Ok(())
                    }
                    None => {
                        let target = target.escape_debug();
                        let why = format!("`{path}` is a link that leaves the checkout, to `{target}`");
                        seen.refused.insert(path, why);
                        Ok(())
                    }
                }
            }
            EntryType::Link if self.place != path => {
                seen.again.insert(path);
                Ok(())
            }
            other => {
                let what = match other {
                    EntryType::Char | EntryType::Block => "a device",
                    EntryType::Fifo => "a pipe",
                    _ => "neither a file nor a link",
                };
                let why = format!("`{path}` is {what}");
                seen.refused.insert(path, why);
                Ok(())
            }
        }
    }

    fn fits_in(&self, path: &str, length: u64, seen: &Seen) -> Result<(), String> {
        if length > self.room.file_bytes {
            return Err(format!(
                "`{path}` has {}, and the server keeps files of up to {}",
                size(length),
                size(self.room.file_bytes)
            ));
        }
        let sum: u64 = seen.kept.values().sum();
        if sum + length > self.room.build_bytes {
            return Err(format!("with `{path}` the build keeps more than the server takes of one build"));
        }
        if seen.kept.len() as u64 >= self.room.build_files {
            return Err("the build keeps more files than the server takes of one build".to_owned());
        }
        Ok(())
    }

    fn give(&self, found: Found) -> Result<(), Broken> {
        self.out.blocking_send(found).map_err(|_| Broken::Unwanted)
    }
}

/// The bytes of a large file. What breaks the stream breaks the file.
fn pour(entry: &mut impl Read, pieces: &mpsc::Sender<io::Result<Bytes>>) -> Result<(), Broken> {
    let mut buffer = vec![0; PIECE];
    loop {
        match entry.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                let piece = Bytes::copy_from_slice(&buffer[..count]);
                pieces.blocking_send(Ok(piece)).map_err(|_| Broken::Unwanted)?;
            }
            Err(error) => {
                let _ = pieces.blocking_send(Err(io::Error::new(error.kind(), error.to_string())));
                return Err(Broken::Tar(error));
            }
        }
    }
}

/// Where a link leads, relative to its folder, if that is in the checkout.
fn inside(path: &str, target: &str, checkout: &str) -> Option<String> {
    let folder: Vec<&str> = path.split('/').collect();
    let folder = &folder[..folder.len() - 1];
    if target.is_empty() || target.chars().any(char::is_control) {
        return None;
    }
    if target.starts_with('/') {
        let below = target.strip_prefix(checkout)?;
        let below = if below.is_empty() { "." } else { below.strip_prefix('/')? };
        let up = "../".repeat(folder.len());
        return inside(path, &format!("{up}{below}"), checkout);
    }
    let mut parts: Vec<&str> = folder.to_vec();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_the_checkout_or_are_none() {
        for (path, target, wanted) in [
            ("a/b", "c", Some("c")),
            ("a/b", "../c/./d", Some("../c/./d")),
            ("a/b", "../..", None),
            ("b", "..", None),
            ("a/b", "../../etc/passwd", None),
            ("a/b", "/etc/passwd", None),
            ("a/b", "/w/src/c", Some("../c")),
            ("b", "/w/src", Some(".")),
            ("a/b", "/w/srcs/c", None),
            ("a/b", "/w/src/../x", None),
            ("a/b", "", None),
        ] {
            assert_eq!(inside(path, target, "/w/src").as_deref(), wanted, "{path} -> {target}");
        }
    }
}
