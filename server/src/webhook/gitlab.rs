//! GitLab's events. Pure.

use serde::Deserialize;

use super::{
    payload::{BadPayload, Meaning, Payload},
    pushed::{Commit, Moved, changed_files},
};

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    checkout_sha: Option<String>,
    user_name: Option<String>,
    user_username: Option<String>,
    commits: Option<Vec<Commit>>,
    project: Option<Project>,
}

#[derive(Debug, Deserialize)]
struct Project {
    path_with_namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
struct About {
    project: Option<Project>,
}

/// Reads one event.
pub(super) fn parse(event: &str, body: &[u8]) -> Result<Payload, BadPayload> {
    if !matches!(event, "Push Hook" | "Tag Push Hook") {
        let about: About = serde_json::from_slice(body)?;
        let about = about.project.and_then(|project| project.path_with_namespace);
        let why = format!("event `{event}` makes no build; `Push Hook` and `Tag Push Hook` do");
        return Ok(Payload { about, meaning: Meaning::Nothing(why) });
    }
    let body: Body = serde_json::from_slice(body)?;
    let about = body.project.and_then(|project| project.path_with_namespace);
    let about = Some(about.ok_or(BadPayload::Missing("project.path_with_namespace"))?);
    let mut commits = body.commits.unwrap_or_default();
    let changed_files = changed_files(&commits);
    let newest = commits.iter().position(|commit| commit.id.is_some() && commit.id == body.checkout_sha);
    let head = newest.map(|at| commits.swap_remove(at)).or_else(|| commits.pop());
    let moved = Moved {
        reference: body.reference,
        before: body.before,
        after: body.after,
        commit: body.checkout_sha,
        url: head.as_ref().and_then(|commit| commit.url.clone()),
        head,
        sender: body.user_username.filter(|name| !name.is_empty()).or(body.user_name),
        changed_files,
    };
    Ok(Payload { about, meaning: moved.meaning()? })
}
