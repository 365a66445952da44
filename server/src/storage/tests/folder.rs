//! A folder.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::promises;
use crate::storage::{Location, Storage, leftovers};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files.extend(self::files(&entry.path()))
        } else {
            files.push(entry.path())
        }
    }
    files
}

#[tokio::test]
async fn a_folder_keeps_what_storages_promise() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(Location::Folder(folder.path().join("objects"))).unwrap();
    promises::keep(&storage).await;
    // Uploads are taken back by tasks of their own.
    let half = || files(folder.path()).iter().any(|path| path.to_string_lossy().contains('#'));
    tokio::time::timeout(Duration::from_secs(10), async {
        while half() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{:?}", files(folder.path())));
    assert!(!folder.path().join("objects/fails").exists() || files(&folder.path().join("objects/fails")).is_empty());
}

#[test]
fn what_a_killed_server_left_half_written_is_removed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    for name in ["logs/0.zst", "logs/0.zst#1", "logs/1.zst#27", "logs/2.zst#x"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let hour = Duration::from_secs(3600);
    // Those that this server writes itself are younger.
    assert_eq!(leftovers::remove(folder.path(), SystemTime::now() - hour).unwrap(), 0);
    assert_eq!(leftovers::remove(folder.path(), SystemTime::now() + hour).unwrap(), 2);
    assert_eq!(files(folder.path()).len(), 2);
}
