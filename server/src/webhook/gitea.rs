//! Gitea's and Forgejo's events. Pure.

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
    /// Of `create`: `branch` or `tag`.
    ref_type: Option<String>,
    /// Of `create`.
    sha: Option<String>,
    before: Option<String>,
    after: Option<String>,
    compare_url: Option<String>,
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
        "push" | "create" => {}
        // Gitea has events of their own for commits that come later, and for what is said about it.
        "pull_request"
        | "pull_request_sync"
        | "pull_request_label"
        | "pull_request_milestone"
        | "pull_request_assign" => return pull_request::parse(body),
        "release" => return released::release(body, &["published"]),
        _ => {
            let about: About = serde_json::from_slice(body)?;
            let about = about.repository.and_then(|repository| repository.full_name);
            let why = format!("event `{event}` makes no build; push, create, pull_request and release do");
            return Ok(Payload { about, meaning: Meaning::Nothing(why) });
        }
    }
    let body: Body = serde_json::from_slice(body)?;
    let about = body.repository.and_then(|repository| repository.full_name);
    let about = Some(about.ok_or(BadPayload::Missing("repository.full_name"))?);
    let sender = body.sender.and_then(User::login).or(body.pusher.and_then(User::login));
    if event == "create" {
        if body.ref_type.as_deref() != Some("tag") {
            let why = "a new branch is built by its push event".to_owned();
            return Ok(Payload { about, meaning: Meaning::Nothing(why) });
        }
        let reference = body.reference.ok_or(BadPayload::Missing("ref"))?;
        let reference = if reference.starts_with("refs/") { reference } else { format!("refs/tags/{reference}") };
        let after = body.sha.ok_or(BadPayload::Missing("sha"))?;
        let moved = Moved { reference: Some(reference), after: Some(after), sender, ..Moved::default() };
        return Ok(Payload { about, meaning: moved.meaning()? });
    }
    let mut commits = body.commits.unwrap_or_default();
    let changed_files = changed_files(&commits);
    // Older versions have no `head_commit`; the newest commit comes first.
    let newest = commits.iter().position(|commit| commit.id == body.after).unwrap_or(0);
    let head = body.head_commit.or_else(|| (newest < commits.len()).then(|| commits.swap_remove(newest)));
    let moved = Moved {
        reference: body.reference,
        before: body.before,
        after: body.after,
        commit: None,
        url: head.as_ref().and_then(|commit| commit.url.clone()).or(body.compare_url),
        head,
        sender,
        changed_files,
    };
    Ok(Payload { about, meaning: moved.meaning()? })
}
