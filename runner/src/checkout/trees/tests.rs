use std::{os::unix::fs::PermissionsExt, process::Command};

use git2::{IndexAddOption, Signature, Time};

use super::*;

pub(super) struct Silent;

impl LogSink for Silent {
    fn write(&mut self, _: &[u8]) {}
    fn begin_container_output(&mut self) {}
    fn command(&mut self, _number: usize) {}
}

pub(super) struct Kept(pub(super) Arc<Mutex<Vec<u8>>>);

impl LogSink for Kept {
    fn write(&mut self, bytes: &[u8]) {
        locked(&self.0).extend_from_slice(bytes);
    }
    fn begin_container_output(&mut self) {}
    fn command(&mut self, _number: usize) {}
}

pub(super) struct Place {
    pub(super) folder: tempfile::TempDir,
    repository: Repository,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path().join("source")).unwrap();
        let source = folder.path().join("source");
        fs::create_dir_all(source.join("deep/er")).unwrap();
        fs::write(source.join("README"), "hello\n").unwrap();
        fs::write(source.join("deep/er/crlf.txt"), "a\r\nb\r\n").unwrap();
        fs::write(source.join(".gitattributes"), "*.txt text eol=crlf\n").unwrap();
        fs::write(source.join("run.sh"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(source.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("../../../../etc/passwd", source.join("deep/link")).unwrap();
        Self { folder, repository }
    }

    pub(super) fn commit(&self, message: &str) -> Oid {
        let mut index = self.repository.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = self.repository.find_tree(index.write_tree().unwrap()).unwrap();
        let who = Signature::new("A", "a@example.com", &Time::new(1_600_000_000, 0)).unwrap();
        let main = self.repository.find_reference("refs/heads/main").ok();
        let parent = main.map(|main| main.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        self.repository.commit(Some("refs/heads/main"), &who, &who, message, &tree, &parents).unwrap()
    }

    fn trees(&self) -> Trees {
        let data = self.folder.path().join("data");
        Trees::open(Settings { data, server_url: String::new(), token: "slp_secret".into() }).unwrap()
    }

    pub(super) fn source(&self, sha: Oid, near: bool) -> Source {
        let path = self.folder.path().join("source").to_str().unwrap().to_owned();
        Source {
            repository: "me/thing".into(),
            url: path.clone(),
            path: near.then_some(path),
            reference: "refs/heads/main".into(),
            sha: sha.to_string(),
            origin: "https://git.example/me/thing.git".into(),
        }
    }
}

pub(super) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_tree_is_a_clean_checkout_with_a_repository_of_its_own() {
    for near in [true, false] {
        let place = Place::new();
        let first = place.commit("first");
        let sha = place.commit("second");
        let below = Path::new("src/git.example/me/thing");
        let tree = place.trees().get(&place.source(sha, near), below, Box::new(Silent)).await.unwrap();
        drop(fs::rename(place.folder.path().join("source"), place.folder.path().join("moved")));
        let folder = tree.folder().join(below);
        assert_eq!(fs::read_to_string(folder.join("README")).unwrap(), "hello\n");
        assert_eq!(fs::read(folder.join("deep/er/crlf.txt")).unwrap(), b"a\r\nb\r\n");
        assert_eq!(fs::read_link(folder.join("deep/link")).unwrap(), Path::new("../../../../etc/passwd"));
        let mode = |path: &str| fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("README"), mode("run.sh"), mode("deep"), mode("")), (0o666, 0o777, 0o777, 0o777));
        let modified = fs::metadata(folder.join("README")).unwrap().modified().unwrap();
        assert_eq!(modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs(), 1_600_000_000);
        assert_eq!(git(&folder, &["status", "--porcelain"]), "");
        assert_eq!(git(&folder, &["rev-parse", "HEAD", "origin/main"]), format!("{sha}\n{sha}\n"));
        assert_eq!(git(&folder, &["log", "--format=%H"]), format!("{sha}\n{first}\n"));
        assert_eq!(git(&folder, &["remote", "get-url", "origin"]), "https://git.example/me/thing.git\n");
        assert_eq!(git(&folder, &["fsck", "--full"]), "");
        let config = fs::read_to_string(folder.join(".git/config")).unwrap();
        assert!(!config.contains("slp_") && !config.contains("runner"), "{config}");
    }
}

#[tokio::test]
async fn the_same_commit_is_checked_out_once() {
    let place = Place::new();
    let sha = place.commit("only");
    let trees = place.trees();
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut folders = Vec::new();
    for _ in 0..2 {
        let tree =
            trees.get(&place.source(sha, false), Path::new("src"), Box::new(Kept(Arc::clone(&log)))).await.unwrap();
        folders.push(tree.folder());
    }
    assert_eq!(folders[0], folders[1]);
    let log = String::from_utf8(locked(&log).clone()).unwrap();
    assert_eq!(log.matches("Fetched").count(), 1, "{log}");
    assert!(log.ends_with(&format!("Checked out {sha} of me/thing, from the cache\n")), "{log}");
}

#[tokio::test]
async fn the_asked_for_commit_or_none() {
    let place = Place::new();
    let kept = place.commit("kept");
    let mut source = place.source(kept, false);
    source.sha = "0123456789012345678901234567890123456789".into();
    let failed = place.trees().get(&source, Path::new(""), Box::new(Silent)).await.unwrap_err();
    assert_eq!(failed.reason, Reason::Clone);
    assert!(failed.message.contains("is not on refs/heads/main any more"), "{failed}");
    for bad in ["", "main", "HEAD", "-x", "0123", "g123456789012345678901234567890123456789"] {
        source.sha = bad.into();
        assert!(place.trees().get(&source, Path::new(""), Box::new(Silent)).await.is_err(), "{bad}");
    }
    let mut source = place.source(kept, false);
    for bad in ["main", "refs/heads/../x", "refs/heads/a b", "+refs/heads/main"] {
        source.reference = bad.into();
        assert!(place.trees().get(&source, Path::new(""), Box::new(Silent)).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn an_error_has_no_credential() {
    let place = Place::new();
    let sha = place.commit("x");
    let data = place.folder.path().join("data");
    let settings = Settings { data, server_url: "http://127.0.0.1:1/".into(), token: "slp_secret".into() };
    assert!(!format!("{settings:?}").contains("slp_secret"));
    let mut source = place.source(sha, false);
    source.url = "/git/me/thing.git".into();
    let trees = Trees::open(settings).unwrap();
    let failed = trees.get(&source, Path::new(""), Box::new(Silent)).await.unwrap_err();
    assert!(!failed.message.contains("slp_secret"), "{failed}");
}

#[tokio::test]
async fn trees_in_use_are_kept_and_old_ones_go() {
    let place = Place::new();
    let trees = place.trees();
    let first = trees.get(&place.source(place.commit("0"), true), Path::new(""), Box::new(Silent)).await.unwrap();
    let mut second = None;
    for number in 1..=KEPT + 2 {
        let sha = place.commit(&number.to_string());
        let tree = trees.get(&place.source(sha, true), Path::new(""), Box::new(Silent)).await.unwrap();
        second.get_or_insert(tree.folder());
    }
    assert!(first.folder().is_dir());
    assert!(!second.unwrap().exists());
    let again = place.trees();
    assert!(again.again(first.key()).folder().is_dir(), "trees of this boot stay");
}

#[test]
fn trees_of_an_earlier_boot_go() {
    let place = Place::new();
    let old = place.folder.path().join("data/trees/anotherboot/tree");
    fs::create_dir_all(&old).unwrap();
    place.trees();
    assert!(!old.exists());
}
