//! A push through Slipway's own git remote, as its delivery keeps it. Pure.

use serde::{Deserialize, Serialize};
use slipway_pipelines::trigger::{Cause, Person, Trigger};

/// One ref that a push moved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct PushedRef {
    /// Full name.
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    /// What it was; `None` for a new one.
    pub(crate) before: Option<String>,
    /// What it is.
    pub(crate) after: String,
    /// The user name that the client gave.
    pub(crate) pusher: String,
    /// Push options that ask for no build, as they were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) skip: Option<String>,
}

/// The stored form.
pub(crate) fn body_of(pushed: &PushedRef) -> Vec<u8> {
    // A struct of strings always serialises.
    serde_json::to_vec(pushed).unwrap_or_default()
}

impl PushedRef {
    /// What it triggers; `None` for refs that are neither branch nor tag.
    pub(crate) fn trigger(&self) -> Option<Trigger> {
        let cause = if let Some(branch) = self.reference.strip_prefix("refs/heads/") {
            Cause::Push { branch: branch.to_owned(), before: self.before.clone() }
        } else {
            Cause::Tag { tag: self.reference.strip_prefix("refs/tags/")?.to_owned() }
        };
        Some(Trigger {
            cause,
            reference: self.reference.clone(),
            sha: self.after.clone(),
            message: String::new(),
            author: Person::default(),
            sender: self.pusher.clone(),
            timestamp: 0,
            url: None,
            changed_files: None,
        })
    }
}
