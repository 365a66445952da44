//! The workspace without the engine: where it is an overlay that a container of the job holds mounted on this machine, files are
//! written straight into it.
//!
//! Containers of the job may be writing there, too. So no path is ever resolved but by the kernel, from the workspace's own root,
//! with the order not to leave it: see [`put`].

use std::{
    fs, io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags, fstat, major, minor, open};

mod ahead;
mod put;

pub(super) use put::put;

/// The root of a job's workspace, open. `None`: it is not mounted here, now.
pub(super) fn root(job_folder: &Path) -> Option<OwnedFd> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let (point, device) = mounted(&mounts, &job_folder.join("upper"))?;
    let root = open(&point, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    // It may have been unmounted since: then this is the empty folder below it.
    let found = fstat(&root).ok()?.st_dev;
    ((major(found), minor(found)) == device).then_some(root)
}

/// Where the overlay with this upper folder is mounted, and its device.
fn mounted(mounts: &str, upper: &Path) -> Option<(PathBuf, (u32, u32))> {
    mounts.lines().find_map(|line| {
        let (mount, rest) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(2);
        let (device, root, point) = (mount.next()?, mount.next()?, mount.next()?);
        let mut rest = rest.split(' ');
        let (kind, options) = (rest.next()?, rest.nth(1)?);
        let upperdir = options.split(',').find_map(|option| option.strip_prefix("upperdir="))?;
        if kind != "overlay" || root != "/" || Path::new(&plain(upperdir)) != upper {
            return None;
        }
        let (major, minor) = device.split_once(':')?;
        Some((PathBuf::from(plain(point)), (major.parse().ok()?, minor.parse().ok()?)))
    })
}

/// A path as `mountinfo` writes it: a space is `\040`.
fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(|_| first == b'\\') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A failure with where it happened.
fn at(path: &Path, error: impl Into<io::Error>) -> io::Error {
    let error: io::Error = error.into();
    let why = if error.raw_os_error() == Some(rustix::io::Errno::XDEV.raw_os_error()) {
        "a link on the way leads out of the workspace".to_owned()
    } else {
        error.to_string()
    };
    io::Error::new(error.kind(), format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_of_an_upper_folder_is_found() {
        let mounts = "22 1 254:0 / / rw - ext4 /dev/vda rw\n\
            90 22 0:52 / /var/lib/docker/volumes/a\\040b/_data rw shared:9 - overlay overlay rw,lowerdir=/l,upperdir=/d/my\\040work/j/upper,workdir=/w\n\
            91 22 0:53 / /m rw - overlay overlay rw,lowerdir=/l,upperdir=/d/other/upper,workdir=/w\n";
        let found = mounted(mounts, Path::new("/d/my work/j/upper"));
        assert_eq!(found, Some((PathBuf::from("/var/lib/docker/volumes/a b/_data"), (0, 52))));
        assert_eq!(mounted(mounts, Path::new("/d/none/upper")), None);
        assert_eq!(plain("a\\134b\\"), "a\\b\\");
    }
}
