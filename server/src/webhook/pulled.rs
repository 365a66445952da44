//! What the pull request events of all forges have in common. Pure.

use slipway_pipelines::trigger::{Cause, Person, PullRequestAction, Trigger};

use super::{
    payload::{BadPayload, Meaning},
    pushed::sha,
};

/// A pull request, as a forge describes it.
#[derive(Debug, Default)]
pub(super) struct Pulled {
    /// What happened, in the forge's word.
    pub(super) action: String,
    /// What that is; `None` for what nobody builds, such as a comment.
    pub(super) happened: Option<PullRequestAction>,
    pub(super) number: Option<u64>,
    pub(super) title: String,
    /// The commit that is to be pulled.
    pub(super) head: Option<String>,
    pub(super) source_branch: Option<String>,
    pub(super) target_branch: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) milestone: String,
    pub(super) draft: bool,
    /// Whether the head is in the repository itself; `None` where the forge does not say, which counts as no: somebody must approve it.
    pub(super) is_own: Option<bool>,
    pub(super) sender: Option<String>,
    pub(super) url: Option<String>,
}

impl Pulled {
    /// What it means. `place` is where the forge keeps the heads of pull requests: `refs/pull`, `refs/merge-requests`.
    pub(super) fn meaning(self, place: &str) -> Result<Meaning, BadPayload> {
        let number = self.number.ok_or(BadPayload::Missing("number"))?;
        let Some(action) = self.happened else {
            let why = format!("`{}` of pull request {number} makes no build", self.action);
            return Ok(Meaning::Nothing(why));
        };
        let head = sha(self.head.as_deref().ok_or(BadPayload::Missing("head"))?, "head")?;
        let Some(head) = head else { return Ok(Meaning::Nothing(format!("pull request {number} has no commit"))) };
        let branch = |name: Option<String>, field| {
            let name = name.ok_or(BadPayload::Missing(field))?;
            let is_branch = git2::Reference::is_valid_name(&format!("refs/heads/{name}"));
            if is_branch { Ok(name) } else { Err(BadPayload::BadRef(name)) }
        };
        let source_branch = branch(self.source_branch, "source branch")?;
        let target_branch = branch(self.target_branch, "target branch")?;
        Ok(Meaning::Trigger(Box::new(Trigger {
            cause: Cause::PullRequest {
                action,
                number,
                title: self.title,
                source_branch,
                target_branch,
                labels: self.labels,
                milestone: self.milestone,
                draft: self.draft,
                from_fork: self.is_own != Some(true),
            },
            reference: format!("{place}/{number}/head"),
            sha: head,
            message: String::new(),
            author: Person::default(),
            sender: self.sender.unwrap_or_default(),
            timestamp: 0,
            url: self.url.filter(|url| url.starts_with("https://") || url.starts_with("http://")),
            changed_files: None,
        })))
    }
}
