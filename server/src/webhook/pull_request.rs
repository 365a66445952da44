//! The event `pull_request` of GitHub, Gitea and Forgejo, which is the same but for small words. Pure.

use serde::Deserialize;
use slipway_pipelines::trigger::PullRequestAction;

use super::{
    payload::{BadPayload, Payload},
    pulled::Pulled,
    pushed::User,
};

#[derive(Debug, Deserialize)]
struct Body {
    action: Option<String>,
    number: Option<u64>,
    pull_request: Option<PullRequest>,
    sender: Option<User>,
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct PullRequest {
    title: Option<String>,
    html_url: Option<String>,
    draft: Option<bool>,
    labels: Option<Vec<Label>>,
    milestone: Option<Milestone>,
    head: Option<End>,
    base: Option<End>,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Milestone {
    title: Option<String>,
}

/// One end of a pull request.
#[derive(Debug, Deserialize)]
struct End {
    #[serde(rename = "ref")]
    branch: Option<String>,
    sha: Option<String>,
    /// `null` when the fork is gone.
    repo: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    id: Option<u64>,
    full_name: Option<String>,
}

/// Reads one event.
pub(super) fn parse(body: &[u8]) -> Result<Payload, BadPayload> {
    let body: Body = serde_json::from_slice(body)?;
    let about = body.repository.and_then(|repository| repository.full_name);
    let about = Some(about.ok_or(BadPayload::Missing("repository.full_name"))?);
    let pull = body.pull_request.ok_or(BadPayload::Missing("pull_request"))?;
    let base = pull.base.ok_or(BadPayload::Missing("pull_request.base"))?;
    let head = pull.head.ok_or(BadPayload::Missing("pull_request.head"))?;
    let id = |end: &Option<Repository>| end.as_ref().and_then(|repository| repository.id);
    let action = body.action.unwrap_or_default();
    let pulled = Pulled {
        // GitHub's words, and Gitea's.
        happened: match action.as_str() {
            "opened" | "reopened" | "synchronize" | "synchronized" => Some(PullRequestAction::Updated),
            "closed" => Some(PullRequestAction::Closed),
            "edited" | "labeled" | "unlabeled" | "milestoned" | "demilestoned" | "assigned" | "unassigned"
            | "ready_for_review" | "converted_to_draft" | "label_updated" | "label_cleared" => {
                Some(PullRequestAction::Metadata)
            }
            _ => None,
        },
        action,
        number: body.number,
        title: pull.title.unwrap_or_default(),
        // By the number that the forge gives, never by a name that somebody chose.
        is_own: id(&base.repo).zip(id(&head.repo)).map(|(base, head)| base == head),
        head: head.sha,
        source_branch: head.branch,
        target_branch: base.branch,
        labels: pull.labels.unwrap_or_default().into_iter().filter_map(|label| label.name).collect(),
        milestone: pull.milestone.and_then(|milestone| milestone.title).unwrap_or_default(),
        draft: pull.draft.unwrap_or(false),
        sender: body.sender.and_then(User::login),
        url: pull.html_url,
    };
    Ok(Payload { about, meaning: pulled.meaning("refs/pull")? })
}
