//! Builds as rows of a list.

use slipway_pipelines::{
    repository::RepositoryName,
    state::Millis,
    trigger::{Cause, Trigger},
};

use super::paths;
use crate::{
    sign::Sign,
    time::{Moment, Span},
};

/// A build in a list.
#[derive(Clone, Debug)]
pub struct BuildRow {
    /// `owner/name`.
    pub repository: String,
    /// Its page.
    pub href: String,
    /// Number in its repository.
    pub number: u64,
    /// Status.
    pub status: Sign,
    /// First line of the message.
    pub title: String,
    /// Branch, tag or pull request.
    pub reference: String,
    /// The commit.
    pub sha: String,
    /// Who wrote it.
    pub author: String,
    /// What started it.
    pub event: &'static str,
    /// When it was made.
    pub created: Moment,
    /// How long it ran.
    pub took: Option<Span>,
}

/// A build as one sign in a row of them.
#[derive(Clone, Debug)]
pub struct HistoryMark {
    /// Its page.
    pub href: String,
    /// Number in its repository.
    pub number: u64,
    /// Status.
    pub status: Sign,
}

impl BuildRow {
    /// The row of a build, seen at `now`.
    pub fn new(
        name: &RepositoryName,
        number: u64,
        status: Sign,
        trigger: &Trigger,
        [created, started, finished]: [Option<Millis>; 3],
        now: Millis,
    ) -> Self {
        Self {
            repository: name.to_string(),
            href: paths::build(name, number),
            number,
            status,
            title: title(&trigger.message).to_owned(),
            reference: reference(trigger),
            sha: trigger.sha.clone(),
            author: trigger.author.name.clone(),
            event: trigger.event().as_str(),
            created: Moment::new(created.unwrap_or_default(), now),
            took: Span::new(started, finished, now),
        }
    }

    pub(crate) fn short_sha(&self) -> &str {
        short(&self.sha)
    }

    /// What started it, where that is not a push.
    pub(crate) fn mark_of_event(&self) -> Option<String> {
        (self.event != "push").then(|| self.event.replace('_', " "))
    }

    /// The same build as one sign.
    pub fn mark(&self) -> HistoryMark {
        HistoryMark { href: self.href.clone(), number: self.number, status: self.status }
    }
}

/// First line of a message; says so when there is none.
pub(crate) fn title(message: &str) -> &str {
    match message.trim().lines().next() {
        Some(line) => line.trim_end(),
        None => "(no message)",
    }
}

/// The first ten digits of a commit.
pub(crate) fn short(sha: &str) -> &str {
    sha.get(..10).unwrap_or(sha)
}

/// What people call the ref that a trigger is about.
pub(crate) fn reference(trigger: &Trigger) -> String {
    match &trigger.cause {
        Cause::PullRequest { number, source_branch, .. } => format!("!{number} {source_branch}"),
        Cause::Tag { tag } | Cause::Release { tag, .. } => tag.clone(),
        Cause::Deployment { target, branch, .. } => format!("{branch} to {target}"),
        Cause::Push { branch, .. } | Cause::Cron { branch, .. } | Cause::Manual { branch, .. } => branch.clone(),
    }
}
