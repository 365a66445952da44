//! Which caches a build may read and write: decided here alone, by what started it.

use slipway_pipelines::trigger::{Cause, Trigger};

/// Scopes are branches: who may push to one writes its caches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Scopes {
    /// In the order that they are looked at.
    pub(crate) reads: Vec<String>,
    /// `None`: nothing is written.
    pub(crate) writes: Option<String>,
}

impl Scopes {
    /// Those of a build. What runs code that is on no branch of the repository yet, or no more, writes nothing: it could put files
    /// into the builds of those who trust the branch.
    pub(crate) fn of(trigger: &Trigger, default_branch: &str) -> Self {
        let (own, writes) = match &trigger.cause {
            Cause::Push { branch, .. } | Cause::Cron { branch, .. } | Cause::Manual { branch, .. } => {
                (branch.as_str(), true)
            }
            Cause::PullRequest { target_branch, .. } => (target_branch.as_str(), false),
            Cause::Deployment { branch, .. } => (branch.as_str(), false),
            Cause::Tag { .. } | Cause::Release { .. } => ("", false),
        };
        let mut reads: Vec<String> = Vec::new();
        for branch in [own, default_branch] {
            if !branch.is_empty() && !reads.iter().any(|read| read == branch) {
                reads.push(branch.to_owned());
            }
        }
        Self { reads, writes: Some(own.to_owned()).filter(|own| writes && !own.is_empty()) }
    }

    /// Whether a scope may be read.
    pub(crate) fn may_read(&self, scope: &str) -> bool {
        self.reads.iter().any(|read| read == scope)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use slipway_pipelines::trigger::{Person, PullRequestAction};

    use super::*;

    fn trigger(cause: Cause) -> Trigger {
        Trigger {
            cause,
            reference: "refs/heads/x".into(),
            sha: "0".repeat(40),
            message: String::new(),
            author: Person::default(),
            sender: String::new(),
            timestamp: 0,
            url: None,
            changed_files: None,
        }
    }

    fn pull_request(target: &str, from_fork: bool) -> Cause {
        Cause::PullRequest {
            action: PullRequestAction::Updated,
            number: 1,
            title: String::new(),
            // The name of the source branch must not matter: a fork chooses it.
            source_branch: "main".into(),
            target_branch: target.into(),
            labels: Vec::new(),
            milestone: String::new(),
            draft: false,
            from_fork,
        }
    }

    #[test]
    fn who_reads_and_writes_what() {
        let push = |branch: &str| Cause::Push { branch: branch.into(), before: None };
        let table: [(Cause, &[&str], Option<&str>); 11] = [
            (push("main"), &["main"], Some("main")),
            (push("fix"), &["fix", "main"], Some("fix")),
            (Cause::Cron { name: "nightly".into(), branch: "main".into() }, &["main"], Some("main")),
            (Cause::Manual { branch: "fix".into(), parameters: BTreeMap::new() }, &["fix", "main"], Some("fix")),
            (pull_request("main", false), &["main"], None),
            (pull_request("release", true), &["release", "main"], None),
            (pull_request("", true), &["main"], None),
            (Cause::Tag { tag: "main".into() }, &["main"], None),
            (Cause::Tag { tag: "v1".into() }, &["main"], None),
            (Cause::Release { tag: "v1".into(), title: String::new(), prerelease: false }, &["main"], None),
            (
                Cause::Deployment { branch: "fix".into(), target: String::new(), task: String::new() },
                &["fix", "main"],
                None,
            ),
        ];
        for (cause, reads, writes) in table {
            let scopes = Scopes::of(&trigger(cause.clone()), "main");
            assert_eq!(
                (&scopes.reads[..], scopes.writes.as_deref()),
                (&reads.iter().map(|read| (*read).to_owned()).collect::<Vec<_>>()[..], writes),
                "{cause:?}"
            );
        }
        assert!(!Scopes::of(&trigger(pull_request("main", true)), "main").may_read("fix"));
    }
}
