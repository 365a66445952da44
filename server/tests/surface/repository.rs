//! Commits in a server's own repositories.

use git2::{Commit, Repository as Bare, Signature};

use crate::setup::World;

/// Commits files on a branch of a repository's own remote, as a push would; the commit's id.
pub(crate) fn commit(world: &World, repository: &str, branch: &str, files: &[(&str, &str)]) -> String {
    let path = world.server.app().config.bare_repository(&repository.parse().unwrap());
    let bare = Bare::init_bare(path).unwrap();
    let mut index = git2::Index::new().unwrap();
    bare.set_index(&mut index).unwrap();
    let entry = |path: &str| git2::IndexEntry {
        ctime: git2::IndexTime::new(0, 0),
        mtime: git2::IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: git2::Oid::ZERO_SHA1,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    };
    for (path, text) in files {
        index.add_frombuffer(&entry(path), text.as_bytes()).unwrap();
    }
    let tree = bare.find_tree(index.write_tree_to(&bare).unwrap()).unwrap();
    let who = Signature::now("Ada", "ada@example.org").unwrap();
    let name = format!("refs/heads/{branch}");
    let parent = bare.find_reference(&name).ok().and_then(|tip| tip.peel_to_commit().ok());
    let parents: Vec<&Commit<'_>> = parent.iter().collect();
    bare.commit(Some(&name), &who, &who, "x", &tree, &parents).unwrap().to_string()
}
