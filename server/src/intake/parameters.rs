//! What a manual build can be given, and what it was.

use std::collections::BTreeMap;

use git2::{Oid, Repository as Bare};
use slipway_pipelines::{
    context::SourceFile,
    diagnostic::Diagnostic,
    include::{self, Included},
    parameter::{self, Parameter},
    render,
};

use super::{
    IntakeError, Target, files,
    included::{self, Commit},
    manual::resolve,
};
use crate::{app::App, source, store::model::Repository};

/// The parameters of a branch's or commit's pipeline; none where it has no pipeline.
///
/// # Errors
/// As for [`super::manual`], and a pipeline that cannot be read.
pub async fn parameters(app: &App, repository: &Repository, target: Target) -> Result<Vec<Parameter>, IntakeError> {
    let (branch, sha) = resolve(app, repository, target).await?;
    let reference = format!("refs/heads/{branch}");
    let bare = source::ensure_commit(app, repository, &reference, &sha).await?;
    let commit = Commit { bare, id: Oid::from_str(&sha)? };
    let at = commit.clone();
    let read = move || files::read(&Bare::open_bare(&at.bare)?, at.id);
    let files = tokio::task::spawn_blocking(read).await.map_err(|_| IntakeError::Stopped)??;
    let included = included::gather(app, repository, &commit, &files).await?;
    let found = parameter::definitions(&files, &included);
    if found.diagnostics.iter().any(Diagnostic::is_error) {
        let shown = include::sources(&files, &included);
        return Err(IntakeError::Pipeline { branch, diagnostics: render::render(&found.diagnostics, &shown, false) });
    }
    Ok(found.parameters)
}

/// Refuses what a manual build is given and must not be. A pipeline with errors is left to the compiler, which says them all.
pub(super) fn check(
    files: &[SourceFile],
    included: &Included,
    given: &BTreeMap<String, String>,
) -> Result<(), IntakeError> {
    let found = parameter::definitions(files, included);
    if found.diagnostics.iter().any(Diagnostic::is_error) {
        return Ok(());
    }
    let problems = parameter::check(&found.parameters, given);
    if problems.is_empty() {
        return Ok(());
    }
    Err(IntakeError::Parameters { problems, parameters: found.parameters })
}
