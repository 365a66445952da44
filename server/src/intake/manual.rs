//! Builds that a person or program asks for.

use std::collections::BTreeMap;

use git2::{BranchType, Oid, Repository as Bare};
use slipway_pipelines::trigger::{Cause, Person, Trigger};

use super::{Intake, IntakeError, begin, commit};
use crate::{
    app::App,
    source,
    store::model::{BuildRef, Repository},
};

/// What to build.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// The tip of a branch, by its exact name.
    Branch(String),
    /// A commit of any branch, by all 40 digits.
    Sha(String),
}

/// Makes a build of a branch or commit. `by` is a name for people.
///
/// # Errors
/// No such branch or commit; a commit without a pipeline; parameters that the pipeline does not take; a forge that cannot
/// be fetched from; the store.
pub async fn manual(
    app: &App,
    repository: &Repository,
    target: Target,
    parameters: BTreeMap<String, String>,
    by: &str,
) -> Result<BuildRef, IntakeError> {
    let (branch, sha) = resolve(app, repository, target).await?;
    let trigger = Trigger {
        reference: format!("refs/heads/{branch}"),
        cause: Cause::Manual { branch, parameters },
        sha,
        message: String::new(),
        author: Person::default(),
        sender: by.to_owned(),
        timestamp: 0,
        url: None,
        changed_files: None,
    };
    match begin(app, repository, trigger, None, None).await? {
        Intake::Built(build) => Ok(build),
        Intake::Nothing(why) => Err(IntakeError::Nothing(why)),
    }
}

/// The branch and commit of a target.
pub(super) async fn resolve(
    app: &App,
    repository: &Repository,
    target: Target,
) -> Result<(String, String), IntakeError> {
    Ok(match target {
        Target::Branch(branch) => {
            let reference = format!("refs/heads/{branch}");
            let tip = match source::ensure_ref(app, repository, &reference).await {
                Err(source::SourceError::BadRef(_)) => None,
                tip => tip?,
            };
            let tip = tip.ok_or_else(|| IntakeError::NoBranch(branch.clone()))?;
            (branch, tip.to_string())
        }
        Target::Sha(sha) => {
            let sha = sha.to_ascii_lowercase();
            let id = Oid::from_str(&sha).ok().filter(|_| sha.len() == 40);
            let id = id.ok_or_else(|| IntakeError::BadSha(sha.clone()))?;
            let path = source::ensure_all(app, repository).await?;
            let favourite = repository.default_branch.clone();
            let branch = tokio::task::spawn_blocking(move || branch_of(&Bare::open_bare(path)?, id, &favourite))
                .await
                .map_err(|_| IntakeError::Stopped)??;
            (branch.ok_or_else(|| IntakeError::NoCommit(sha.clone()))?, sha)
        }
    })
}

/// A branch that has a commit in its history: the default one if it does.
fn branch_of(bare: &Bare, id: Oid, favourite: &str) -> Result<Option<String>, git2::Error> {
    if commit::peel(bare, id) != Some(id) {
        return Ok(None);
    }
    let mut branches = Vec::new();
    for branch in bare.branches(Some(BranchType::Local))? {
        let (branch, _) = branch?;
        if let (Ok(Some(name)), Some(tip)) = (branch.name(), branch.get().target()) {
            branches.push((name.to_owned(), tip));
        }
    }
    branches.sort_by_key(|(name, _)| name != favourite);
    for (name, tip) in branches {
        if tip == id || bare.graph_descendant_of(tip, id)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
