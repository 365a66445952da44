//! The server's own copies of repositories.

use std::{path::PathBuf, time::Duration};

use git2::{ObjectType, Oid, Reference, Repository as Bare};
use slipway_pipelines::repository::RepositoryName;
use tokio::sync::oneshot;

use super::{
    fetch::{self, FetchError, Job},
    locks::MIRRORS,
    url::{BadUrl, CloneUrl},
};
use crate::{
    app::App,
    git::repository::{open, open_or_init},
    store::model::{Forge, Repository},
};

/// Longest fetch, all its bytes included.
const DEADLINE: Duration = Duration::from_secs(600);
/// Pauses before the second and third try of what may go away by itself.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3)];

/// Why a commit is not here. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The repository has no address.
    #[error("the repository has no clone URL")]
    NoCloneUrl,
    /// Its address is not taken.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// The name of the ref is not valid.
    #[error("`{0}` is not a ref name")]
    BadRef(String),
    /// Not a commit's id.
    #[error("`{0}` is not a commit id")]
    BadSha(String),
    /// The ref is there without the commit: somebody pushed over it.
    #[error("the source moved: `{reference}` no longer has commit {sha}")]
    Moved {
        /// The ref.
        reference: String,
        /// The commit.
        sha: String,
    },
    /// Neither branch nor tag nor commit.
    #[error("`{repository}` has no branch, tag or commit `{revision}`")]
    NoRevision {
        /// Of which repository.
        repository: RepositoryName,
        /// What was asked for.
        revision: String,
    },
    /// The ref is gone.
    #[error("`{0}` does not exist there any more")]
    NoRef(String),
    /// The forge could not be fetched from.
    #[error("{url}: {cause}")]
    Fetch {
        /// From where.
        url: CloneUrl,
        /// Why.
        cause: FetchError,
    },
    /// The server's own copy failed.
    #[error("the server's copy: {}", .0.message())]
    Own(git2::Error),
    /// The server stops.
    #[error("the server is stopping")]
    Stopped,
}

impl SourceError {
    /// Whether the fault lies with the server, so that trying again later makes sense without anybody doing anything.
    pub fn is_the_servers(&self) -> bool {
        matches!(self, Self::Own(_) | Self::Stopped)
    }
}

/// Makes sure that a commit is here and returns the bare repository's path. A forge is asked for the ref only.
pub async fn ensure_commit(
    app: &App,
    repository: &Repository,
    reference: &str,
    sha: &str,
) -> Result<PathBuf, SourceError> {
    let id = Oid::from_str(sha).ok().filter(|_| sha.len() == 40).ok_or_else(|| SourceError::BadSha(sha.to_owned()))?;
    let path = app.config.bare_repository(&repository.name);
    let moved = || SourceError::Moved { reference: reference.to_owned(), sha: sha.to_owned() };
    if repository.forge == Forge::Slipway {
        let found = look(path.clone(), move |bare| Ok(bare.odb()?.exists(id))).await?;
        return if found == Some(true) { Ok(path) } else { Err(moved()) };
    }
    check_ref(reference)?;
    let _turn = MIRRORS.lock(repository.id).await;
    let name = reference.to_owned();
    if look(path.clone(), move |bare| Ok(bare.refname_to_id(&name).is_ok_and(|tip| tip == id))).await? == Some(true) {
        return Ok(path);
    }
    fetch(app, repository, vec![format!("+{reference}:{reference}")]).await?;
    if look(path.clone(), move |bare| Ok(bare.odb()?.exists(id))).await? == Some(true) {
        Ok(path)
    } else {
        Err(moved())
    }
}

/// Brings a ref up to date and returns what it points at; `None` where there is no such ref.
pub async fn ensure_ref(app: &App, repository: &Repository, reference: &str) -> Result<Option<Oid>, SourceError> {
    check_ref(reference)?;
    if repository.forge != Forge::Slipway {
        let _turn = MIRRORS.lock(repository.id).await;
        match fetch(app, repository, vec![format!("+{reference}:{reference}")]).await {
            Err(SourceError::NoRef(_)) => return Ok(None),
            done => done?,
        }
    }
    let name = reference.to_owned();
    let path = app.config.bare_repository(&repository.name);
    Ok(look(path, move |bare| Ok(bare.refname_to_id(&name).ok())).await?.flatten())
}

/// Brings all branches up to date and returns the bare repository's path.
pub async fn ensure_all(app: &App, repository: &Repository) -> Result<PathBuf, SourceError> {
    if repository.forge != Forge::Slipway {
        let _turn = MIRRORS.lock(repository.id).await;
        fetch(app, repository, vec!["+refs/heads/*:refs/heads/*".to_owned()]).await?;
    }
    Ok(app.config.bare_repository(&repository.name))
}

/// Brings a branch, tag or commit up to date, by its short or full name, and returns the bare repository's path and the
/// commit. A branch comes before a tag of the same name.
pub async fn ensure_revision(
    app: &App,
    repository: &Repository,
    revision: &str,
) -> Result<(PathBuf, Oid), SourceError> {
    let unknown = || SourceError::NoRevision { repository: repository.name.clone(), revision: revision.to_owned() };
    let path = app.config.bare_repository(&repository.name);
    let commit = |id: Oid| look(path.clone(), move |bare| Ok(peel(bare, id)));
    if let Some(id) = Oid::from_str(revision).ok().filter(|_| revision.len() == 40) {
        if commit(id).await?.flatten() != Some(id) {
            ensure_all(app, repository).await?;
        }
        return match commit(id).await?.flatten() {
            Some(found) if found == id => Ok((path, id)),
            _ => Err(unknown()),
        };
    }
    let names = match revision.starts_with("refs/") {
        true => vec![revision.to_owned()],
        false => vec![format!("refs/heads/{revision}"), format!("refs/tags/{revision}")],
    };
    for name in names {
        if let Some(id) = ensure_ref(app, repository, &name).await? {
            return commit(id).await?.flatten().map(|id| (path, id)).ok_or_else(unknown);
        }
    }
    Err(unknown())
}

/// The commit that an object is or, for a tag, leads to.
fn peel(bare: &Bare, id: Oid) -> Option<Oid> {
    let object = bare.find_object(id, None).ok()?;
    object.peel(ObjectType::Commit).ok().map(|commit| commit.id())
}

fn check_ref(reference: &str) -> Result<(), SourceError> {
    if reference.starts_with("refs/") && Reference::is_valid_name(reference) {
        Ok(())
    } else {
        Err(SourceError::BadRef(reference.to_owned()))
    }
}

/// Asks the bare repository something, off the async threads. `None` where there is none.
async fn look<T: Send + 'static>(
    path: PathBuf,
    ask: impl FnOnce(&Bare) -> Result<T, git2::Error> + Send + 'static,
) -> Result<Option<T>, SourceError> {
    let asked = tokio::task::spawn_blocking(move || match open(&path)? {
        Some(bare) => ask(&bare).map(Some),
        None => Ok(None),
    });
    asked.await.map_err(|_| SourceError::Stopped)?.map_err(SourceError::Own)
}

async fn fetch(app: &App, repository: &Repository, refspecs: Vec<String>) -> Result<(), SourceError> {
    let text = repository.clone_url.as_deref().ok_or(SourceError::NoCloneUrl)?;
    let (url, embedded) = CloneUrl::parse(text)?;
    let path = app.config.bare_repository(&repository.name);
    let branch = repository.default_branch.clone();
    let made = path.clone();
    tokio::task::spawn_blocking(move || open_or_init(&made, &branch).map(|_| ()))
        .await
        .map_err(|_| SourceError::Stopped)?
        .map_err(SourceError::Own)?;
    let job = Job {
        path,
        url: url.clone(),
        credential: repository.credential.clone().or(embedded),
        refspecs,
        known_hosts: app.config.data.join("known_hosts"),
        deadline: DEADLINE,
    };
    let mut pauses = PAUSES.iter();
    loop {
        let cause = match on_a_thread(job.clone()).await {
            Ok(()) => return Ok(()),
            Err(FetchError::NoRef(reference)) => return Err(SourceError::NoRef(reference)),
            Err(cause) => cause,
        };
        let Some(pause) = pauses.next().filter(|_| cause.may_pass()) else {
            return Err(SourceError::Fetch { url, cause });
        };
        tracing::warn!(repository = %repository.name, %url, %cause, "fetch failed, trying again");
        tokio::select! {
            () = tokio::time::sleep(*pause) => {}
            () = app.stopping.cancelled() => return Err(SourceError::Stopped),
        }
    }
}

/// A peer that says nothing blocks libgit2 for ever. A thread of its own can be left behind then, also when the
/// process wants to end.
async fn on_a_thread(job: Job) -> Result<(), FetchError> {
    let (sender, receiver) = oneshot::channel();
    let deadline = job.deadline;
    let started = std::thread::Builder::new().name("fetch".to_owned()).spawn(move || {
        // Nobody waits any more after the deadline.
        let _ = sender.send(fetch::run(&job));
    });
    if let Err(error) = started {
        return Err(FetchError::Thread(error));
    }
    match tokio::time::timeout(deadline + Duration::from_secs(1), receiver).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) | Err(_) => Err(FetchError::Deadline),
    }
}
