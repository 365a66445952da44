//! One fetch with libgit2. Blocks.

use std::{
    cell::RefCell,
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use git2::{
    AutotagOption, Cred, CredentialType, ErrorClass, ErrorCode, FetchOptions, RemoteCallbacks, RemoteRedirect,
    Repository,
};
use secrecy::ExposeSecret as _;

use super::{
    host_key::{self, HostKeyError},
    url::{CloneUrl, Kind},
};
use crate::store::model::Credential;

/// What to fetch.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) path: PathBuf,
    pub(super) url: CloneUrl,
    pub(super) credential: Option<Credential>,
    pub(super) refspecs: Vec<String>,
    pub(super) known_hosts: PathBuf,
    pub(super) deadline: Duration,
}

/// Why a fetch failed. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The ref is not there.
    #[error("there is no `{0}`")]
    NoRef(String),
    /// The credential was refused, or one is needed.
    #[error("access was refused; check the repository's {0}")]
    Refused(&'static str),
    /// The ssh host is not the one it was.
    #[error(transparent)]
    HostKey(#[from] HostKeyError),
    /// It took too long.
    #[error("it took too long")]
    Deadline,
    /// The peer is not there, or not a git server, or the network failed.
    #[error("{message}")]
    Transport {
        /// In libgit2's words.
        message: String,
        /// Whether another try may help.
        may_pass: bool,
    },
    /// No thread could be started.
    #[error("no thread for the fetch: {0}")]
    Thread(io::Error),
}

impl FetchError {
    /// Whether another try may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Transport { may_pass, .. } => *may_pass,
            Self::Thread(_) => true,
            Self::NoRef(_) | Self::Refused(_) | Self::HostKey(_) | Self::Deadline => false,
        }
    }
}

/// Fetches, and checks that each ref which is named exactly came.
pub(super) fn run(job: &Job) -> Result<(), FetchError> {
    let end = Instant::now() + job.deadline;
    let in_time = move || Instant::now() < end;
    let host_key = RefCell::new(None);
    let asked = RefCell::new(0_u32);
    let repository = Repository::open_bare(&job.path).map_err(|error| transport(&error))?;
    make_room(&repository, &job.refspecs);
    let mut remote = repository.remote_anonymous(job.url.as_str()).map_err(|error| transport(&error))?;

    let mut callbacks = RemoteCallbacks::new();
    callbacks.transfer_progress(move |_| in_time());
    callbacks.sideband_progress(move |_| in_time());
    callbacks.credentials(|_, user, allowed| {
        *asked.borrow_mut() += 1;
        // A credential that was refused once is refused again.
        if *asked.borrow() > 3 || !in_time() {
            return Err(git2::Error::new(ErrorCode::Auth, ErrorClass::Http, "refused"));
        }
        credential(job.credential.as_ref(), user, allowed)
    });
    callbacks.certificate_check(|certificate, host| match certificate.as_hostkey() {
        None => Ok(git2::CertificateCheckStatus::CertificatePassthrough),
        Some(key) => {
            let pinned = match &job.credential {
                Some(Credential::SshKey { host_key, .. }) => host_key.as_deref(),
                Some(Credential::Token { .. }) | None => None,
            };
            match host_key::check(key.hostkey(), host, pinned, &job.known_hosts) {
                Ok(()) => Ok(git2::CertificateCheckStatus::CertificateOk),
                Err(error) => {
                    *host_key.borrow_mut() = Some(error);
                    Err(git2::Error::new(ErrorCode::Certificate, ErrorClass::Ssh, "host key"))
                }
            }
        }
    });
    let mut options = FetchOptions::new();
    options
        .remote_callbacks(callbacks)
        .download_tags(AutotagOption::None)
        .update_fetchhead(false)
        // A redirect could carry the credential to another host.
        .follow_redirects(RemoteRedirect::None);
    let fetched = remote.fetch(&job.refspecs, Some(&mut options), None);
    drop(options);
    if let Err(error) = fetched {
        if let Some(error) = host_key.take() {
            return Err(error.into());
        }
        if !in_time() {
            return Err(FetchError::Deadline);
        }
        return Err(match error.code() {
            ErrorCode::Auth => FetchError::Refused(what(job)),
            _ if *asked.borrow() > 0 && error.class() == ErrorClass::Ssh => FetchError::Refused(what(job)),
            _ => transport(&error),
        });
    }
    let heads = remote.list().map_err(|error| transport(&error))?;
    for name in job.refspecs.iter().filter_map(|spec| exact(spec)) {
        if !heads.iter().any(|head| head.name() == name) {
            return Err(FetchError::NoRef(name.to_owned()));
        }
    }
    Ok(())
}

fn what(job: &Job) -> &'static str {
    match (job.url.kind(), &job.credential) {
        (_, None) => "credential: it has none",
        (Kind::Ssh, _) => "ssh key",
        (Kind::Http | Kind::Local, _) => "token",
    }
}

/// The source of a refspec without a pattern.
fn exact(refspec: &str) -> Option<&str> {
    let (source, _) = refspec.trim_start_matches('+').split_once(':')?;
    (!source.contains('*')).then_some(source)
}

/// A branch that is gone at the forge may be in the way of a new one: `a` of `a/b`. Copies of refs can go.
fn make_room(repository: &Repository, refspecs: &[String]) {
    for name in refspecs.iter().filter_map(|spec| exact(spec)) {
        let above = name.match_indices('/').skip(2).map(|(end, _)| &name[..end]);
        for other in above {
            if let Ok(mut reference) = repository.find_reference(other) {
                let _ = reference.delete();
            }
        }
        if let Ok(below) = repository.references_glob(&format!("{name}/*")) {
            for mut reference in below.flatten() {
                let _ = reference.delete();
            }
        }
    }
}

fn credential(known: Option<&Credential>, user: Option<&str>, allowed: CredentialType) -> Result<Cred, git2::Error> {
    let user = user.unwrap_or("git");
    match known {
        Some(Credential::Token { username, token }) if allowed.contains(CredentialType::USER_PASS_PLAINTEXT) => {
            Cred::userpass_plaintext(username, token.expose_secret())
        }
        Some(Credential::SshKey { private_key, .. }) if allowed.contains(CredentialType::SSH_MEMORY) => {
            Cred::ssh_key_from_memory(user, None, private_key.expose_secret(), None)
        }
        Some(Credential::SshKey { private_key, .. }) if allowed.contains(CredentialType::SSH_KEY) => {
            Cred::ssh_key_from_memory(user, None, private_key.expose_secret(), None)
        }
        _ if allowed.contains(CredentialType::USERNAME) => Cred::username(user),
        _ => Err(git2::Error::new(ErrorCode::Auth, ErrorClass::Http, "no credential fits")),
    }
}

fn transport(error: &git2::Error) -> FetchError {
    let message: String = error.message().chars().filter(|c| !c.is_control()).take(500).collect();
    let permanent = matches!(error.code(), ErrorCode::Certificate | ErrorCode::NotFound | ErrorCode::InvalidSpec)
        || message.contains("status code: 4")
        || message.contains("redirect");
    FetchError::Transport { message, may_pass: !permanent }
}
