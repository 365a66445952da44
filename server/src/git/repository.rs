//! The bare repositories on disk.

use std::path::Path;

use git2::{ErrorCode, Repository, RepositoryInitOptions};

/// Opens a bare repository and makes it first where there is none. `branch` is what a new one's `HEAD` names.
///
/// Refs are written durably, and each keeps a log of what it was: `intake::replay` reads from it whether a ref moved before a crash.
pub fn open_or_init(path: &Path, branch: &str) -> Result<Repository, git2::Error> {
    let repository = match Repository::open_bare(path) {
        Ok(repository) => repository,
        Err(error) if error.code() == ErrorCode::NotFound => init(path, branch)?,
        Err(error) => return Err(error),
    };
    let mut config = repository.config()?;
    if config.get_string("core.logallrefupdates").is_err() {
        config.set_bool("core.fsyncobjectfiles", true)?;
        config.set_str("core.logallrefupdates", "always")?;
        // A setting is read once per open repository.
        return Repository::open_bare(path);
    }
    Ok(repository)
}

fn init(path: &Path, branch: &str) -> Result<Repository, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.bare(true).mkpath(true).external_template(false).initial_head(branch);
    Repository::init_opts(path, &options)
}

/// Opens a bare repository; `None` where there is none.
pub fn open(path: &Path) -> Result<Option<Repository>, git2::Error> {
    match Repository::open_bare(path) {
        Ok(repository) => Ok(Some(repository)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The branch that `HEAD` names, whether or not it exists: `refs/heads/main`.
pub(super) fn head(repository: &Repository) -> Option<String> {
    let head = repository.find_reference("HEAD").ok()?;
    head.symbolic_target().ok().flatten().map(str::to_owned)
}

/// Whether a ref's log says that it was moved to `id`, or it is there now. False for an entry that a crash left without its ref.
pub fn was_moved_to(repository: &Repository, reference: &str, id: git2::Oid) -> bool {
    if repository.refname_to_id(reference).is_ok_and(|now| now == id) {
        return true;
    }
    // The newest entry comes first; it is written before the ref is.
    repository.reflog(reference).is_ok_and(|log| log.iter().skip(1).any(|entry| entry.id_new() == id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_made_once_and_keeps_logs_of_its_refs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("me/thing.git");
        assert!(open(&path).unwrap().is_none());
        let repository = open_or_init(&path, "trunk").unwrap();
        assert_eq!(head(&repository).as_deref(), Some("refs/heads/trunk"));
        let tree = repository.find_tree(repository.treebuilder(None).unwrap().write().unwrap()).unwrap();
        let who = git2::Signature::now("a", "a@b").unwrap();
        let first = repository.commit(None, &who, &who, "1", &tree, &[]).unwrap();
        let second = repository.commit(None, &who, &who, "2", &tree, &[]).unwrap();
        let third = repository.commit(None, &who, &who, "3", &tree, &[]).unwrap();
        repository.reference("refs/tags/x", first, false, "push").unwrap();
        repository.reference("refs/tags/x", second, true, "push").unwrap();
        let again = open_or_init(&path, "other").unwrap();
        assert_eq!(head(&again).as_deref(), Some("refs/heads/trunk"));
        assert!(was_moved_to(&again, "refs/tags/x", first));
        assert!(was_moved_to(&again, "refs/tags/x", second));
        assert!(!was_moved_to(&again, "refs/tags/x", third));
        assert!(!was_moved_to(&again, "refs/tags/y", first));
    }
}
