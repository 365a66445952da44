use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::desk::Since;

/// A repository with a commit of two files and a rule what to ignore.
fn committed() -> (tempfile::TempDir, Repository) {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    write(folder.path(), "a.txt", "a");
    write(folder.path(), "sub/run.sh", "#!/bin/sh");
    fs::set_permissions(folder.path().join("sub/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    write(folder.path(), ".gitignore", "out/\n");
    add_commit(&repository);
    (folder, repository)
}

fn add_commit(repository: &Repository) -> Oid {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let me = Signature::new("Ada", "ada@dock.example", &Time::new(1_700_000_000, 0)).unwrap();
    let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &me, &me, "a commit", &tree, &parents).unwrap()
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Paths with modes and contents of a snapshot.
fn files(snapshot: &Snapshot) -> Vec<(String, i32, String)> {
    let repository = Repository::open(&snapshot.repository).unwrap();
    let commit = repository.find_commit(Oid::from_str(&snapshot.sha).unwrap()).unwrap();
    let mut files = Vec::new();
    let walked = commit.tree().unwrap().walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
        if let Ok(blob) = entry.to_object(&repository).unwrap().into_blob() {
            let text = String::from_utf8(blob.content().to_vec()).unwrap();
            files.push((format!("{folder}{}", entry.name().unwrap()), entry.filemode(), text));
        }
        git2::TreeWalkResult::Ok
    });
    walked.unwrap();
    files
}

/// All that git itself would notice.
fn fingerprint(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { all.push((path.clone(), fs::read(&path).unwrap())) }
        }
    }
    all.sort();
    all
}

#[test]
fn a_clean_tree_is_its_own_commit() {
    let (folder, repository) = committed();
    let head = repository.head().unwrap().peel_to_commit().unwrap().id().to_string();
    write(folder.path(), "out/big", "ignored");
    let own = tempfile::tempdir().unwrap();
    let snapshot = Folder::open(folder.path()).unwrap().snapshot(&own.path().join("s")).unwrap();
    assert_eq!((snapshot.sha, snapshot.is_dirty), (head, false));
    assert_eq!(snapshot.repository, repository.path());
}

#[test]
fn a_dirty_tree_is_taken_as_it_is_and_left_as_it_was() {
    let (folder, repository) = committed();
    write(folder.path(), "a.txt", "b");
    write(folder.path(), "sub/new", "untracked");
    fs::remove_file(folder.path().join("sub/run.sh")).unwrap();
    write(folder.path(), "out/big", "ignored");
    fs::create_dir_all(folder.path().join(".git/info")).unwrap();
    write(folder.path(), ".git/info/exclude", "private\n");
    write(folder.path(), "private", "mine");
    let before = fingerprint(folder.path());
    let own = tempfile::tempdir().unwrap();
    let desk = Folder::open(folder.path()).unwrap();
    let snapshot = desk.snapshot(&own.path().join("s")).unwrap();
    assert!(snapshot.is_dirty);
    let seen = files(&snapshot);
    let seen: Vec<_> = seen.iter().map(|(path, mode, text)| (path.as_str(), *mode, text.as_str())).collect();
    assert_eq!(
        seen,
        [(".gitignore", 0o100_644, "out/\n"), ("a.txt", 0o100_644, "b"), ("sub/new", 0o100_644, "untracked")]
    );
    assert_eq!(fingerprint(folder.path()), before, "nothing of the user's was touched");
    assert_eq!(desk.snapshot(&own.path().join("s")).unwrap().sha, snapshot.sha, "the same files, the same commit");
    let made = Repository::open(&snapshot.repository).unwrap();
    let commit = made.find_commit(Oid::from_str(&snapshot.sha).unwrap()).unwrap();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    assert_eq!((commit.parent_id(0).unwrap(), commit.time().seconds()), (head.id(), 1_700_000_000));
}

#[test]
fn modes_and_links_are_kept() {
    let (folder, _) = committed();
    fs::set_permissions(folder.path().join("a.txt"), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("a.txt", folder.path().join("link")).unwrap();
    let own = tempfile::tempdir().unwrap();
    let snapshot = Folder::open(folder.path()).unwrap().snapshot(&own.path().join("s")).unwrap();
    let seen = files(&snapshot);
    let mode = |name: &str| seen.iter().find(|(path, ..)| path == name).unwrap().1;
    assert_eq!((mode("a.txt"), mode("sub/run.sh"), mode("link")), (0o100_755, 0o100_755, 0o120_000));
}

#[test]
fn a_directory_without_git_and_one_that_is_ignored_are_taken_whole() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "x/y", "z");
    let own = tempfile::tempdir().unwrap();
    let snapshot = Folder::open(folder.path()).unwrap().snapshot(&own.path().join("s")).unwrap();
    assert_eq!(files(&snapshot), [("x/y".to_owned(), 0o100_644, "z".to_owned())]);

    let (folder, _) = committed();
    write(folder.path(), "out/it/x", "y");
    let desk = Folder::open(&folder.path().join("out/it")).unwrap();
    assert!(desk.root().is_none());
    assert_eq!(files(&desk.snapshot(&own.path().join("s")).unwrap()), [("x".into(), 0o100_644, "y".into())]);
}

#[test]
fn a_part_of_a_repository_is_taken_alone() {
    let (folder, _) = committed();
    write(folder.path(), "sub/new", "n");
    let own = tempfile::tempdir().unwrap();
    let desk = Folder::open(&folder.path().join("sub")).unwrap();
    let seen = files(&desk.snapshot(&own.path().join("s")).unwrap());
    let names: Vec<&str> = seen.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(names, ["new", "run.sh"]);
    assert_eq!(desk.changes(Since::LastPush).unwrap().0.unwrap(), ["new", "run.sh"], "the only commit is all new");
}

#[test]
fn before_the_first_commit_all_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = RepositoryInitOptions::new();
    Repository::init_opts(folder.path(), options.initial_head("trunk")).unwrap();
    write(folder.path(), "a", "a");
    let own = tempfile::tempdir().unwrap();
    let desk = Folder::open(folder.path()).unwrap();
    let snapshot = desk.snapshot(&own.path().join("s")).unwrap();
    assert!(snapshot.is_dirty);
    assert_eq!(files(&snapshot).len(), 1);
    let head = desk.head().unwrap().unwrap();
    assert_eq!((head.branch.as_deref(), head.sha.as_str()), (Some("trunk"), "0".repeat(40).as_str()));
    assert_eq!(desk.changes(Since::LastPush).unwrap().0.unwrap(), ["a"]);
}

#[test]
fn changes_are_counted_from_what_was_pushed_or_where_the_branch_left() {
    let (folder, repository) = committed();
    let first = repository.head().unwrap().peel_to_commit().unwrap();
    repository.remote("origin", "https://git.example/me/thing.git").unwrap();
    repository.reference("refs/remotes/origin/main", first.id(), true, "test").unwrap();
    repository.reference_symbolic("refs/remotes/origin/HEAD", "refs/remotes/origin/main", true, "test").unwrap();
    write(folder.path(), "b", "b");
    add_commit(&repository);
    write(folder.path(), "c", "c");
    add_commit(&repository);
    write(folder.path(), "d", "d");
    let desk = Folder::open(folder.path()).unwrap();
    assert_eq!(desk.changes(Since::LastPush).unwrap().0.unwrap(), ["c", "d"], "no upstream: since the parent");
    let (paths, base) = desk.changes(Since::Branch("main")).unwrap();
    assert_eq!((paths.unwrap(), base), (vec!["b".into(), "c".into(), "d".into()], Some(first.id().to_string())));
    assert!(desk.changes(Since::Branch("nothing")).unwrap_err().to_string().contains("`nothing`"));

    let branch = repository.head().unwrap().shorthand().unwrap().to_owned();
    let mut config = repository.config().unwrap();
    config.set_str(&format!("branch.{branch}.remote"), "origin").unwrap();
    config.set_str(&format!("branch.{branch}.merge"), "refs/heads/main").unwrap();
    config.set_str("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*").unwrap();
    let (paths, base) = desk.changes(Since::LastPush).unwrap();
    assert_eq!((paths.unwrap().len(), base), (3, Some(first.id().to_string())));
    let target = repository.head().unwrap().peel(git2::ObjectType::Commit).unwrap();
    repository.tag_lightweight("v1", &target, false).unwrap();
    repository.tag_lightweight("old", first.as_object(), false).unwrap();
    assert_eq!(desk.tags().unwrap(), ["v1"]);
    let head = desk.head().unwrap().unwrap();
    assert_eq!(head.default_branch.as_deref(), Some("main"));
    assert_eq!(head.remote.as_deref(), Some("https://git.example/me/thing.git"));
}
