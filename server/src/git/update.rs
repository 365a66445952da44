//! Moving refs, each only from what the client believed it to be.

use git2::{ErrorCode, Repository};

use super::{
    commands::{Command, refusal},
    connectivity, repository,
};

/// Why a ref stays as it is: a few words for the pusher's terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused(pub(super) String);

impl From<&str> for Refused {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

const MOVED: &str = "it is no longer what you have seen; fetch first";

/// Everything that can be said before anything changes.
pub(super) fn check(repository: &Repository, command: &Command) -> Result<(), Refused> {
    if let Some(why) = refusal(&command.reference) {
        return Err(why.into());
    }
    let now = repository.refname_to_id(&command.reference).ok();
    let believed = Some(command.old).filter(|old| !old.is_zero());
    if command.deletes() {
        return match now {
            None => Err("there is no such ref".into()),
            Some(_) if repository::head(repository).as_deref() == Some(command.reference.as_str()) => {
                Err("the default branch cannot be deleted".into())
            }
            // A client that never saw the ref may delete it.
            Some(_) if believed.is_none() || now == believed => Ok(()),
            Some(_) => Err(MOVED.into()),
        };
    }
    if now != believed {
        return Err(MOVED.into());
    }
    connectivity::check(repository, command.new, command.branch().is_some()).map_err(|why| Refused(why.to_string()))
}

/// Moves one ref. Durable when it returns.
pub(super) fn apply(repository: &Repository, command: &Command) -> Result<(), Refused> {
    let name = &command.reference;
    let done = if command.deletes() {
        repository.find_reference(name).and_then(|mut reference| reference.delete())
    } else if command.old.is_zero() {
        repository.reference(name, command.new, false, "push").map(|_| ())
    } else {
        repository.reference_matching(name, command.new, true, command.old, "push").map(|_| ())
    };
    done.map_err(|error| match error.code() {
        ErrorCode::Modified | ErrorCode::Exists | ErrorCode::Locked => MOVED.into(),
        ErrorCode::Directory => "another ref is in the way: one cannot be a folder of the other".into(),
        _ => {
            // libgit2's words may hold paths of the server.
            tracing::warn!(reference = %name, error = error.message(), "could not move a ref");
            let in_the_way = error.message().contains("directory") || error.message().contains("conflict");
            let why = if in_the_way { "another ref is in the way" } else { "it could not be written" };
            why.into()
        }
    })
}

/// Makes `HEAD` of a repository without its default branch name one that was just pushed: `main`, else `master`,
/// else the first. Returns the branch.
pub(super) fn choose_head(repository: &Repository, moved: &[&Command]) -> Result<Option<String>, git2::Error> {
    let head = repository::head(repository);
    if head.is_some_and(|name| repository.refname_to_id(&name).is_ok()) {
        return Ok(None);
    }
    let branches: Vec<&str> =
        moved.iter().filter(|command| !command.deletes()).filter_map(|command| command.branch()).collect();
    let favourite = ["main", "master"].into_iter().find(|name| branches.contains(name));
    let Some(branch) = favourite.or(branches.first().copied()) else { return Ok(None) };
    repository.set_head(&format!("refs/heads/{branch}"))?;
    Ok(Some(branch.to_owned()))
}

#[cfg(test)]
mod tests {
    use git2::{Oid, Signature};

    use super::*;

    fn command(old: Oid, new: Oid, name: &str) -> Command {
        Command { old, new, reference: name.to_owned() }
    }

    #[test]
    fn a_ref_moves_only_from_what_the_client_saw() {
        let folder = tempfile::tempdir().unwrap();
        let repository = repository::open_or_init(folder.path(), "main").unwrap();
        let tree = repository.find_tree(repository.treebuilder(None).unwrap().write().unwrap()).unwrap();
        let who = Signature::now("a", "a@b").unwrap();
        let a = repository.commit(None, &who, &who, "a", &tree, &[]).unwrap();
        let b = repository.commit(None, &who, &who, "b", &tree, &[]).unwrap();
        let zero = Oid::ZERO_SHA1;
        let main = "refs/heads/main";

        let create = command(zero, a, main);
        check(&repository, &create).unwrap();
        apply(&repository, &create).unwrap();
        assert!(check(&repository, &create).is_err());
        assert!(apply(&repository, &create).is_err());
        assert!(check(&repository, &command(b, b, main)).is_err());
        assert!(apply(&repository, &command(b, b, main)).is_err());
        apply(&repository, &command(a, b, main)).unwrap();
        assert_eq!(repository.refname_to_id(main).unwrap(), b);

        let below = command(zero, a, "refs/heads/main/x");
        assert_eq!(apply(&repository, &below), Err("another ref is in the way".into()));
        assert_eq!(check(&repository, &command(b, zero, main)), Err("the default branch cannot be deleted".into()));
        let other = command(zero, a, "refs/heads/other");
        apply(&repository, &other).unwrap();
        assert!(check(&repository, &command(b, zero, "refs/heads/other")).is_err());
        let delete = command(a, zero, "refs/heads/other");
        check(&repository, &delete).unwrap();
        apply(&repository, &delete).unwrap();
        assert!(check(&repository, &delete).is_err());
    }

    #[test]
    fn the_head_of_a_new_repository_is_main_if_it_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let repository = repository::open_or_init(folder.path(), "main").unwrap();
        let tree = repository.find_tree(repository.treebuilder(None).unwrap().write().unwrap()).unwrap();
        let who = Signature::now("a", "a@b").unwrap();
        let a = repository.commit(None, &who, &who, "a", &tree, &[]).unwrap();
        let commands =
            ["refs/tags/v1", "refs/heads/dev", "refs/heads/master"].map(|name| command(Oid::ZERO_SHA1, a, name));
        for command in &commands {
            apply(&repository, command).unwrap();
        }
        let all: Vec<_> = commands.iter().collect();
        assert_eq!(choose_head(&repository, &all[..1]).unwrap(), None);
        assert_eq!(choose_head(&repository, &all).unwrap().as_deref(), Some("master"));
        assert_eq!(choose_head(&repository, &all).unwrap(), None);
    }
}
