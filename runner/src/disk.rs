//! Space on the disk of the runner's data folder.

use std::path::Path;

use slipway_pipelines::wire::Disk;

/// The disk that a folder is on; `None` when the system does not tell.
pub(crate) fn of(folder: &Path) -> Option<Disk> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(Disk { free: found.f_bavail * found.f_frsize, total: found.f_blocks * found.f_frsize })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_on_a_disk_and_what_is_none_is_not() {
        let disk = of(Path::new("/")).unwrap();
        assert!(disk.free <= disk.total && disk.total > 0);
        assert_eq!(of(Path::new("/no/such/folder")), None);
    }
}
