//! Whether all that a ref would lead to is here.

use std::collections::HashSet;

use git2::{ObjectType, Odb, OdbLookupFlags, Oid, Repository};

/// Deepest nesting of folders; libgit2 walks them by recursion.
const MAX_DEPTH: usize = 512;
/// A tag may point at a tag, this often.
const MAX_TAGS: usize = 16;

/// Why a ref may not point there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("object {0} is missing; a shallow clone must be completed first: git fetch --unshallow")]
    Missing(Oid),
    #[error("a branch must point at a commit")]
    NotACommit,
    #[error("folders are nested deeper than {MAX_DEPTH}")]
    TooDeep,
    #[error("tags of tags are nested too deep")]
    TooManyTags,
}

/// Checks everything from `tip` down to what the repository's refs already lead to.
pub(super) fn check(repository: &Repository, tip: Oid, is_branch: bool) -> Result<(), Broken> {
    let odb = repository.odb().map_err(|_| Broken::Missing(tip))?;
    let mut trees = Trees { repository, odb, seen: HashSet::new() };
    let mut id = tip;
    for _ in 0..MAX_TAGS {
        let (_, kind) = trees.odb.read_header(id).map_err(|_| Broken::Missing(id))?;
        match kind {
            ObjectType::Commit => return commits(repository, id, &mut trees),
            _ if is_branch => return Err(Broken::NotACommit),
            ObjectType::Tag => id = repository.find_tag(id).map_err(|_| Broken::Missing(id))?.target_id(),
            ObjectType::Tree => return trees.check(id, None),
            ObjectType::Blob | ObjectType::Any => return Ok(()),
        }
    }
    Err(Broken::TooManyTags)
}

fn commits(repository: &Repository, tip: Oid, trees: &mut Trees<'_>) -> Result<(), Broken> {
    let lost = |_| Broken::Missing(tip);
    let mut walk = repository.revwalk().map_err(lost)?;
    walk.push(tip).map_err(lost)?;
    walk.hide_glob("*").map_err(lost)?;
    for id in walk {
        // libgit2 does not say which commit it could not find.
        let id = id.map_err(lost)?;
        let commit = repository.find_commit(id).map_err(|_| Broken::Missing(id))?;
        for parent in commit.parent_ids() {
            if !trees.odb.exists(parent) {
                return Err(Broken::Missing(parent));
            }
        }
        // What a parent has need not be looked at: the parent is checked itself, or was before.
        let base = commit.parent_id(0).ok().and_then(|parent| repository.find_commit(parent).ok());
        trees.check(commit.tree_id(), base.map(|parent| parent.tree_id()))?;
    }
    Ok(())
}

struct Trees<'repo> {
    repository: &'repo Repository,
    odb: Odb<'repo>,
    seen: HashSet<Oid>,
}

impl Trees<'_> {
    fn check(&mut self, tree: Oid, base: Option<Oid>) -> Result<(), Broken> {
        let mut open = vec![(tree, base, 0)];
        while let Some((id, base, depth)) = open.pop() {
            if depth > MAX_DEPTH {
                return Err(Broken::TooDeep);
            }
            if Some(id) == base || !self.seen.insert(id) {
                continue;
            }
            let tree = self.repository.find_tree(id).map_err(|_| Broken::Missing(id))?;
            let base = base.and_then(|base| self.repository.find_tree(base).ok());
            for entry in &tree {
                let before = base.as_ref().and_then(|base| base.get_name_bytes(entry.name_bytes())).map(|was| was.id());
                match entry.kind() {
                    Some(ObjectType::Tree) => open.push((entry.id(), before, depth + 1)),
                    // A submodule's commit lives elsewhere.
                    Some(ObjectType::Commit) => {}
                    _ if Some(entry.id()) == before => {}
                    _ => {
                        if !self.odb.exists_ext(entry.id(), OdbLookupFlags::NO_REFRESH) {
                            return Err(Broken::Missing(entry.id()));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use git2::Signature;

    use super::*;

    fn commit(repository: &Repository, entries: &[(&str, Oid, i32)], parents: &[Oid]) -> Oid {
        let mut builder = repository.treebuilder(None).unwrap();
        for (name, id, mode) in entries {
            builder.insert(name, *id, *mode).unwrap();
        }
        let tree = repository.find_tree(builder.write().unwrap()).unwrap();
        let who = Signature::now("a", "a@b").unwrap();
        let parents: Vec<_> = parents.iter().map(|id| repository.find_commit(*id).unwrap()).collect();
        repository.commit(None, &who, &who, "x", &tree, &parents.iter().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn what_is_missing_is_found_and_submodules_are_not_missed() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let here = repository.blob(b"here").unwrap();
        let elsewhere = Oid::from_str(&"1".repeat(40)).unwrap();
        let first = commit(&repository, &[("a", here, 0o100_644), ("module", elsewhere, 0o160_000)], &[]);
        assert_eq!(check(&repository, first, true), Ok(()));
        assert_eq!(check(&repository, elsewhere, false), Err(Broken::Missing(elsewhere)));
        assert_eq!(check(&repository, here, true), Err(Broken::NotACommit));
        assert_eq!(check(&repository, here, false), Ok(()));
        let other = repository.blob(b"there").unwrap();
        let second = commit(&repository, &[("a", here, 0o100_644), ("b", other, 0o100_644)], &[first]);
        let hex = other.to_string();
        std::fs::remove_file(folder.path().join("objects").join(&hex[..2]).join(&hex[2..])).unwrap();
        let repository = Repository::open_bare(folder.path()).unwrap();
        assert_eq!(check(&repository, second, true), Err(Broken::Missing(other)));
        assert_eq!(check(&repository, first, true), Ok(()));
    }
}
