use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
};

use rustix::fs::open;
use tempfile::TempDir;

use super::*;

/// A workspace, and beside it what nobody may touch.
struct Place {
    folder: TempDir,
    root: OwnedFd,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["workspace", "outside"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("outside/file"), "mine").unwrap();
        let root = open(folder.path().join("workspace"), OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        Self { folder, root }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("workspace").join(path)
    }

    fn put(&self, below: &str, entries: &[(&str, EntryType, &str)]) -> io::Result<()> {
        put(&self.root, Path::new(below), io::Cursor::new(tar(entries)), || false)
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn outside_is_untouched(&self) {
        let outside = self.folder.path().join("outside");
        let names: Vec<_> = fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["file"]);
        assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "mine");
    }
}

/// Names go in as they are, also those that the library would refuse.
fn tar(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, kind, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(if kind.is_dir() { 0o750 } else { 0o640 });
        header.set_mtime(1_000_000_000);
        let own = fs::metadata("/proc/self").unwrap();
        header.set_uid(u64::from(own.uid()));
        header.set_gid(u64::from(own.gid()));
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        let body = if kind.is_file() { *text } else { "" };
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            old.linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        header.set_size(body.len() as u64);
        header.set_cksum();
        tar.append(&header, body.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

const FILE: EntryType = EntryType::Regular;
const FOLDER: EntryType = EntryType::Directory;
const LINK: EntryType = EntryType::Symlink;
const HARD: EntryType = EntryType::Link;

#[test]
fn what_is_in_the_archive_is_there_as_it_was() {
    let place = Place::new();
    fs::create_dir_all(place.path("src/bundle/old")).unwrap();
    fs::write(place.path("src/bundle/a"), "before").unwrap();
    fs::write(place.path("src/bundle/b"), "a file where a folder comes").unwrap();
    let entries = [
        ("bundle/", FOLDER, ""),
        ("bundle/a", FILE, "new"),
        ("bundle/b/", FOLDER, ""),
        ("bundle/b/c", FILE, "deep"),
        ("bundle/link", LINK, "b/c"),
        ("bundle/far", LINK, "/etc/passwd"),
        ("bundle/same", HARD, "bundle/a"),
        ("bundle/pipe", EntryType::Fifo, ""),
        ("more/x", FILE, "y"),
    ];
    for _ in 0..2 {
        place.put("src", &entries).unwrap();
        assert_eq!((place.text("src/bundle/a"), place.text("src/bundle/link")), ("new".into(), "deep".into()));
        assert_eq!(fs::read_link(place.path("src/bundle/far")).unwrap(), Path::new("/etc/passwd"), "only its text");
        let file = fs::metadata(place.path("src/bundle/a")).unwrap();
        assert_eq!((file.mode() & 0o7777, file.mtime(), file.nlink()), (0o640, 1_000_000_000, 2));
        let folder = fs::metadata(place.path("src/bundle/b")).unwrap();
        assert_eq!((folder.mode() & 0o7777, folder.mtime()), (0o750, 1_000_000_000));
        let made = fs::metadata(place.path("src/more")).unwrap();
        assert_eq!(made.permissions().mode() & 0o777, 0o777, "whoever runs the step can use it");
        assert!(place.path("src/bundle/old").is_dir() && !place.path("src/bundle/pipe").exists());
    }
}

#[test]
fn no_link_of_the_workspace_leads_out_of_it() {
    let escapes: [(&str, &str); 4] =
        [("vendor", "../outside"), ("vendor", "/"), ("vendor", "/proc/self/root"), ("vendor", "inner/../../outside")];
    for (name, target) in escapes {
        let place = Place::new();
        fs::create_dir(place.path("inner")).unwrap();
        symlink(target, place.path(name)).unwrap();
        for entries in [
            &[("vendor/file", FILE, "evil")][..],
            &[("vendor/new", FILE, "evil")],
            &[("vendor/new/", FOLDER, ""), ("vendor/new/x", FILE, "evil")],
            &[("vendor/deep/er/x", FILE, "evil")],
            &[("vendor/new", LINK, "x")],
            &[("a", FILE, "evil"), ("vendor/new", HARD, "a")],
            &[("mine", HARD, "vendor/file"), ("mine", FILE, "evil")],
        ] {
            let error = place.put("", entries).unwrap_err().to_string();
            assert!(error.contains("leads out of the workspace"), "{target} {entries:?}: {error}");
            place.outside_is_untouched();
        }
    }
}

#[test]
fn no_link_of_the_archive_leads_out_of_the_workspace() {
    let place = Place::new();
    let entries = [("out", LINK, "../outside"), ("out/file", FILE, "evil")];
    assert!(place.put("", &entries).unwrap_err().to_string().contains("leads out"));
    // A link is replaced, never written through.
    place.put("", &[("direct", LINK, "../outside/file"), ("direct", FILE, "ours")]).unwrap();
    assert_eq!(place.text("direct"), "ours");
    place.put("", &[("folder", LINK, "../outside"), ("folder/", FOLDER, ""), ("folder/file", FILE, "ours")]).unwrap();
    assert_eq!(place.text("folder/file"), "ours");
    place.outside_is_untouched();
}

#[test]
fn no_name_of_the_archive_leads_out_of_the_workspace() {
    for name in ["../outside/file", "/etc/evil", "a/../../outside/file", ".."] {
        let place = Place::new();
        for entries in [&[(name, FILE, "evil")][..], &[("x", HARD, name)]] {
            let error = place.put("", entries).unwrap_err().to_string();
            assert!(error.contains("leads out of the workspace"), "{name}: {error}");
        }
        place.outside_is_untouched();
    }
}

#[test]
fn a_link_inside_the_workspace_is_gone_through() {
    let place = Place::new();
    fs::create_dir(place.path("real")).unwrap();
    symlink("real", place.path("alias")).unwrap();
    place.put("alias", &[("a", FILE, "x")]).unwrap();
    place.put("", &[("alias/sub/b", FILE, "y")]).unwrap();
    assert_eq!((place.text("real/a"), place.text("real/sub/b")), ("x".into(), "y".into()));
}

/// Somebody swaps a folder for a link out of the workspace all the time, as a service of the job could.
#[test]
fn nobody_who_swaps_links_meanwhile_gets_anything_out() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let place = Place::new();
    fs::create_dir_all(place.path("real")).unwrap();
    let (swap, done) = (place.path("vendor"), AtomicBool::new(false));
    let entries: Vec<(String, EntryType, &str)> = (0..40).map(|n| (format!("vendor/f{n}"), FILE, "evil")).collect();
    let entries: Vec<(&str, EntryType, &str)> =
        entries.iter().map(|(name, kind, text)| (&**name, *kind, *text)).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = symlink("../outside", &swap);
                let _ = fs::remove_file(&swap);
                let _ = fs::create_dir(&swap);
                let _ = fs::remove_dir_all(&swap);
            }
        });
        for _ in 0..200 {
            // It may fail or not, as the race goes.
            let _ = place.put("", &entries);
        }
        done.store(true, Ordering::Relaxed);
    });
    place.outside_is_untouched();
}
