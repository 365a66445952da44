//! GitHub's events. Pure.

use serde::Deserialize;

use super::{
    payload::{BadPayload, Meaning, Payload},
    pull_request,
    pushed::{Commit, Moved, User, changed_files},
    released,
};

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    compare: Option<String>,
    head_commit: Option<Commit>,
    commits: Option<Vec<Commit>>,
    pusher: Option<User>,
    sender: Option<User>,
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct About {
    repository: Option<Repository>,
}

/// Reads one event.
pub(super) fn parse(event: &str, body: &[u8]) -> Result<Payload, BadPayload> {
    match event {
        "pull_request" => return pull_request::parse(body),
        "release" => return released::release(body, &["released", "prereleased"]),
        "deployment" => return released::deployment(body),
        _ => {}
    }
    if event != "push" {
        let about: About = serde_json::from_slice(body)?;
        let why = match event {
            "ping" => "pong: the webhook works".to_owned(),
            _ => format!("event `{event}` makes no build; push, pull_request, release and deployment do"),
        };
        let about = about.repository.and_then(|repository| repository.full_name);
        return Ok(Payload { about, meaning: Meaning::Nothing(why) });
    }
    let body: Body = serde_json::from_slice(body)?;
    let about = body.repository.and_then(|repository| repository.full_name);
    let about = Some(about.ok_or(BadPayload::Missing("repository.full_name"))?);
    let commits = body.commits.unwrap_or_default();
    let moved = Moved {
        reference: body.reference,
        before: body.before,
        after: body.after,
        commit: body.head_commit.as_ref().and_then(|commit| commit.id.clone()),
        url: body.head_commit.as_ref().and_then(|commit| commit.url.clone()).or(body.compare),
        head: body.head_commit,
        sender: body.sender.and_then(User::login).or(body.pusher.and_then(User::login)),
        changed_files: changed_files(&commits),
    };
    Ok(Payload { about, meaning: moved.meaning()? })
}
