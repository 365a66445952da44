//! What the release events of all forges have in common, and GitHub's deployments. Pure.

use serde::Deserialize;
use slipway_pipelines::trigger::{Cause, Person, Trigger};

use super::{
    payload::{BadPayload, Meaning, Payload},
    pushed::{User, sha},
};

#[derive(Debug, Deserialize)]
struct Body {
    action: Option<String>,
    release: Option<Release>,
    deployment: Option<Deployment>,
    sender: Option<User>,
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Release {
    tag_name: Option<String>,
    name: Option<String>,
    prerelease: Option<bool>,
    html_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Deployment {
    #[serde(rename = "ref")]
    reference: Option<String>,
    sha: Option<String>,
    environment: Option<String>,
    task: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: Option<String>,
}

/// A release, as a forge describes it.
#[derive(Debug, Default)]
pub(super) struct Released {
    pub(super) tag: Option<String>,
    pub(super) title: String,
    pub(super) prerelease: bool,
    pub(super) sender: Option<String>,
    pub(super) url: Option<String>,
}

impl Released {
    /// What it means that it was published. Which commit the tag leads to, only the repository knows.
    pub(super) fn meaning(self) -> Result<Meaning, BadPayload> {
        let tag = self.tag.ok_or(BadPayload::Missing("tag"))?;
        let reference = valid(format!("refs/tags/{tag}"))?;
        let cause = Cause::Release { tag, title: self.title, prerelease: self.prerelease };
        Ok(Meaning::Named(Box::new(trigger(cause, reference, self.sender, self.url))))
    }
}

/// GitHub's and Gitea's event `release`. A forge sends several for one release; `built` are those actions of which it sends one.
pub(super) fn release(body: &[u8], built: &[&str]) -> Result<Payload, BadPayload> {
    let body: Body = serde_json::from_slice(body)?;
    let about = about(body.repository)?;
    let release = body.release.ok_or(BadPayload::Missing("release"))?;
    let action = body.action.unwrap_or_default();
    if !built.contains(&action.as_str()) {
        let why = format!("a release was {action}: one is built when it is {}", built.join(" or "));
        return Ok(Payload { about, meaning: Meaning::Nothing(why) });
    }
    let released = Released {
        tag: release.tag_name,
        title: release.name.unwrap_or_default(),
        prerelease: release.prerelease.unwrap_or(false),
        sender: body.sender.and_then(User::login),
        url: release.html_url,
    };
    Ok(Payload { about, meaning: released.meaning()? })
}

/// GitHub's event `deployment`. Its ref is a branch, a tag or a commit.
pub(super) fn deployment(body: &[u8]) -> Result<Payload, BadPayload> {
    let body: Body = serde_json::from_slice(body)?;
    let about = about(body.repository)?;
    let deployment = body.deployment.ok_or(BadPayload::Missing("deployment"))?;
    let named = deployment.reference.ok_or(BadPayload::Missing("deployment.ref"))?;
    let branch = named.strip_prefix("refs/heads/").unwrap_or(&named).to_owned();
    let reference = valid(if named.starts_with("refs/") { named } else { format!("refs/heads/{named}") })?;
    let commit = sha(deployment.sha.as_deref().ok_or(BadPayload::Missing("deployment.sha"))?, "deployment.sha")?;
    let cause = Cause::Deployment {
        branch,
        target: deployment.environment.unwrap_or_default(),
        task: deployment.task.unwrap_or_default(),
    };
    let sender = body.sender.and_then(User::login);
    let trigger = Trigger { sha: commit.unwrap_or_default(), ..trigger(cause, reference, sender, None) };
    Ok(Payload { about, meaning: Meaning::Named(Box::new(trigger)) })
}

fn about(repository: Option<Repository>) -> Result<Option<String>, BadPayload> {
    let name = repository.and_then(|repository| repository.full_name);
    Ok(Some(name.ok_or(BadPayload::Missing("repository.full_name"))?))
}

fn valid(reference: String) -> Result<String, BadPayload> {
    if git2::Reference::is_valid_name(&reference) { Ok(reference) } else { Err(BadPayload::BadRef(reference)) }
}

fn trigger(cause: Cause, reference: String, sender: Option<String>, url: Option<String>) -> Trigger {
    Trigger {
        cause,
        reference,
        sha: String::new(),
        message: String::new(),
        author: Person::default(),
        sender: sender.unwrap_or_default(),
        timestamp: 0,
        url: url.filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        changed_files: None,
    }
}
