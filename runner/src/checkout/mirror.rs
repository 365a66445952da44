//! A bare copy of a repository, fetched from the server.

use std::{
    cell::{Cell, RefCell},
    fs,
    path::Path,
    time::{Duration, Instant},
};

use git2::{AutotagOption, Cred, ErrorCode, FetchOptions, Oid, RemoteCallbacks, RemoteRedirect, Repository};

use super::progress::{Lines, amount};

/// Longest fetch.
const DEADLINE: Duration = Duration::from_secs(30 * 60);
/// User name of a runner at the server's git endpoint.
const USER: &str = "runner";

/// Where a repository is fetched from.
#[derive(Clone)]
pub(super) struct Remote {
    pub(super) url: String,
    pub(super) token: String,
}

/// A fetch that gave no commit.
#[derive(Debug, thiserror::Error)]
pub(super) enum MirrorError {
    #[error("the server refuses the runner's token")]
    Refused,
    #[error("the server sent nothing new for {} s", DEADLINE.as_secs())]
    Deadline,
    #[error("commit {sha} is not on {reference} any more: it was replaced or deleted before the job ran")]
    Gone { sha: Oid, reference: String },
    #[error("{0}")]
    Git(#[from] git2::Error),
    #[error("can't write the mirror: {0}")]
    Disk(#[from] std::io::Error),
}

/// The mirror in a folder, with the commit in it.
pub(super) fn with_commit(
    folder: &Path,
    remote: &Remote,
    reference: &str,
    sha: Oid,
    lines: &mut Lines<'_>,
) -> Result<Repository, MirrorError> {
    let repository = open(folder)?;
    if repository.find_commit(sha).is_ok() {
        return Ok(repository);
    }
    lines.say("Fetching from the server");
    fetch(&repository, remote, &format!("+{reference}:{reference}"), lines).or_else(|error| match error {
        // The ref may be gone while the commit is still served by its name.
        MirrorError::Git(error) if error.code() == ErrorCode::NotFound => Ok(()),
        other => Err(other),
    })?;
    if repository.find_commit(sha).is_err() {
        // A server that serves commits by name has it still.
        let by_name = fetch(&repository, remote, &format!("+{sha}:refs/slipway/{sha}"), lines);
        if by_name.is_err() || repository.find_commit(sha).is_err() {
            return Err(MirrorError::Gone { sha, reference: reference.to_owned() });
        }
    }
    Ok(repository)
}

/// Opens the mirror, or makes an empty one.
fn open(folder: &Path) -> Result<Repository, MirrorError> {
    match Repository::open_bare(folder) {
        Ok(repository) => return Ok(repository),
        Err(error) if error.code() == ErrorCode::NotFound && !folder.exists() => {}
        // Left half-made by a crash: nothing in it is worth anything, the server has it all.
        Err(_) => fs::remove_dir_all(folder)?,
    }
    fs::create_dir_all(folder)?;
    let repository = Repository::init_bare(folder)?;
    // A mirror outlives a loss of power; what it got must be on the disk before a ref names it.
    repository.config()?.set_bool("core.fsyncObjectFiles", true)?;
    Ok(repository)
}

fn fetch(repository: &Repository, remote: &Remote, refspec: &str, lines: &mut Lines<'_>) -> Result<(), MirrorError> {
    let started = Instant::now();
    let asked = Cell::new(false);
    let refused = Cell::new(false);
    let lines = RefCell::new(lines);
    let mut callbacks = RemoteCallbacks::new();
    callbacks.credentials(|_, _, _| {
        // Asked again means that they were not taken.
        if asked.replace(true) {
            refused.set(true);
            return Err(git2::Error::from_str("the token was refused"));
        }
        Cred::userpass_plaintext(USER, &remote.token)
    });
    callbacks.transfer_progress(|progress| {
        let (objects, of) = (progress.received_objects(), progress.total_objects());
        lines.borrow_mut().received(objects, of, progress.received_bytes());
        started.elapsed() < DEADLINE
    });
    let mut options = FetchOptions::new();
    options
        .remote_callbacks(callbacks)
        .download_tags(AutotagOption::None)
        .update_fetchhead(false)
        // The token goes to our server only.
        .follow_redirects(RemoteRedirect::None);
    let mut from = repository.remote_anonymous(&remote.url)?;
    let outcome = from.fetch(&[refspec], Some(&mut options), None);
    drop(options);
    match outcome {
        Ok(()) => {
            let stats = from.stats();
            let (objects, bytes) = (stats.received_objects(), stats.received_bytes());
            lines.borrow_mut().say(&format!("Fetched {}", amount(objects, stats.total_objects(), bytes)));
            Ok(())
        }
        Err(_) if refused.get() => Err(MirrorError::Refused),
        Err(_) if started.elapsed() >= DEADLINE => Err(MirrorError::Deadline),
        Err(error) => Err(error.into()),
    }
}
