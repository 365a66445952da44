//! A tar stream into a folder that others may be changing.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{
        AtFlags, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid, chownat, fchmod, fchown, futimens, linkat,
        mkdirat, openat2, symlinkat, unlinkat, utimensat,
    },
    io::Errno,
};
use tar::EntryType;

use super::{ahead::Ahead, at};

/// No step of a path may leave the root, whatever links are there and whoever makes them.
const INSIDE: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS).union(ResolveFlags::NO_XDEV);
/// Rights of folders that are made on the way: whatever user a step runs as can work in them.
const OPEN: Mode = Mode::from_raw_mode(0o777);
/// Bytes that are written at once.
const PIECE: usize = 256 * 1024;

/// Puts a tar stream into a folder below a root. What is there under the name of an entry is replaced, folders are joined.
/// Devices and the like are left out. Ends early when it is to stop.
pub(in crate::docker) fn put(
    root: &OwnedFd,
    below: &Path,
    tar: impl Read + Send + 'static,
    stops: impl Fn() -> bool,
) -> io::Result<()> {
    let mut put = Put { root: root.as_fd(), parent: None, times: Vec::new(), piece: vec![0; PIECE] };
    for entry in tar::Archive::new(Ahead::new(tar)?).entries()? {
        let mut entry = entry?;
        if stops() {
            return Err(io::Error::other("the job has ended"));
        }
        let name = entry.path()?.into_owned();
        let path = below.join(inside(&name)?);
        put.entry(&path, below, &mut entry).map_err(|error| at(&name, error))?;
    }
    put.finish();
    Ok(())
}

/// A relative path of plain names.
fn inside(name: &Path) -> io::Result<PathBuf> {
    let mut plain = PathBuf::new();
    for part in name.components() {
        match part {
            Component::Normal(part) => plain.push(part),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => {
                return Err(at(name, io::Error::other("the name leads out of the workspace")));
            }
        }
    }
    Ok(plain)
}

struct Put<'r> {
    root: BorrowedFd<'r>,
    /// The folder of the last entry, open: the next one is mostly in it, too.
    parent: Option<(PathBuf, OwnedFd)>,
    /// Folders get their times at the end: each file in them changes it.
    times: Vec<(PathBuf, Timestamps)>,
    piece: Vec<u8>,
}

impl Put<'_> {
    fn entry<R: Read>(&mut self, path: &Path, below: &Path, entry: &mut tar::Entry<'_, R>) -> io::Result<()> {
        let header = entry.header();
        let mode = Mode::from_raw_mode(header.mode()? & 0o7777);
        // An empty field is 0 to the engine, too.
        let owner = (
            Uid::from_raw(number(header.uid().unwrap_or_default())?),
            Gid::from_raw(number(header.gid().unwrap_or_default())?),
        );
        let times = times(header.mtime().unwrap_or_default());
        let Some(name) = path.file_name().map(Path::new) else { return Ok(()) };
        let above = path.parent().unwrap_or(Path::new("")).to_path_buf();
        match header.entry_type() {
            EntryType::Directory => {
                let folder = self.folder(path)?;
                fchown(&folder, Some(owner.0), Some(owner.1))?;
                fchmod(&folder, mode)?;
                self.times.push((path.to_path_buf(), times));
                self.parent = Some((path.to_path_buf(), folder));
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let parent = self.parent(&above)?;
                let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = anew(parent, name, || openat2(parent, name, flags, Mode::RUSR | Mode::WUSR, INSIDE))?;
                let mut file = File::from(file);
                copy(entry, &mut file, &mut self.piece)?;
                // Rights after the owner: a change of that takes some away.
                fchown(&file, Some(owner.0), Some(owner.1))?;
                fchmod(&file, mode)?;
                futimens(&file, &times)?;
            }
            EntryType::Symlink => {
                let target =
                    entry.link_name()?.ok_or_else(|| io::Error::other("a link without a target"))?.into_owned();
                let parent = self.parent(&above)?;
                anew(parent, name, || symlinkat(&target, parent, name))?;
                chownat(parent, name, Some(owner.0), Some(owner.1), AtFlags::SYMLINK_NOFOLLOW)?;
                utimensat(parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
            }
            EntryType::Link => {
                let target = entry.link_name()?.ok_or_else(|| io::Error::other("a link without a target"))?;
                let target = below.join(inside(&target)?);
                let of = self.existing(target.parent().unwrap_or(Path::new("")))?;
                let file = target.file_name().map(Path::new).ok_or_else(|| io::Error::other("a link to nothing"))?;
                let parent = self.parent(&above)?;
                anew(parent, name, || linkat(&of, file, parent, name, AtFlags::empty()))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The open folder of an entry, made if it is missing.
    fn parent(&mut self, path: &Path) -> io::Result<BorrowedFd<'_>> {
        if self.parent.as_ref().is_none_or(|(open, _)| open != path) {
            let folder = self.way(path)?;
            self.parent = Some((path.to_path_buf(), folder));
        }
        match &self.parent {
            Some((_, folder)) => Ok(folder.as_fd()),
            None => Err(io::Error::other("no folder")),
        }
    }

    fn existing(&self, path: &Path) -> io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        Ok(openat2(self.root, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty(), INSIDE)?)
    }

    /// A folder with all that are missing on the way to it. Links to folders inside the workspace are gone through.
    fn way(&self, path: &Path) -> io::Result<OwnedFd> {
        match self.existing(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return self.existing(path) };
        let above = self.way(above)?;
        make(above.as_fd(), Path::new(name))?;
        self.existing(path)
    }

    /// The folder of an entry itself: what is no folder is replaced by one.
    fn folder(&mut self, path: &Path) -> io::Result<OwnedFd> {
        let (above, name) = (path.parent().unwrap_or(Path::new("")).to_path_buf(), path.file_name());
        let name = Path::new(name.ok_or_else(|| io::Error::other("a folder without a name"))?);
        let parent = self.parent(&above)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = || openat2(parent, name, flags, Mode::empty(), INSIDE);
        match found() {
            Err(Errno::NOTDIR | Errno::LOOP) => unlinkat(parent, name, AtFlags::empty())?,
            Err(Errno::NOENT) => {}
            found => return Ok(found?),
        }
        make(parent, name)?;
        Ok(found()?)
    }

    fn finish(self) {
        for (path, times) in self.times.iter().rev() {
            // Whoever changed the folder meanwhile has changed its time, too.
            if let Ok(folder) = self.existing(path) {
                let _ = futimens(&folder, times);
            }
        }
    }
}

fn make(parent: BorrowedFd<'_>, name: &Path) -> io::Result<()> {
    match mkdirat(parent, name, OPEN) {
        Ok(()) => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let made = openat2(parent, name, flags, Mode::empty(), INSIDE)?;
            // The mask of this process may have taken rights away.
            Ok(fchmod(&made, OPEN)?)
        }
        // Somebody else was quicker.
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Makes something under a name, in place of what is there. A folder is not replaced.
fn anew<T>(parent: BorrowedFd<'_>, name: &Path, make: impl Fn() -> rustix::io::Result<T>) -> io::Result<T> {
    match make() {
        Err(Errno::EXIST) => {
            unlinkat(parent, name, AtFlags::empty())?;
            Ok(make()?)
        }
        made => Ok(made?),
    }
}

fn copy(from: &mut impl Read, to: &mut File, piece: &mut [u8]) -> io::Result<()> {
    loop {
        match from.read(piece)? {
            0 => return Ok(()),
            read => to.write_all(&piece[..read])?,
        }
    }
}

fn number(id: u64) -> io::Result<u32> {
    u32::try_from(id).map_err(|_| io::Error::other("an owner's number is out of range"))
}

fn times(seconds: u64) -> Timestamps {
    let time = Timespec { tv_sec: i64::try_from(seconds).unwrap_or(0), tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}

#[cfg(test)]
#[path = "put_tests.rs"]
mod tests;
