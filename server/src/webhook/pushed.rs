//! What the push events of all forges have in common. Pure.

use std::collections::BTreeSet;

use serde::Deserialize;
use slipway_pipelines::trigger::{Cause, Person, Trigger};

use super::payload::{BadPayload, Meaning};

/// A commit, as GitHub, Gitea and GitLab list them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Commit {
    pub(super) id: Option<String>,
    pub(super) message: Option<String>,
    pub(super) url: Option<String>,
    pub(super) author: Option<User>,
    added: Option<Vec<String>>,
    modified: Option<Vec<String>>,
    removed: Option<Vec<String>>,
}

/// Somebody, in one of the ways that forges say it.
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct User {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) login: Option<String>,
    pub(super) username: Option<String>,
}

impl User {
    /// The forge's name of somebody.
    pub(super) fn login(self) -> Option<String> {
        [self.login, self.username, self.name].into_iter().flatten().find(|text| !text.is_empty())
    }
}

/// A ref that moved.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// Full name.
    pub(super) reference: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// The commit, where `after` may be a tag's own id.
    pub(super) commit: Option<String>,
    /// The newest commit, if the forge describes it.
    pub(super) head: Option<Commit>,
    pub(super) sender: Option<String>,
    pub(super) url: Option<String>,
    pub(super) changed_files: Option<Vec<String>>,
}

/// All paths that commits touch, each once; `None` when no commit is listed.
pub(super) fn changed_files(commits: &[Commit]) -> Option<Vec<String>> {
    if commits.is_empty() {
        return None;
    }
    let all: BTreeSet<&String> = commits
        .iter()
        .flat_map(|commit| [&commit.added, &commit.modified, &commit.removed])
        .flatten()
        .flatten()
        .collect();
    Some(all.into_iter().cloned().collect())
}

impl Moved {
    /// What it means that the ref moved.
    pub(super) fn meaning(self) -> Result<Meaning, BadPayload> {
        let reference = self.reference.ok_or(BadPayload::Missing("ref"))?;
        let after = sha(self.after.as_deref().ok_or(BadPayload::Missing("after"))?, "after")?;
        let before = self.before.as_deref().map(|text| sha(text, "before")).transpose()?.flatten();
        let Some(after) = after else { return Ok(Meaning::Nothing(format!("`{reference}` was deleted"))) };
        if !git2::Reference::is_valid_name(&reference) {
            return Err(BadPayload::BadRef(reference));
        }
        let (cause, id) = if let Some(branch) = reference.strip_prefix("refs/heads/") {
            (Cause::Push { branch: branch.to_owned(), before }, after)
        } else if let Some(tag) = reference.strip_prefix("refs/tags/") {
            let commit = self.commit.as_deref().map(|text| sha(text, "commit")).transpose()?.flatten();
            (Cause::Tag { tag: tag.to_owned() }, commit.unwrap_or(after))
        } else {
            return Ok(Meaning::Nothing(format!("`{reference}` is neither a branch nor a tag")));
        };
        let head = self.head.unwrap_or_default();
        let author = head.author.unwrap_or_default();
        Ok(Meaning::Trigger(Box::new(Trigger {
            cause,
            reference,
            sha: id,
            message: head.message.unwrap_or_default(),
            author: Person {
                name: author.name.clone().or_else(|| author.clone().login()).unwrap_or_default(),
                email: author.email.unwrap_or_default(),
            },
            sender: self.sender.unwrap_or_default(),
            timestamp: 0,
            url: self.url.filter(|url| url.starts_with("https://") || url.starts_with("http://")),
            changed_files: self.changed_files,
        })))
    }
}

/// A commit id in lower case; `None` for all zeros.
pub(super) fn sha(text: &str, field: &'static str) -> Result<Option<String>, BadPayload> {
    if text.len() != 40 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(BadPayload::BadSha { field });
    }
    Ok((!text.bytes().all(|byte| byte == b'0')).then(|| text.to_ascii_lowercase()))
}
