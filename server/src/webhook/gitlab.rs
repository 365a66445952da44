//! GitLab's events. Pure.

use serde::Deserialize;
use slipway_pipelines::trigger::PullRequestAction;

use super::{
    payload::{BadPayload, Meaning, Payload},
    pulled::Pulled,
    pushed::{Commit, Moved, User, changed_files},
    released::Released,
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
struct MergeBody {
    object_attributes: Option<Merge>,
    labels: Option<Vec<Label>>,
    user: Option<User>,
    project: Option<Project>,
}

#[derive(Debug, Deserialize)]
struct Merge {
    iid: Option<u64>,
    title: Option<String>,
    action: Option<String>,
    /// Of an update that brought commits: what the head was before.
    oldrev: Option<String>,
    source_branch: Option<String>,
    target_branch: Option<String>,
    source_project_id: Option<u64>,
    target_project_id: Option<u64>,
    last_commit: Option<Commit>,
    draft: Option<bool>,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Label {
    title: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ReleaseBody {
    action: Option<String>,
    tag: Option<String>,
    name: Option<String>,
    url: Option<String>,
    project: Option<Project>,
}

#[derive(Debug, Deserialize)]
struct About {
    project: Option<Project>,
}

/// Reads one event.
pub(super) fn parse(event: &str, body: &[u8]) -> Result<Payload, BadPayload> {
    match event {
        "Merge Request Hook" => return merge_request(body),
        "Release Hook" => return release(body),
        _ => {}
    }
    if !matches!(event, "Push Hook" | "Tag Push Hook") {
        let about: About = serde_json::from_slice(body)?;
        let about = about.project.and_then(|project| project.path_with_namespace);
        let why = format!(
            "event `{event}` makes no build; `Push Hook`, `Tag Push Hook`, `Merge Request Hook` and `Release Hook` do"
        );
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

fn merge_request(body: &[u8]) -> Result<Payload, BadPayload> {
    let body: MergeBody = serde_json::from_slice(body)?;
    let about = body.project.and_then(|project| project.path_with_namespace);
    let about = Some(about.ok_or(BadPayload::Missing("project.path_with_namespace"))?);
    let merge = body.object_attributes.ok_or(BadPayload::Missing("object_attributes"))?;
    let action = merge.action.unwrap_or_default();
    let pulled = Pulled {
        happened: match action.as_str() {
            "open" | "reopen" => Some(PullRequestAction::Updated),
            "update" if merge.oldrev.is_some() => Some(PullRequestAction::Updated),
            "update" => Some(PullRequestAction::Metadata),
            "close" | "merge" => Some(PullRequestAction::Closed),
            _ => None,
        },
        action,
        number: merge.iid,
        title: merge.title.unwrap_or_default(),
        is_own: merge.source_project_id.zip(merge.target_project_id).map(|(source, target)| source == target),
        head: merge.last_commit.and_then(|commit| commit.id),
        source_branch: merge.source_branch,
        target_branch: merge.target_branch,
        labels: body.labels.unwrap_or_default().into_iter().filter_map(|label| label.title).collect(),
        milestone: String::new(),
        draft: merge.draft.unwrap_or(false),
        sender: body.user.and_then(User::login),
        url: merge.url,
    };
    Ok(Payload { about, meaning: pulled.meaning("refs/merge-requests")? })
}

fn release(body: &[u8]) -> Result<Payload, BadPayload> {
    let body: ReleaseBody = serde_json::from_slice(body)?;
    let about = body.project.and_then(|project| project.path_with_namespace);
    let about = Some(about.ok_or(BadPayload::Missing("project.path_with_namespace"))?);
    let action = body.action.unwrap_or_default();
    if action != "create" {
        let why = format!("action `{action}` of a release: one is built when it is created");
        return Ok(Payload { about, meaning: Meaning::Nothing(why) });
    }
    let title = body.name.unwrap_or_default();
    let released = Released { tag: body.tag, title, url: body.url, ..Released::default() };
    Ok(Payload { about, meaning: released.meaning()? })
}
