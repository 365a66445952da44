//! What `include:` takes from elsewhere: files of the same commit, and of other repositories of this server.

use std::path::{Path, PathBuf};

use git2::{Oid, Repository as Bare};
use slipway_pipelines::{
    context::SourceFile,
    include::{self, Included, Reference},
    repository::RepositoryName,
};

use super::{IntakeError, files};
use crate::{
    app::App,
    source::{self, SourceError},
    store::model::Repository,
};

/// Most files that are fetched for one build; the language stops asking before.
const MOST: usize = 64;

/// The commit that a build is of, in its bare repository.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub(super) bare: PathBuf,
    pub(super) id: Oid,
}

/// Fetches what the files include, and what that includes, until nothing is missing. What cannot be had is a reason in
/// words, which the compiler says at the line.
pub(super) async fn gather(
    app: &App,
    repository: &Repository,
    commit: &Commit,
    files: &[SourceFile],
) -> Result<Included, IntakeError> {
    let mut included = Included::new();
    loop {
        let missing: Vec<Reference> =
            include::missing(files, &included).into_iter().filter(|one| !included.contains_key(one)).collect();
        if missing.is_empty() || included.len() >= MOST {
            return Ok(included);
        }
        for reference in missing {
            let found = match &reference.repository {
                None => read(commit.bare.clone(), commit.id, &reference.path).await?,
                Some(other) => foreign(app, repository, other, &reference).await?,
            };
            included.insert(reference, found);
        }
    }
}

/// A file of another repository, if this one may have it.
async fn foreign(
    app: &App,
    repository: &Repository,
    other: &RepositoryName,
    reference: &Reference,
) -> Result<Result<Vec<u8>, String>, IntakeError> {
    let found = app.store.repository(other).await?.filter(|other| may_include(repository, other));
    // One answer for both: whether a private repository exists is nobody's business.
    let Some(other) = found else {
        let owner = repository.name.owner();
        return Ok(Err(format!(
            "there is no repository `{other}` on this server that `{}` may read: it must belong to `{owner}`, or not be private",
            repository.name
        )));
    };
    let revision = reference.revision.as_deref().unwrap_or(&other.default_branch);
    match source::ensure_revision(app, &other, revision).await {
        Ok((bare, id)) => read(bare, id, &reference.path).await,
        Err(SourceError::Stopped) => Err(IntakeError::Stopped),
        Err(error) => Ok(Err(error.to_string())),
    }
}

fn may_include(repository: &Repository, other: &Repository) -> bool {
    !other.private || other.name.owner().eq_ignore_ascii_case(repository.name.owner())
}

async fn read(bare: PathBuf, commit: Oid, path: &str) -> Result<Result<Vec<u8>, String>, IntakeError> {
    let path = path.to_owned();
    let read = move || open(&bare).and_then(|bare| files::one(&bare, commit, &path));
    tokio::task::spawn_blocking(read).await.map_err(|_| IntakeError::Stopped)
}

fn open(path: &Path) -> Result<Bare, String> {
    Bare::open_bare(path).map_err(|error| format!("the repository could not be read: {}", error.message()))
}
