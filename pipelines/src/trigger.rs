//! Why a build starts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The kind of trigger, as `when.event` and `CI_PIPELINE_EVENT` spell it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Event {
    Push,
    Tag,
    PullRequest,
    PullRequestClosed,
    PullRequestMetadata,
    Release,
    Deployment,
    Cron,
    Manual,
}

impl Event {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Push,
        Self::PullRequest,
        Self::PullRequestClosed,
        Self::PullRequestMetadata,
        Self::Tag,
        Self::Release,
        Self::Deployment,
        Self::Cron,
        Self::Manual,
    ];

    /// The spelling of pipelines, API and environment.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Tag => "tag",
            Self::PullRequest => "pull_request",
            Self::PullRequestClosed => "pull_request_closed",
            Self::PullRequestMetadata => "pull_request_metadata",
            Self::Release => "release",
            Self::Deployment => "deployment",
            Self::Cron => "cron",
            Self::Manual => "manual",
        }
    }

    /// The inverse of [`Event::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == text)
    }

    /// Whether the trigger is about a pull request.
    pub fn is_pull_request(self) -> bool {
        matches!(self, Self::PullRequest | Self::PullRequestClosed | Self::PullRequestMetadata)
    }

    /// Whether only files run that name it in a `when`: nobody expects that a new label runs all tests.
    pub fn must_be_named(self) -> bool {
        matches!(self, Self::PullRequestClosed | Self::PullRequestMetadata)
    }
}

/// What happened, typed. All texts in it are untrusted: they reach a step only as environment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Trigger {
    /// What kind, with the data that only this kind has.
    pub cause: Cause,
    /// Full name of the ref: `refs/heads/main`, `refs/tags/v1`, `refs/pull/3/head`.
    pub reference: String,
    /// The commit to build: 40 lower-case hex digits.
    pub sha: String,
    /// The commit's message, whole.
    pub message: String,
    /// Who wrote the commit.
    pub author: Person,
    /// Who caused the trigger: the pusher's login, or the user of the API.
    pub sender: String,
    /// Unix seconds of the commit; 0 where the forge does not say.
    pub timestamp: i64,
    /// The forge's page of the change, where there is one.
    pub url: Option<String>,
    /// Paths that the change touches; `None` when it is not known (then path filters match).
    pub changed_files: Option<Vec<String>>,
}

/// A name and an address, as a commit gives them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Person {
    /// Name or login.
    pub name: String,
    /// E-mail address; may be empty.
    pub email: String,
}

/// The kinds of trigger with their data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(missing_docs, reason = "fields are named in DESIGN's words")]
pub enum Cause {
    /// A branch moved. `before` is `None` for a new branch.
    Push { branch: String, before: Option<String> },
    /// A tag was made or moved.
    Tag { tag: String },
    /// A pull request was opened, updated, closed or relabelled.
    PullRequest {
        action: PullRequestAction,
        number: u64,
        title: String,
        source_branch: String,
        target_branch: String,
        labels: Vec<String>,
        milestone: String,
        draft: bool,
        /// The head is in another repository.
        from_fork: bool,
    },
    /// A release was published.
    Release { tag: String, title: String, prerelease: bool },
    /// A deployment was asked for.
    Deployment { branch: String, target: String, task: String },
    /// A schedule came due.
    Cron { name: String, branch: String },
    /// A person or program asked through API, page or command line.
    Manual { branch: String, parameters: BTreeMap<String, String> },
}

/// What happened to a pull request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum PullRequestAction {
    Updated,
    Closed,
    Metadata,
}

impl Trigger {
    /// What a manual build was given; `None` for builds that something else starts.
    pub fn given(&self) -> Option<&BTreeMap<String, String>> {
        match &self.cause {
            Cause::Manual { parameters, .. } => Some(parameters),
            _ => None,
        }
    }

    /// Whether somebody must let it run: whoever can open a pull request from a fork wrote what it runs.
    pub fn needs_approval(&self) -> bool {
        matches!(self.cause, Cause::PullRequest { from_fork: true, .. })
    }

    /// The kind.
    pub fn event(&self) -> Event {
        match &self.cause {
            Cause::Push { .. } => Event::Push,
            Cause::Tag { .. } => Event::Tag,
            Cause::PullRequest { action: PullRequestAction::Updated, .. } => Event::PullRequest,
            Cause::PullRequest { action: PullRequestAction::Closed, .. } => Event::PullRequestClosed,
            Cause::PullRequest { action: PullRequestAction::Metadata, .. } => Event::PullRequestMetadata,
            Cause::Release { .. } => Event::Release,
            Cause::Deployment { .. } => Event::Deployment,
            Cause::Cron { .. } => Event::Cron,
            Cause::Manual { .. } => Event::Manual,
        }
    }

    /// The branch that filters look at: the target branch of a pull request, empty for tags and releases.
    pub fn branch(&self) -> &str {
        match &self.cause {
            Cause::Push { branch, .. }
            | Cause::Deployment { branch, .. }
            | Cause::Cron { branch, .. }
            | Cause::Manual { branch, .. } => branch,
            Cause::PullRequest { target_branch, .. } => target_branch,
            Cause::Tag { .. } | Cause::Release { .. } => "",
        }
    }

    /// The tag, for tags and releases.
    pub fn tag(&self) -> Option<&str> {
        match &self.cause {
            Cause::Tag { tag } | Cause::Release { tag, .. } => Some(tag),
            _ => None,
        }
    }
}

/// Whether a commit message asks not to be built: `[skip ci]` or `[ci skip]` in any case. It counts for
/// pushes and pull requests only.
pub fn asks_to_skip(message: &str) -> bool {
    let lower = message.to_lowercase();
    lower.match_indices('[').any(|(start, _)| {
        lower[start + 1..].split_once(']').is_some_and(|(inside, _)| {
            let words: String = inside.split(' ').collect();
            words == "skipci" || words == "ciskip"
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_parses_from_its_spelling() {
        for event in Event::ALL {
            assert_eq!(Event::parse(event.as_str()), Some(event));
        }
        assert_eq!(Event::parse("pushed"), None);
    }

    #[test]
    fn a_message_asks_to_skip_with_either_order_and_any_case() {
        for yes in ["fix [skip ci]", "[CI SKIP] x", "a [Skip  CI]", "[x] [ciskip]"] {
            assert!(asks_to_skip(yes), "{yes}");
        }
        for no in ["skip ci", "[skip the ci]", "[skip", "]skip ci[", "[skipci", ""] {
            assert!(!asks_to_skip(no), "{no}");
        }
    }
}
