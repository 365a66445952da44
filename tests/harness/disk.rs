//! A disk that is soon full.

use std::path::Path;

use super::git::shell;

/// A file system of 4 MB, gone with the test however that ends.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    pub(crate) async fn mounted() -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("slipway-full-").tempdir().unwrap();
        let mount = format!("mount -t tmpfs -o size=4m tmpfs {}", folder.path().display());
        let (mounted, said) = shell(Path::new("/"), &mount, &[]).await;
        if !mounted.success() {
            eprintln!("SKIPPED: a file system of 4 MB cannot be mounted here: {said}");
            return None;
        }
        Some(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: what still has it open, a server that a failed test leaves, is about to go.
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
