//! What a commit says about itself.

use git2::{Commit, Delta, DiffOptions, ObjectType, Oid, Repository, Tree};
use slipway_pipelines::trigger::{Cause, Event, Person, Trigger};

/// Most changed paths that are told; beyond it they count as unknown, and path filters match.
const MAX_CHANGED: usize = 5000;
/// Longest message that is kept, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// Fills a trigger with what the commit itself says; what the forge said is kept where the commit says nothing.
pub(super) fn complete(repository: &Repository, mut trigger: Trigger) -> Result<Trigger, git2::Error> {
    let id = Oid::from_str(&trigger.sha)?;
    let commit = repository.find_commit(id)?;
    if !trigger.event().is_pull_request() || trigger.message.is_empty() {
        trigger.message = message(&commit);
    }
    let author = commit.author();
    trigger.author = Person {
        name: String::from_utf8_lossy(author.name_bytes()).into_owned(),
        email: String::from_utf8_lossy(author.email_bytes()).into_owned(),
    };
    trigger.timestamp = commit.time().seconds();
    let changed = match (&trigger.cause, trigger.event()) {
        (Cause::Push { before, .. }, _) => {
            changed_by_push(repository, &commit, before.as_deref(), trigger.changed_files.take())
        }
        (Cause::PullRequest { target_branch, .. }, _) => {
            changed_since_target(repository, &commit, target_branch).or(trigger.changed_files.take())
        }
        (_, Event::Tag | Event::Release | Event::Cron | Event::Manual | Event::Deployment) => None,
        (_, _) => trigger.changed_files.take(),
    };
    trigger.changed_files = changed.filter(|paths| paths.len() <= MAX_CHANGED);
    Ok(trigger)
}

/// The commit that a ref leads to, through tags.
pub(super) fn peel(repository: &Repository, id: Oid) -> Option<Oid> {
    let object = repository.find_object(id, None).ok()?;
    object.peel(ObjectType::Commit).ok().map(|commit| commit.id())
}

fn message(commit: &Commit<'_>) -> String {
    let bytes = commit.message_raw_bytes();
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_MESSAGE)]).into_owned()
}

/// Between what the branch was and what it is, where that is here; else what the forge says; else since the first parent.
fn changed_by_push(
    repository: &Repository,
    commit: &Commit<'_>,
    before: Option<&str>,
    told: Option<Vec<String>>,
) -> Option<Vec<String>> {
    let tree = commit.tree().ok()?;
    let before = before.and_then(|sha| Oid::from_str(sha).ok()).and_then(|id| repository.find_commit(id).ok());
    match before {
        Some(before) => diff(repository, Some(&before.tree().ok()?), &tree),
        None => told.filter(|paths| !paths.is_empty()).or_else(|| {
            let parent = commit.parent(0).ok().and_then(|parent| parent.tree().ok());
            diff(repository, parent.as_ref(), &tree)
        }),
    }
}

/// Since the pull request left the branch that it is to go into.
fn changed_since_target(repository: &Repository, commit: &Commit<'_>, target: &str) -> Option<Vec<String>> {
    let tip = repository.refname_to_id(&format!("refs/heads/{target}")).ok()?;
    let base = repository.merge_base(tip, commit.id()).ok()?;
    let base = repository.find_commit(base).ok()?.tree().ok()?;
    diff(repository, Some(&base), &commit.tree().ok()?)
}

fn diff(repository: &Repository, old: Option<&Tree<'_>>, new: &Tree<'_>) -> Option<Vec<String>> {
    let mut options = DiffOptions::new();
    options.skip_binary_check(true).ignore_submodules(false).include_typechange(true);
    let diff = repository.diff_tree_to_tree(old, Some(new), Some(&mut options)).ok()?;
    let mut paths = Vec::new();
    for delta in diff.deltas().take(MAX_CHANGED + 1) {
        let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
        paths.push(String::from_utf8_lossy(file.path_bytes()?).into_owned());
    }
    Some(paths)
}
